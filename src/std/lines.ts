export interface Line {
  /** From 1. */
  readonly number: number;
  /** Without the line break; null when the line is too long or not UTF-8, see `problem`. */
  readonly text: string | null;
  readonly problem: string | null;
  /** Offset of the first byte after this line, from the beginning of the file. */
  readonly endByte: number;
}

export interface LineOptions {
  /** A longer line is reported, not kept. */
  readonly lineBytesMax: number;
  /** Where the stream begins: after this many bytes and lines of the file. */
  readonly startByte: number;
  readonly startLine: number;
}

const lineFeed = 10;

/** Splits a stream of bytes at line feeds, holding at most one line. A last line without line feed counts. */
export async function* readLines(
  stream: AsyncIterable<Uint8Array | string>,
  options: LineOptions,
): AsyncGenerator<Line> {
  const splitter = new LineSplitter(options);
  for await (const chunk of stream) yield* splitter.push(Buffer.from(chunk as Uint8Array));
  yield* splitter.end();
}

class LineSplitter {
  readonly #options: LineOptions;
  readonly #decoder = new TextDecoder('utf-8', { fatal: true });
  #parts: Buffer[] = [];
  #bytes = 0;
  #endByte: number;
  #number: number;

  constructor(options: LineOptions) {
    this.#options = options;
    this.#endByte = options.startByte;
    this.#number = options.startLine;
  }

  *push(chunk: Buffer): Generator<Line> {
    let from = 0;
    for (;;) {
      const at = chunk.indexOf(lineFeed, from);
      if (at < 0) break;
      this.#keep(chunk.subarray(from, at));
      yield this.#line(1);
      from = at + 1;
    }
    this.#keep(chunk.subarray(from));
  }

  *end(): Generator<Line> {
    if (this.#bytes > 0) yield this.#line(0);
  }

  /** Bytes beyond the bound are counted and dropped. */
  #keep(part: Buffer): void {
    this.#bytes += part.length;
    if (this.#bytes <= this.#options.lineBytesMax) this.#parts.push(part);
    else this.#parts = [];
  }

  #line(breakBytes: number): Line {
    const bytes = this.#bytes;
    const content = Buffer.concat(this.#parts);
    this.#endByte += bytes + breakBytes;
    this.#number += 1;
    this.#parts = [];
    this.#bytes = 0;
    const position = { number: this.#number, endByte: this.#endByte };
    if (bytes > this.#options.lineBytesMax)
      return {
        ...position,
        text: null,
        problem: `the line has ${bytes} bytes, more than ${this.#options.lineBytesMax}`,
      };
    try {
      return { ...position, text: this.#decoder.decode(content), problem: null };
    } catch {
      return { ...position, text: null, problem: 'the line is not valid UTF-8' };
    }
  }
}
