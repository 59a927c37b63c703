import { TriptychError } from '../../errors.ts';
import { limits } from '../../limits.ts';
import type { Clock } from '../../ports/clock.ts';
import { CallerGone, type Exchange } from '../exchange.ts';
import { tooLarge } from '../read-body.ts';

/**
 * The body as it arrives, at most `bytesMax` of it. Nothing is read ahead of the consumer, which is what slows a fast
 * sender down. Time counts only while bytes are waited for, so a long upload is fine and a silent one is not.
 * @throws TriptychError body_too_large | request_timeout
 * @throws CallerGone
 */
export async function* boundedBody(
  exchange: Exchange,
  bytesMax: number,
  clock: Clock,
): AsyncGenerator<Uint8Array> {
  const chunks: AsyncIterator<Buffer> = exchange.req.iterator({ destroyOnReturn: false });
  for (;;) {
    const next = await nextWithin(chunks, clock);
    if (next.done === true) return;
    exchange.bodyBytes += next.value.length;
    if (exchange.bodyBytes > bytesMax) throw tooLarge(bytesMax);
    yield next.value;
  }
}

function nextWithin(chunks: AsyncIterator<Buffer>, clock: Clock): Promise<IteratorResult<Buffer>> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(limits.bulkIdleMsMax, () =>
      reject(new TriptychError('request_timeout', `nothing arrived for ${limits.bulkIdleMsMax} ms`)),
    );
    chunks.next().then(
      (next) => {
        cancel();
        resolve(next);
      },
      () => {
        cancel();
        reject(new CallerGone());
      },
    );
  });
}
