/**
 * Bytes as a row of sections, each after its length (u32, little-endian). Arrays of numbers lie in the machine's order,
 * which is little-endian wherever this runs.
 */
export function joinSections(sections: readonly (string | NodeJS.TypedArray)[]): Buffer {
  const parts = sections.flatMap((section) => {
    const bytes =
      typeof section === 'string'
        ? Buffer.from(section)
        : Buffer.from(section.buffer, section.byteOffset, section.byteLength);
    const length = Buffer.allocUnsafe(4);
    length.writeUInt32LE(bytes.length);
    return [length, bytes];
  });
  return Buffer.concat(parts);
}

/** Reads what `joinSections` made; everything else is a RangeError, before anything is allocated for it. */
export class SectionReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  text(): string {
    return this.#take().toString();
  }

  /** @throws SyntaxError */
  json(): unknown {
    return JSON.parse(this.text());
  }

  /** A copy, because a view would have to begin at a multiple of the number's size. */
  float32s(count: number): Float32Array {
    return copied(new Float32Array(this.#counted(4, count)), this.#last);
  }

  float64s(count: number): Float64Array {
    return copied(new Float64Array(this.#counted(8, count)), this.#last);
  }

  uint8s(count: number): Uint8Array {
    return copied(new Uint8Array(this.#counted(1, count)), this.#last);
  }

  uint32s(count: number): Uint32Array {
    return copied(new Uint32Array(this.#counted(4, count)), this.#last);
  }

  /** Bytes of the next section, without moving on. */
  get nextLength(): number {
    if (this.#at + 4 > this.#bytes.length) throw new RangeError('a section is missing');
    return this.#bytes.readUInt32LE(this.#at);
  }

  /** @throws RangeError if something is left */
  end(): void {
    if (this.#at !== this.#bytes.length) throw new RangeError('there is more than the last section');
  }

  #last: Buffer = Buffer.alloc(0);

  #counted(size: number, count: number): number {
    this.#last = this.#take();
    if (this.#last.length !== size * count) throw new RangeError('a section has another length');
    return count;
  }

  #take(): Buffer {
    const { nextLength } = this;
    const from = this.#at + 4;
    if (from + nextLength > this.#bytes.length) throw new RangeError('a section ends early');
    this.#at = from + nextLength;
    return this.#bytes.subarray(from, this.#at);
  }
}

function copied<A extends NodeJS.TypedArray>(array: A, bytes: Buffer): A {
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength).set(bytes);
  return array;
}
