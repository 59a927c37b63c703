import { gram } from '../../domain/gram.ts';
import { rescore } from '../../domain/rescore.ts';
import type { ExactScorer } from '../../ports/exact-scorer.ts';

/** The definition itself: the exact routine of `domain`, on the calling thread. */
export const jsExactScorer: ExactScorer = { name: 'js', rescore, gram };
