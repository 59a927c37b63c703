/**
 * The signals, in the fixed order in which contributions are taken. Each is a function of (query, user state,
 * document, epoch, frozen now) alone, so a document's score does not depend on which leg brought it.
 */
export const signalNames = [
  'similarity',
  'taste',
  'lexical',
  'graph',
  'fused',
  'preference',
  'popularity',
  'recency',
  'rules',
] as const;

export type SignalName = (typeof signalNames)[number];

export const signalCount = signalNames.length;

/** Index of each signal in arrays that hold one number per signal. */
export const signalIndex = Object.fromEntries(signalNames.map((name, index) => [name, index])) as Record<
  SignalName,
  number
>;

export type Leg = 'vector' | 'lexical' | 'graph' | 'policy';

/** Legs that recall candidates, in the order of the wire. */
export const recallLegs = ['vector', 'lexical', 'graph'] as const satisfies readonly Leg[];
export type RecallLeg = (typeof recallLegs)[number];
