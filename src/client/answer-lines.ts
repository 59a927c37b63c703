import { TriptychRequestError } from './request-error.ts';

/** A longer line is not one of this service: its largest answer is a page of results. */
const lineCharsMax = 64 << 20;

/**
 * The lines of a body as they come. Leaving the loop cancels the rest.
 * @param heard called for every part that comes
 */
export async function* answerLines(
  body: ReadableStream<Uint8Array> | null,
  heard: () => void,
): AsyncGenerator<string> {
  if (body === null) return;
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  let ended = false;
  try {
    while (!ended) {
      const { done, value } = await reader.read();
      heard();
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
