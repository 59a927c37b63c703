import { listDigest, type RankedList } from '../../domain/ranked-list.ts';
import { signalCount } from '../../domain/signal.ts';
import type { Clock } from '../../ports/clock.ts';
import { type ListText, listTextSchema } from './ranked-list-schema.ts';
import type { ValueCodec } from './sealed-value.ts';
import { joinSections, SectionReader } from './sections.ts';

const sourceBits = 0b1111;

/** A list's age is kept by the wall clock: the monotonic one of another process says nothing here. */
export function rankedListCodec(clock: Clock): ValueCodec<RankedList> {
  return {
    encode(list) {
      const { scores, signals, contributions, sources, fusedRanks, diverseRanks, madeAtMs, ...rest } = list;
      const text: ListText = { ...rest, madeEpochMs: clock.epochMs() - (clock.nowMs() - madeAtMs) };
      return joinSections([
        JSON.stringify(text),
        scores,
        signals,
        contributions,
        sources,
        fusedRanks,
        diverseRanks,
      ]);
    },
    decode(payload) {
      const reader = new SectionReader(payload);
      const { madeEpochMs, ...text } = listTextSchema.parse(reader.json());
      const ranks = text.ids.length;
      const list: RankedList = {
        ...text,
        scores: reader.float32s(ranks),
        signals: reader.float64s(ranks * signalCount),
        contributions: reader.float64s(ranks * signalCount),
        sources: reader.uint8s(ranks),
        fusedRanks: reader.uint32s(ranks),
        diverseRanks: reader.uint32s(ranks),
        // One that is said to be made later than now is as young as can be.
        madeAtMs: clock.nowMs() - Math.max(0, clock.epochMs() - madeEpochMs),
      };
      reader.end();
      check(list);
      return list;
    },
  };
}

/** @throws RangeError for a list that no search makes */
function check(list: RankedList): void {
  const { ids, paths, pinnedBy, scores, signals, contributions, sources } = list;
  if (paths.length !== ids.length || pinnedBy.length !== ids.length) throw new RangeError('lengths differ');
  if (new Set(ids).size !== ids.length) throw new RangeError('a document has two ranks');
  if (!scores.every(Number.isFinite) || !contributions.every(Number.isFinite))
    throw new RangeError('a score is not a number');
  // NaN stands for a signal that is not known.
  if (signals.some((value) => Math.abs(value) === Number.POSITIVE_INFINITY))
    throw new RangeError('a signal is not finite');
  if (sources.some((bits) => bits > sourceBits)) throw new RangeError('an unknown source');
  if (listDigest(ids, scores) !== list.digest) throw new RangeError('the digest is of another list');
}
