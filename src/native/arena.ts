import { limits } from '../limits.ts';
import { layout } from './arena-layout.ts';

type Numbers = Uint8Array | Int8Array | Uint16Array | Uint32Array | Int32Array | Float32Array | Float64Array;

/** More than an arena may hold: a batch of several requests can be split, one request cannot be served. */
export class ArenaFull extends RangeError {
  constructor(bytes: number) {
    super(`arena: ${bytes} bytes are more than ${limits.nativeArenaBytesMax}`);
    this.name = 'ArenaFull';
  }
}

/**
 * Memory of one slot, written from its start: a header, sections, answers. It grows by moving to larger memory and never
 * shrinks; offsets stay right. Views of it are to be taken anew after anything was placed.
 */
export class Arena {
  readonly #allocate: (bytes: number) => ArrayBuffer;
  #buffer: ArrayBuffer;
  #end: number = layout.headerBytes;
  u8: Uint8Array;
  u32: Uint32Array;
  f32: Float32Array;
  f64: Float64Array;

  /** @param allocate memory that begins at a multiple of 64 bytes */
  constructor(allocate: (bytes: number) => ArrayBuffer) {
    this.#allocate = allocate;
    this.#buffer = allocate(limits.nativeArenaBytesMin);
    this.u8 = new Uint8Array(this.#buffer);
    this.u32 = new Uint32Array(this.#buffer);
    this.f32 = new Float32Array(this.#buffer);
    this.f64 = new Float64Array(this.#buffer);
  }

  get buffer(): ArrayBuffer {
    return this.#buffer;
  }

  /** Empties it and begins a header. */
  begin(kind: number): void {
    this.u32.fill(0, 0, layout.headerBytes / 4);
    this.u32[layout.magicWord] = layout.magic;
    this.u32[layout.versionWord] = layout.version;
    this.u32[layout.kindWord] = kind;
    this.#end = layout.headerBytes;
  }

  /**
   * Room for so many bytes, with any content, at a multiple of 64.
   * @returns its offset
   * @throws ArenaFull
   */
  reserve(bytes: number): number {
    const at = Math.ceil(this.#end / 64) * 64;
    this.#ensure(at + bytes);
    this.#end = at + bytes;
    return at;
  }

  /** Copies numbers into the next section. @returns its offset @throws ArenaFull */
  put(numbers: Numbers): number {
    const at = this.reserve(numbers.byteLength);
    if (numbers.byteLength > 0)
      this.u8.set(new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength), at);
    return at;
  }

  /** Ends the input: room for answers behind it. @returns their offset @throws ArenaFull */
  answers(bytes: number): number {
    const at = this.reserve(bytes);
    this.u32[layout.answersAtWord] = at;
    return at;
  }

  #ensure(bytes: number): void {
    if (bytes <= this.#buffer.byteLength) return;
    if (bytes > limits.nativeArenaBytesMax) throw new ArenaFull(bytes);
    const larger = this.#allocate(Math.min(limits.nativeArenaBytesMax, 2 ** Math.ceil(Math.log2(bytes))));
    new Uint8Array(larger).set(this.u8.subarray(0, this.#end));
    this.#buffer = larger;
    this.u8 = new Uint8Array(larger);
    this.u32 = new Uint32Array(larger);
    this.f32 = new Float32Array(larger);
    this.f64 = new Float64Array(larger);
  }
}
