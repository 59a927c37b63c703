import type { BatchRows } from '../domain/batch-rows.ts';
import type { RerankBatch, RerankRequest } from '../domain/rerank-batch.ts';
import type { RankedRows } from '../domain/rescore.ts';
import type { WindowColumns } from '../domain/scoring.ts';
import { signalCount } from '../domain/signal.ts';
import type { RerankAnswer } from '../ports/reranker.ts';
import { float32sOf, indexes } from '../std/mapped.ts';
import type { Arena } from './arena.ts';
import { layout } from './arena-layout.ts';
import { packBlocks, packRequest, selectionMax } from './pack-request.ts';

/** Candidates as they lie in the arena: positions `from` .. `to` of a batch's columns. */
interface Slice {
  readonly columns: WindowColumns;
  readonly from: number;
  readonly to: number;
}

function packColumns(arena: Arena, { columns, from, to }: Slice): void {
  const rowsAt = arena.put(columns.rows.subarray(from, to));
  const lexicalAt = arena.put(columns.lexical.subarray(from, to));
  const graphAt = arena.put(columns.graph.subarray(from, to));
  const fusedAt = arena.put(columns.fused.subarray(from, to));
  const rulesAt = arena.put(columns.rules.subarray(from, to));
  const { u32 } = arena;
  u32[layout.candidateCountWord] = to - from;
  u32[layout.rowsAtWord] = rowsAt;
  u32[layout.lexicalAtWord] = lexicalAt;
  u32[layout.graphAtWord] = graphAt;
  u32[layout.fusedAtWord] = fusedAt;
  u32[layout.rulesAtWord] = rulesAt;
}

function packRecords(arena: Arena, count: number): number {
  const at = arena.reserve(count * layout.requestBytes);
  arena.u32[layout.requestCountWord] = count;
  arena.u32[layout.requestsAtWord] = at;
  return at;
}

/**
 * Packs requests first .. end of a checked batch for `rerank`.
 * @throws ArenaFull; RangeError for preferences that are not valid
 */
export function packRerank(arena: Arena, batch: RerankBatch, first: number, end: number): void {
  const { offsets, requests, table } = batch;
  const from = offsets[first]!;
  arena.begin(layout.kindRerank);
  packBlocks(arena, batch);
  packColumns(arena, { columns: batch, from, to: offsets[end]! });
  const records = packRecords(arena, end - first);
  let selected = 0;
  let dropped = 0;
  for (let i = first; i < end; i++) {
    const count = offsets[i + 1]! - offsets[i]!;
    packRequest(
      arena,
      records + (i - first) * layout.requestBytes,
      requests[i]!,
      table,
      offsets[i]! - from,
      count,
    );
    selected += selectionMax(requests[i]!, count);
    dropped += requests[i]!.mask?.ruleCount ?? 0;
  }
  arena.answers(4 * (end - first + selected + dropped));
}

/** Adds the answers to requests first .. end: counts, then what was selected, then what each rule dropped. */
export function readRerank(
  arena: Arena,
  batch: RerankBatch,
  first: number,
  end: number,
  answer: { selected: Uint32Array[]; dropped: Uint32Array[] },
): RerankAnswer {
  const { u32 } = arena;
  const { offsets, requests } = batch;
  const counts = u32[layout.answersAtWord]! / 4;
  let at = counts + (end - first);
  for (let i = first; i < end; i++) {
    answer.selected.push(u32.slice(at, at + u32[counts + i - first]!));
    at += selectionMax(requests[i]!, offsets[i + 1]! - offsets[i]!);
  }
  for (let i = first; i < end; i++) {
    const rules = requests[i]!.mask?.ruleCount ?? 0;
    answer.dropped.push(u32.slice(at, at + rules));
    at += rules;
  }
  return answer;
}

/** Packs the selected candidates of one window for `rescore`: they alone, in the order of `selected`. */
export function packRescore(
  arena: Arena,
  blocks: BatchRows,
  request: RerankRequest,
  window: WindowColumns,
  selected: Uint32Array,
): void {
  const count = selected.length;
  arena.begin(layout.kindRescore);
  packBlocks(arena, blocks);
  const pick = (column: Float32Array): Float32Array => float32sOf(selected, (at) => column[at]!);
  packColumns(arena, {
    columns: {
      rows: selected.map((at) => window.rows[at]!),
      lexical: pick(window.lexical),
      graph: pick(window.graph),
      fused: pick(window.fused),
      rules: pick(window.rules),
    },
    from: 0,
    to: count,
  });
  const record = packRecords(arena, 1);
  // Hard rules have done their work.
  packRequest(arena, record, { ...request, mask: null }, blocks.table, 0, count);
  const selectedAt = arena.put(indexes(count));
  arena.u32[layout.selectedAtWord] = selectedAt;
  arena.u32[layout.selectedCountWord] = count;
  arena.answers(8 + count * (8 + 16 * signalCount));
}

/** @param selected as packed: positions in the window */
export function readRescore(arena: Arena, selected: Uint32Array): RankedRows {
  const { u32, f32, f64 } = arena;
  const room = selected.length;
  const at = u32[layout.answersAtWord]! / 4;
  const count = u32[at]!;
  const positions = u32.slice(at + 2, at + 2 + count);
  for (let i = 0; i < count; i++) positions[i] = selected[positions[i]!]!;
  const signals = (at + 2 + 2 * room) / 2;
  const contributions = signals + room * signalCount;
  return {
    count,
    positions,
    scores: f32.slice(at + 2 + room, at + 2 + room + count),
    signals: f64.slice(signals, signals + count * signalCount),
    contributions: f64.slice(contributions, contributions + count * signalCount),
  };
}

/** Packs rows for `gram`; the answer goes into an array of the caller's. */
export function packGram(arena: Arena, blocks: BatchRows, rows: Uint32Array): void {
  arena.begin(layout.kindGram);
  packBlocks(arena, blocks);
  const rowsAt = arena.put(rows);
  arena.u32[layout.rowsAtWord] = rowsAt;
  arena.u32[layout.candidateCountWord] = rows.length;
  arena.answers(0);
}
