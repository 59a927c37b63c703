import { limits } from '../limits.ts';
import { type SignalName, signalNames } from './signal.ts';

export type ProfileFormula = 'linear' | 'multiplicative' | 'rrf';

/** A named, versioned way to turn signals into an order. */
export interface Profile {
  readonly name: string;
  readonly version: number;
  readonly description: string;
  readonly formula: ProfileFormula;
  /**
   * >= 0 and sum 1; `fused` only in rrf, which has no similarity, lexical or graph weight. `rules` is always 1 and not
   * part of the sum: soft rules say by how much they move a score.
   */
  readonly weights: Readonly<Record<SignalName, number>>;
  /** rrf: how much each leg's rank counts, and the constant c of 1 / (c + rank). */
  readonly fusion: {
    readonly vector: number;
    readonly lexical: number;
    readonly graph: number;
    readonly c: number;
  };
  /** lexical = bm25 / (bm25 + lexicalMidpoint). */
  readonly lexicalMidpoint: number;
  readonly recencyHalfLifeDays: number;
  /** Weight of each facet in `preference` (linear) and in the product (multiplicative); default 1. */
  readonly facetWeights: Readonly<Record<string, number>>;
  /** Clamp of the product in multiplicative. */
  readonly productClamp: { readonly min: number; readonly max: number };
  /** L: candidates per leg. */
  readonly legDepth: number;
  /** R: positions that diversity orders and pages slice. */
  readonly rankDepth: number;
  /** true: without the policy store's answer a search fails, instead of being answered unpersonalised. */
  readonly policyRequired: boolean;
  /** 0..1: MMR's trade of relevance (0) for diversity (1) when the request says nothing. */
  readonly diversity: number;
}

const none: Record<SignalName, number> = {
  similarity: 0,
  taste: 0,
  lexical: 0,
  graph: 0,
  fused: 0,
  preference: 0,
  popularity: 0,
  recency: 0,
  rules: 1,
};

const common = {
  version: 1,
  fusion: { vector: 1, lexical: 1, graph: 1, c: 60 },
  lexicalMidpoint: 8,
  recencyHalfLifeDays: 3650,
  facetWeights: {},
  productClamp: { min: 0.25, max: 4 },
  legDepth: limits.legDepthDefault,
  rankDepth: limits.rankDepthDefault,
  policyRequired: false,
  diversity: 0,
} as const;

export const builtInProfiles: readonly Profile[] = [
  {
    ...common,
    name: 'linear',
    description: 'Weighted sum of the signals.',
    formula: 'linear',
    weights: {
      ...none,
      similarity: 0.4,
      taste: 0.1,
      lexical: 0.25,
      graph: 0.1,
      preference: 0.05,
      popularity: 0.07,
      recency: 0.03,
    },
  },
  {
    ...common,
    name: 'multiplicative',
    description: 'Similarity times a clamped product over facet preferences.',
    formula: 'multiplicative',
    weights: { ...none, similarity: 1 },
  },
  {
    ...common,
    name: 'personal',
    description: 'Weighted sum in which the user counts most: for recommendations without a query.',
    formula: 'linear',
    weights: {
      ...none,
      similarity: 0.2,
      taste: 0.3,
      lexical: 0.1,
      graph: 0.15,
      preference: 0.15,
      popularity: 0.07,
      recency: 0.03,
    },
  },
  {
    ...common,
    name: 'collaborative',
    description:
      'Weighted sum in which graph and popularity count most: for recommendations where relations say what people like together.',
    formula: 'linear',
    weights: {
      ...none,
      similarity: 0.15,
      taste: 0.03,
      lexical: 0.05,
      graph: 0.42,
      preference: 0.07,
      popularity: 0.28,
    },
  },
  {
    ...common,
    name: 'rrf',
    description: 'Weighted sum in which reciprocal rank fusion replaces similarity, lexical and graph.',
    formula: 'rrf',
    weights: { ...none, fused: 0.75, taste: 0.1, preference: 0.05, popularity: 0.07, recency: 0.03 },
  },
];

/** Problems of a profile, empty when it is usable. */
export function profileProblems(profile: Profile): string[] {
  const problems: string[] = [];
  const weights = signalNames.map((name) => profile.weights[name]);
  if (weights.some((weight) => !(weight >= 0))) problems.push('weights must be >= 0');
  const sum = signalNames.reduce(
    (total, name) => (name === 'rules' ? total : total + profile.weights[name]),
    0,
  );
  if (Math.abs(sum - 1) > 1e-9) problems.push(`weights must sum to 1, not ${sum}`);
  if (profile.weights.rules !== 1) problems.push('the weight of rules must be 1');
  if (profile.formula === 'rrf') {
    if (profile.weights.similarity + profile.weights.lexical + profile.weights.graph > 0)
      problems.push('rrf replaces similarity, lexical and graph by fused');
  } else if (profile.weights.fused > 0) problems.push('fused belongs to rrf only');
  if (profile.formula === 'multiplicative' && profile.weights.similarity !== 1)
    problems.push('multiplicative is similarity times preferences: the weight of similarity must be 1');
  if (profile.rankDepth < limits.kMax || profile.rankDepth > limits.rankDepthMax)
    problems.push(`rankDepth must be ${limits.kMax}..${limits.rankDepthMax}`);
  if (profile.legDepth < 1 || profile.legDepth > limits.legDepthMax)
    problems.push(`legDepth must be 1..${limits.legDepthMax}`);
  return problems;
}
