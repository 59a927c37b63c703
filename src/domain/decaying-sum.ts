import { dayMs } from '../std/day.ts';
import { decay } from './decay.ts';
import { type DecayingSum, tasteHalfLifeDays } from './user-state.ts';

/** Milliseconds in which an amount falls to its half. */
export const halfLifeMs = tasteHalfLifeDays * dayMs;

/**
 * After so many halvings (74 years) nothing is left, and what is smaller than the tiniest amount goes with its first
 * decay: SQL engines refuse to multiply below the range of f64, so nothing may come near its end.
 */
export const halvingsMax = 300;
export const tiniestAmount = 1e-200;

/** An amount of the time `fromMs` as it counts at `toMs` >= fromMs: amount * 2^((fromMs - toMs) / half-life). */
export function decayedTo(toMs: number, amount: number, fromMs: number): number {
  const ageMs = toMs - fromMs;
  if (ageMs <= 0) return amount;
  if (ageMs > halvingsMax * halfLifeMs || Math.abs(amount) < tiniestAmount) return 0;
  return amount * decay(ageMs, halfLifeMs);
}

/** The sum of two decaying sums, as it stands at the newer of both times; null is nothing. */
export function addDecaying(a: DecayingSum | null, b: DecayingSum | null): DecayingSum | null {
  if (a === null || b === null) return a ?? b;
  const refMs = Math.max(a.refMs, b.refMs);
  return { sum: decayedTo(refMs, a.sum, a.refMs) + decayedTo(refMs, b.sum, b.refMs), refMs };
}
