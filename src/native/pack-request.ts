import type { BatchRows } from '../domain/batch-rows.ts';
import type { PreferenceTable, RerankRequest } from '../domain/rerank-batch.ts';
import type { RowBlock } from '../domain/row-block.ts';
import type { TableSnapshot } from '../domain/table-snapshot.ts';
import { limits } from '../limits.ts';
import { float64sOf, listOf } from '../std/mapped.ts';
import type { Arena } from './arena.ts';
import { formulaNumbers, layout } from './arena-layout.ts';

/** Preferences as columns, codes ascending: see tp_preferences in native/include/triptych/backend.h. */
interface PackedPreferences {
  readonly dictionary: TableSnapshot['dictionary'];
  readonly codes: Uint32Array;
  readonly values: Float64Array;
  readonly facets: Uint8Array;
  readonly facetWeights: Float64Array;
}

/** A request is packed twice, to select and to rescore. */
const packedPreferences = new WeakMap<PreferenceTable, PackedPreferences>();

/** Preferences are multiples of 2^-40, as in domain/facet-preferences.ts, so that sums do not depend on their order. */
const grain = 2 ** 40;

/**
 * Writes one request into its record.
 * @param at offset of the record
 * @param first position of its first candidate in the batch
 * @throws RangeError where preferences name codes that are not in the dictionary, or numbers out of their range
 */
export function packRequest(
  arena: Arena,
  at: number,
  request: RerankRequest,
  table: TableSnapshot,
  first: number,
  count: number,
): void {
  const { params, queryVector, tasteVector, preferences, mask } = request;
  const queryAt = queryVector === null ? 0 : arena.put(queryVector);
  const tasteAt = tasteVector === null ? 0 : arena.put(tasteVector);
  if (preferences !== null) packPreferences(arena, at, preferences, table);
  else arena.u32[at / 4 + layout.preferencesPresentWord] = 0;
  packMask(arena, at, mask);
  const doubles = at / 8;
  const words = at / 4;
  const { f64, u32 } = arena;
  f64.set(params.weights, doubles + layout.weightsDouble);
  f64[doubles + layout.loDouble] = params.lo;
  f64[doubles + layout.hiDouble] = params.hi;
  f64[doubles + layout.referenceMsDouble] = params.referenceMs;
  f64[doubles + layout.halfLifeMsDouble] = params.halfLifeMs;
  f64[doubles + layout.productMinDouble] = params.productMin;
  f64[doubles + layout.productMaxDouble] = params.productMax;
  u32[words + layout.formulaWord] = formulaNumbers[params.formula];
  u32[words + layout.rankDepthWord] = Math.min(params.rankDepth, count);
  u32[words + layout.firstWord] = first;
  u32[words + layout.countWord] = count;
  u32[words + layout.limitWord] = selectionMax(request, count);
  u32[words + layout.queryAtWord] = queryAt;
  u32[words + layout.tasteAtWord] = tasteAt;
}

/** How many of `count` candidates a backend hands over at most. */
export function selectionMax(request: RerankRequest, count: number): number {
  return Math.min(request.params.rankDepth + limits.rescoreMargin, count);
}

function packMask(arena: Arena, at: number, mask: RerankRequest['mask']): void {
  const words = at / 4;
  arena.u32[words + layout.ruleCountWord] = mask?.ruleCount ?? 0;
  if (mask === null || mask.ruleCount === 0) return;
  const ruleStartsAt = arena.put(mask.ruleStarts);
  const codeAt = arena.put(mask.code);
  const listsAt = arena.put(mask.lists);
  const constantsAt = arena.put(mask.constants);
  const { u32 } = arena;
  u32[words + layout.ruleStartsAtWord] = ruleStartsAt;
  u32[words + layout.codeAtWord] = codeAt;
  u32[words + layout.instructionCountWord] = mask.code.length / 4;
  u32[words + layout.listsAtWord] = listsAt;
  u32[words + layout.listCountWord] = mask.lists.length;
  u32[words + layout.constantsAtWord] = constantsAt;
  u32[words + layout.constantCountWord] = mask.constants.length;
}

function packPreferences(arena: Arena, at: number, preferences: PreferenceTable, table: TableSnapshot): void {
  let packed = packedPreferences.get(preferences);
  if (packed === undefined || packed.dictionary !== table.dictionary) {
    packed = columnsOf(preferences, table);
    packedPreferences.set(preferences, packed);
  }
  const codesAt = arena.put(packed.codes);
  const valuesAt = arena.put(packed.values);
  const facetsAt = arena.put(packed.facets);
  const weightsAt = arena.put(packed.facetWeights);
  const words = at / 4;
  const { u32 } = arena;
  u32[words + layout.preferencesPresentWord] = 1;
  u32[words + layout.preferenceCountWord] = packed.codes.length;
  u32[words + layout.preferenceCodesAtWord] = codesAt;
  u32[words + layout.preferenceValuesAtWord] = valuesAt;
  u32[words + layout.preferenceFacetsAtWord] = facetsAt;
  u32[words + layout.facetCountWord] = packed.facetWeights.length;
  u32[words + layout.facetWeightsAtWord] = weightsAt;
}

function columnsOf({ values, facetWeights }: PreferenceTable, table: TableSnapshot): PackedPreferences {
  const { dictionary } = table;
  const facetOf = (code: number): string => {
    if (!(code >= 0 && code < dictionary.size))
      throw new RangeError(`preferences.values: ${code} is not a code of the dictionary`);
    return dictionary.facetOf(code);
  };
  const used = new Set(Array.from(values.keys(), facetOf));
  const facets = table.schema.facets.filter((facet) => used.has(facet));
  const codes = Uint32Array.from(values.keys())
    .filter((code) => facets.includes(facetOf(code)))
    .sort();
  return {
    dictionary,
    codes,
    values: float64sOf(codes, (code) => rounded(code, values.get(code)!)),
    facets: new Uint8Array(listOf(codes, (code) => facets.indexOf(facetOf(code)))),
    facetWeights: Float64Array.from(facets, (facet) => weightOf(facetWeights, facet)),
  };
}

function rounded(code: number, preference: number): number {
  if (!(preference >= -1 && preference <= 1))
    throw new RangeError(`preferences.values[${code}]: ${preference} is not within -1..1`);
  return Math.round(preference * grain) / grain;
}

function weightOf(weights: PreferenceTable['facetWeights'], facet: string): number {
  const weight = weights.get(facet) ?? 1;
  if (!(weight >= 0 && Number.isFinite(weight)))
    throw new RangeError(`preferences.facetWeights.${facet}: ${weight} is not a finite number >= 0`);
  return weight;
}

/** Writes what row numbers lead to beside the table: the dictionary's size, and the transient block where there is one. */
export function packBlocks(arena: Arena, { table, transient }: BatchRows): void {
  arena.u32[layout.facetCodeCountWord] = table.dictionary.size;
  if (transient !== null) packTransient(arena, transient);
}

function packTransient(arena: Arena, block: RowBlock): void {
  const { rowCount, vectors } = block;
  const used = rowCount === 0 ? 0 : (rowCount - 1) * vectors.stride + vectors.dimension;
  const at = arena.reserve(layout.transientBytes);
  const values = facetValuesEnd(block);
  const offsets = {
    [layout.transientVectorsAtWord]: arena.put(vectors.values.subarray(0, used)),
    [layout.transientScalesAtWord]: arena.put(vectors.scales.subarray(0, rowCount)),
    [layout.transientTieRanksAtWord]: arena.put(block.tieRanks.subarray(0, rowCount)),
    [layout.transientPopularityAtWord]: arena.put(block.popularity.subarray(0, rowCount)),
    [layout.transientRecencyAtWord]: arena.put(block.recencyMs.subarray(0, rowCount)),
    [layout.transientFacetStartsAtWord]: arena.put(block.facetStarts.subarray(0, rowCount)),
    [layout.transientFacetCountsAtWord]: arena.put(block.facetCounts.subarray(0, rowCount)),
    [layout.transientFacetValuesAtWord]: arena.put(block.facetValues.subarray(0, values)),
    [layout.transientFieldsAtWord]: arena.put(
      Uint32Array.from(block.fields, (column) => arena.put(column.subarray(0, rowCount))),
    ),
  };
  const words = at / 4;
  const { u32 } = arena;
  for (const [word, offset] of Object.entries(offsets)) u32[words + Number(word)] = offset;
  u32[words + layout.transientRowCountWord] = rowCount;
  u32[words + layout.transientStrideWord] = vectors.stride;
  u32[words + layout.transientFacetValueCountWord] = values;
  u32[words + layout.transientFieldCountWord] = block.fields.length;
  u32[layout.transientAtWord] = at;
}

/** Facet values that rows of the block use: what lies behind them may be anything. */
function facetValuesEnd({ rowCount, facetStarts, facetCounts }: RowBlock): number {
  let end = 0;
  for (let row = 0; row < rowCount; row++) end = Math.max(end, facetStarts[row]! + facetCounts[row]!);
  return end;
}
