import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Line, readLines } from '../../src/std/lines.ts';

async function linesOf(chunks: readonly Uint8Array[], lineBytesMax = 1_000, startByte = 0, startLine = 0) {
  const lines: Line[] = [];
  const stream = (async function* () {
    yield* chunks;
  })();
  for await (const line of readLines(stream, { lineBytesMax, startByte, startLine })) lines.push(line);
  return lines;
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('readLines', () => {
  it('splits at line feeds, whatever the chunks are', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: 'binary', maxLength: 12 }).map((text) => text.replaceAll('\n', ''))),
        fc.boolean(),
        fc.infiniteStream(fc.integer({ min: 1, max: 9 })),
        async (texts, endsWithBreak, sizes) => {
          const whole = bytes(texts.join('\n') + (endsWithBreak && texts.length > 0 ? '\n' : ''));
          const chunks: Uint8Array[] = [];
          for (let at = 0; at < whole.length; ) {
            const size = sizes.next().value;
            chunks.push(whole.subarray(at, at + size));
            at += size;
          }
          const lines = await linesOf(chunks);
          const decoder = new TextDecoder();
          const expected = Buffer.from(whole).toString('latin1').split('\n');
          if (expected.at(-1) === '') expected.pop();
          expect(lines.map(({ text }) => text)).toEqual(
            expected.map((line) => decoder.decode(Buffer.from(line, 'latin1'))),
          );
          expect(lines.map(({ number }) => number)).toEqual(lines.map((_, index) => index + 1));
          expect(lines.at(-1)?.endByte ?? 0).toBe(whole.length);
        },
      ),
    );
  });

  it('says where a line ends, so that reading can start there again', async () => {
    const whole = bytes('eins\nzwei\r\n\ndrei');
    const lines = await linesOf([whole]);
    expect(lines.map(({ endByte }) => endByte)).toEqual([5, 11, 12, 16]);
    const { endByte, number } = lines[1]!;
    const rest = await linesOf([whole.subarray(endByte)], 1_000, endByte, number);
    expect(rest).toEqual(lines.slice(2));
  });

  it('reports lines that are too long or not UTF-8, and goes on', async () => {
    const whole = Buffer.concat([
      bytes('12345678\n'),
      bytes('123456789\n'),
      Buffer.from([0xff, 10]),
      bytes('ok'),
    ]);
    const lines = await linesOf([whole.subarray(0, 12), whole.subarray(12)], 8);
    expect(lines.map(({ text }) => text)).toEqual(['12345678', null, null, 'ok']);
    expect(lines[1]?.problem).toBe('the line has 9 bytes, more than 8');
    expect(lines[2]?.problem).toContain('UTF-8');
    expect(lines[3]?.endByte).toBe(whole.length);
  });
});
