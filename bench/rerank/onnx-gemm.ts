/** Just enough of the ONNX protobuf format (onnx/onnx.proto) to write one model without a dependency. */

type Part = Uint8Array | readonly Part[];

const utf8 = new TextEncoder();
const elementFloat = 1;
const attributeInt = 2;

/**
 * `y[1, rows] = query[1, dimension] x block[rows, dimension]^T`: one Gemm with transB, which reads rows as they lie.
 * MatMul with a vector on the right would be an order of magnitude slower, an unfair peer.
 * @returns the bytes of a ModelProto, opset 13
 */
export function gemmModel(rows: number, dimension: number): Uint8Array {
  const node = message(
    text(1, 'query'),
    text(1, 'block'),
    text(2, 'y'),
    text(4, 'Gemm'),
    field(5, message(text(1, 'transB'), integer(3, 1), integer(20, attributeInt))),
  );
  const graph = message(
    field(1, node),
    text(2, 'gemm'),
    field(11, tensorInfo('query', [1, dimension])),
    field(11, tensorInfo('block', [rows, dimension])),
    field(12, tensorInfo('y', [1, rows])),
  );
  const opset = message(text(1, ''), integer(2, 13));
  return message(integer(1, 8), field(7, graph), field(8, opset));
}

function tensorInfo(name: string, shape: readonly number[]): Uint8Array {
  const dimensions = message(...shape.map((size) => field(1, message(integer(1, size)))));
  const tensor = message(integer(1, elementFloat), field(2, dimensions));
  return message(text(1, name), field(2, message(field(1, tensor))));
}

function message(...parts: readonly Part[]): Uint8Array {
  const flat = (part: Part): readonly Uint8Array[] =>
    part instanceof Uint8Array ? [part] : part.flatMap(flat);
  return new Uint8Array(Buffer.concat(parts.flatMap(flat)));
}

/** A length-delimited member. */
function field(number: number, bytes: Uint8Array): Part {
  return [varint(number * 8 + 2), varint(bytes.length), bytes];
}

function text(number: number, value: string): Part {
  return field(number, utf8.encode(value));
}

function integer(number: number, value: number): Part {
  return [varint(number * 8), varint(value)];
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  bytes.push(rest);
  return Uint8Array.from(bytes);
}
