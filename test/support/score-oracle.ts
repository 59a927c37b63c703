import { firstFailingRule } from '../../src/domain/mask-program.ts';
import type { WindowColumns } from '../../src/domain/scoring.ts';
import { signalNames } from '../../src/domain/signal.ts';
import type { TableSnapshot } from '../../src/domain/table-snapshot.ts';
import type { RerankRequest } from '../../src/ports/reranker.ts';

/** One candidate as the definitions say, in f64. */
export interface OracleRow {
  readonly row: number;
  readonly signals: readonly (number | null)[];
  readonly contributions: readonly number[];
  /** Rounded to f32. */
  readonly score: number;
}

export interface OracleAnswer {
  /** Every candidate that passes the rules, best first. */
  readonly ranked: readonly OracleRow[];
  readonly dropped: readonly number[];
}

/**
 * The scorer written a second time, plainly: arrays, Math.pow, a full sort. Shares no code with src/domain but the
 * mask program, which has an oracle of its own.
 */
export function oracle(table: TableSnapshot, request: RerankRequest, window: WindowColumns): OracleAnswer {
  const dropped = Array.from({ length: request.mask?.ruleCount ?? 0 }, () => 0);
  const ranked: OracleRow[] = [];
  window.rows.forEach((row, position) => {
    const rule = request.mask === null ? -1 : firstFailingRule(request.mask, table, row);
    if (rule >= 0) dropped[rule]! += 1;
    else ranked.push(scoreRow(table, request, window, position));
  });
  ranked.sort((a, b) => b.score - a.score || table.tieRanks[a.row]! - table.tieRanks[b.row]!);
  return { ranked, dropped };
}

function scoreRow(
  table: TableSnapshot,
  request: RerankRequest,
  window: WindowColumns,
  position: number,
): OracleRow {
  const row = window.rows[position]!;
  const { params } = request;
  const age = Math.max(0, params.referenceMs - table.recencyMs[row]!);
  const known = facetPreferences(table, request, row);
  const signals = [
    cosineSignal(table, request, request.queryVector, row),
    cosineSignal(table, request, request.tasteVector, row),
    window.lexical[position]!,
    window.graph[position]!,
    window.fused[position]!,
    known === null ? Number.NaN : preferenceSignal(table, request, known),
    table.popularity[row]!,
    2 ** (-age / params.halfLifeMs),
    clamp(window.rules[position]!, -0.5, 0.5),
  ];
  const value = (name: (typeof signalNames)[number]): number => {
    const signal = signals[signalNames.indexOf(name)]!;
    return Number.isNaN(signal) ? 0 : signal;
  };
  let contributions = signalNames.map((name, i) => params.weights[i]! * value(name));
  if (params.formula === 'multiplicative') {
    const product = (known ?? []).map((one) => one.factor).sort((a, b) => a - b);
    const clamped = clamp(
      product.reduce((all, factor) => all * factor, 1),
      params.productMin,
      params.productMax,
    );
    contributions = signalNames.map((name) => {
      if (name === 'similarity') return value('similarity');
      if (name === 'rules') return params.weights[signalNames.indexOf(name)]! * value('rules');
      return name === 'preference' ? value('similarity') * clamped - value('similarity') : 0;
    });
  }
  const score = Math.fround(contributions.reduce((sum, one) => sum + one, 0));
  return {
    row,
    signals: signals.map((signal) => (Number.isNaN(signal) ? null : signal)),
    contributions,
    score: score === 0 ? 0 : score,
  };
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}

function cosineSignal(
  table: TableSnapshot,
  request: RerankRequest,
  vector: Float32Array | null,
  row: number,
): number {
  if (vector === null) return Number.NaN;
  const { lo, hi } = request.params;
  return clamp((oracleCosine(table, row, vector) - lo) / (hi - lo), 0, 1);
}

/** The dot product of a stored row with a vector, to the bit. */
export function oracleCosine(
  table: Pick<TableSnapshot, 'vectors' | 'dimension'>,
  row: number,
  vector: ArrayLike<number>,
): number {
  const { stored, scale } = storedRow(table, row);
  // Eight running sums and folding are part of the definition: they fix the last bit.
  const sums = [0, 0, 0, 0, 0, 0, 0, 0];
  stored.forEach((component, i) => {
    sums[i % 8]! += component * vector[i]!;
  });
  const four = [0, 1, 2, 3].map((i) => sums[i]! + sums[i + 4]!);
  return scale * (four[0]! + four[2]! + (four[1]! + four[3]!));
}

/** The numbers that are multiplied with a query's, and the factor of their sum. */
export function storedRow(
  { vectors, dimension }: Pick<TableSnapshot, 'vectors' | 'dimension'>,
  row: number,
): { stored: number[]; scale: number } {
  const start = row * vectors.stride;
  const stored = Array.from(vectors.values.subarray(start, start + dimension));
  switch (vectors.tier) {
    case 'f32':
      return { stored, scale: 1 };
    case 'f16':
      return { stored: stored.map(half), scale: 1 };
    case 'int8':
      return { stored, scale: vectors.scales[row]! };
  }
}

/** Of every bit pattern once: a table has far more numbers than there are. */
const halves = new Map<number, number>();

function half(bits: number): number {
  const known = halves.get(bits);
  if (known !== undefined) return known;
  const value = binary16(bits);
  halves.set(bits, value);
  return value;
}

/** A finite IEEE 754 half: 1 bit of sign, 5 of the exponent, 10 of the fraction. */
function binary16(bits: number): number {
  const digits = bits.toString(2).padStart(16, '0');
  const exponent = Number.parseInt(digits.slice(1, 6), 2);
  const fraction = Number.parseInt(digits.slice(6), 2) / 1024;
  const magnitude = exponent === 0 ? fraction * 2 ** -14 : (1 + fraction) * 2 ** (exponent - 15);
  return digits[0] === '1' ? -magnitude : magnitude;
}

interface KnownValue {
  readonly facet: string;
  readonly preference: number;
  readonly factor: number;
}

/** The row's facet values that the request has a preference for; null without preferences. */
function facetPreferences(table: TableSnapshot, request: RerankRequest, row: number): KnownValue[] | null {
  const { preferences } = request;
  if (preferences === null) return null;
  const start = table.facetStarts[row]!;
  const codes = Array.from(table.facetValues.subarray(start, start + table.facetCounts[row]!));
  return codes
    .filter((code) => preferences.values.has(code))
    .map((code) => {
      const facet = table.dictionary.facetOf(code);
      const weight = preferences.facetWeights.get(facet) ?? 1;
      // Multiples of 2^-40, so that sums are exact in any order.
      const preference = Math.round(preferences.values.get(code)! * 2 ** 40) / 2 ** 40;
      return { facet, preference, factor: Math.max(0, 1 + weight * preference) };
    });
}

function preferenceSignal(table: TableSnapshot, request: RerankRequest, known: KnownValue[]): number {
  let total = 0;
  for (const facet of table.schema.facets) {
    const own = known.filter((one) => one.facet === facet).map((one) => one.preference);
    if (own.length === 0) continue;
    const mean = own.reduce((sum, preference) => sum + preference, 0) / own.length;
    total += (request.preferences!.facetWeights.get(facet) ?? 1) * mean;
  }
  return clamp(total, -1, 1);
}
