/**
 * Where the large columns of a resident table come from: zeroed memory of so many bytes. A native allocator gives memory
 * that begins at a multiple of 64 bytes, so that a row of vectors does (domain/vector-rows.ts).
 */
export type RowMemory = (bytes: number) => ArrayBuffer;

export const plainMemory: RowMemory = (bytes) => new ArrayBuffer(bytes);
