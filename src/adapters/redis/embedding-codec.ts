import { limits } from '../../limits.ts';
import type { ValueCodec } from './sealed-value.ts';
import { joinSections, SectionReader } from './sections.ts';

export const embeddingCodec: ValueCodec<Float32Array> = {
  encode: (vector) => joinSections([vector]),
  decode(payload) {
    const reader = new SectionReader(payload);
    const dimension = reader.nextLength / 4;
    if (!(Number.isInteger(dimension) && dimension >= 1 && dimension <= limits.dimensionMax))
      throw new RangeError('not a dimension');
    const vector = reader.float32s(dimension);
    reader.end();
    if (!vector.every(Number.isFinite)) throw new RangeError('a component is not a number');
    return vector;
  },
};
