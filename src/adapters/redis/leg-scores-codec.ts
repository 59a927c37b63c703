import { z } from 'zod';
import type { LegScores } from '../../domain/leg-scores.ts';
import { limits } from '../../limits.ts';
import type { ValueCodec } from './sealed-value.ts';
import { joinSections, SectionReader } from './sections.ts';

const headSchema = z.strictObject({
  ids: z.array(z.string().min(1).max(limits.idCharsMax)).max(limits.legScoresMax),
  hitCount: z.int().min(0),
  isWhole: z.boolean(),
});

export const legScoresCodec: ValueCodec<LegScores> = {
  encode: ({ ids, scores, hitCount, isWhole }) =>
    joinSections([JSON.stringify({ ids, hitCount, isWhole }), scores]),
  decode(payload) {
    const reader = new SectionReader(payload);
    const { ids, hitCount, isWhole } = headSchema.parse(reader.json());
    const scores = reader.float64s(ids.length);
    reader.end();
    if (hitCount > ids.length) throw new RangeError('more hits than ids');
    if (!scores.every(Number.isFinite)) throw new RangeError('a score is not a number');
    return { ids, scores, hitCount, isWhole };
  },
};
