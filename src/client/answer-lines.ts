import { TriptychRequestError } from './request-error.ts';
import type { Watch } from './watch.ts';

/** A longer line is not one of this service: its largest answer is a page of results. */
const lineCharsMax = 64 << 20;

/**
 * The lines of a body as they come. Leaving the loop cancels the rest.
 * @param watch its time runs only while a part is waited for: whoever takes long over a line is not the service
 */
export async function* answerLines(
  body: ReadableStream<Uint8Array> | null,
  watch: Pick<Watch, 'heard' | 'rest'>,
): AsyncGenerator<string> {
  if (body === null) return;
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  let ended = false;
  try {
    while (!ended) {
      watch.heard();
      const { done, value } = await reader.read();
      watch.rest();
      ended = done;
      const lines = (rest + decoder.decode(value, { stream: !done })).split('\n');
      rest = done ? '' : lines.pop()!;
      if (rest.length > lineCharsMax)
        throw new TriptychRequestError(
          'unexpected_answer',
          `a line has more than ${lineCharsMax} characters`,
        );
      for (const line of lines) if (line !== '') yield line;
    }
  } finally {
    if (!ended) await reader.cancel().catch(() => {});
  }
}
