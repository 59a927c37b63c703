import { TriptychError } from '../errors.ts';
import { dateToMs, type Predicate } from './predicate.ts';
import type { RowBlock } from './row-block.ts';
import type { TableSnapshot } from './table-snapshot.ts';

/**
 * Hard rules compiled for one snapshot: a postfix program per rule over the columns of a block. It holds numbers only, so
 * that every scoring backend can run it on any block of the batch. Instruction = 4 words: opcode, a, b, c.
 */
export interface MaskProgram {
  readonly ruleCount: number;
  /** Rule i owns instructions ruleStarts[i]..ruleStarts[i + 1]. */
  readonly ruleStarts: Uint32Array;
  readonly code: Int32Array;
  /** Facet codes and row numbers, each list ascending. */
  readonly lists: Uint32Array;
  /** Bounds and values of fields. */
  readonly constants: Float64Array;
}

export const opcodes = {
  /** No operand: a constant truth value in a. */
  constant: 0,
  /** any of lists[a .. a + b) is a facet value of the row. */
  facetAny: 1,
  facetAll: 2,
  /** fields[a] within constants[b], constants[b + 1]; c: 1 = lower bound exclusive, 2 = upper bound exclusive. */
  range: 3,
  /** fields[a] equals one of constants[b .. b + c). */
  oneOf: 4,
  /** the row's number is one of lists[a .. a + b). */
  rows: 5,
  /** a operands of the stack. */
  and: 6,
  or: 7,
  not: 8,
} as const;

const wordsPerInstruction = 4;

/** Name under which a keyword field's values are kept in the dictionary; no facet name can equal it. */
export function keywordSpace(field: string): string {
  return `\0${field}`;
}

/**
 * Compiles each predicate into one rule. Unknown values can match nothing, so they compile to constants; hence a batch's
 * transient block, whose values may be new to the dictionary, is filled before.
 * @param rowOf number of a document's row, -1 where it has none; by default the table's, without a transient block
 */
export function compileMask(
  predicates: readonly Predicate[],
  table: TableSnapshot,
  rowOf: (id: string) => number = (id) => table.rowOf(id),
): MaskProgram {
  const compiler = new MaskCompiler(table, rowOf);
  const starts = [0];
  for (const predicate of predicates) {
    compiler.emit(predicate);
    starts.push(compiler.code.length / wordsPerInstruction);
  }
  return {
    ruleCount: predicates.length,
    ruleStarts: Uint32Array.from(starts),
    code: Int32Array.from(compiler.code),
    lists: Uint32Array.from(compiler.lists),
    constants: Float64Array.from(compiler.constants),
  };
}

class MaskCompiler {
  readonly code: number[] = [];
  readonly lists: number[] = [];
  readonly constants: number[] = [];
  readonly #table: TableSnapshot;
  readonly #fields: readonly string[];
  readonly #rowOf: (id: string) => number;

  constructor(table: TableSnapshot, rowOf: (id: string) => number) {
    this.#table = table;
    this.#fields = Object.keys(table.schema.fields);
    this.#rowOf = rowOf;
  }

  emit(predicate: Predicate): void {
    switch (predicate.kind) {
      case 'and':
      case 'or':
        for (const part of predicate.of) this.emit(part);
        this.code.push(opcodes[predicate.kind], predicate.of.length, 0, 0);
        return;
      case 'not':
        this.emit(predicate.of);
        this.code.push(opcodes.not, 0, 0, 0);
        return;
      case 'facet':
        this.#facet(predicate.facet, predicate.match, predicate.values);
        return;
      case 'range':
        this.#range(predicate);
        return;
      case 'in':
        this.#oneOf(predicate.field, predicate.values);
        return;
      case 'ids':
        this.#list(
          opcodes.rows,
          predicate.ids.map(this.#rowOf).filter((row) => row >= 0),
        );
        return;
    }
  }

  #facet(facet: string, match: 'any' | 'all', values: readonly string[]): void {
    const codes = values.map((value) => this.#table.dictionary.codeOf(facet, value));
    if (match === 'all' && codes.includes(-1)) this.code.push(opcodes.constant, 0, 0, 0);
    else
      this.#list(
        match === 'any' ? opcodes.facetAny : opcodes.facetAll,
        codes.filter((code) => code >= 0),
      );
  }

  #list(opcode: number, values: readonly number[]): void {
    const sorted = [...new Set(values)].sort((a, b) => a - b);
    this.code.push(opcode, this.lists.length, sorted.length, 0);
    for (const value of sorted) this.lists.push(value);
  }

  #range(predicate: Extract<Predicate, { kind: 'range' }>): void {
    const { gte, gt, lte, lt } = predicate;
    // Of two lower bounds the larger holds; at equality the exclusive one does. Likewise above.
    const low = Math.max(gte ?? Number.NEGATIVE_INFINITY, gt ?? Number.NEGATIVE_INFINITY);
    const high = Math.min(lte ?? Number.POSITIVE_INFINITY, lt ?? Number.POSITIVE_INFINITY);
    const flags = (gt !== undefined && gt === low ? 1 : 0) | (lt !== undefined && lt === high ? 2 : 0);
    this.code.push(opcodes.range, this.#column(predicate.field), this.constants.length, flags);
    this.constants.push(low, high);
  }

  #oneOf(field: string, values: readonly unknown[]): void {
    const type = this.#table.schema.fields[field]?.type;
    const start = this.constants.length;
    for (const value of values) {
      const constant = this.#constant(field, type, value);
      if (!Number.isNaN(constant)) this.constants.push(constant);
    }
    this.code.push(opcodes.oneOf, this.#column(field), start, this.constants.length - start);
  }

  /** The column's number for a wire value, NaN where the value has the wrong type or no document has it. */
  #constant(field: string, type: string | undefined, value: unknown): number {
    if (type === 'number' && typeof value === 'number') return value;
    if (type === 'flag' && typeof value === 'boolean') return value ? 1 : 0;
    if (typeof value !== 'string') return Number.NaN;
    if (type === 'date') return dateToMs(value);
    const code = type === 'keyword' ? this.#table.dictionary.codeOf(keywordSpace(field), value) : -1;
    return code < 0 ? Number.NaN : code;
  }

  #column(field: string): number {
    const index = this.#fields.indexOf(field);
    if (index < 0)
      throw new TriptychError('unknown_field', `The catalogue has no field "${field}".`, {
        fields: [{ path: 'filter', message: `there is no field "${field}"` }],
      });
    return index;
  }
}

/**
 * Index of the first rule that a row of the block fails, -1 when it passes them all.
 * @param firstRow number of the block's first row: 0 for the table, table.rowCount for a transient block
 */
export function firstFailingRule(program: MaskProgram, block: RowBlock, row: number, firstRow = 0): number {
  for (let rule = 0; rule < program.ruleCount; rule++)
    if (!ruleHolds(program, rule, block, row, firstRow)) return rule;
  return -1;
}

/** Deep enough: a rule pushes at most predicateTermsMax leaves and as many connectives; the compiler tests pin it. */
const stack = new Uint8Array(1024);

function ruleHolds(
  program: MaskProgram,
  rule: number,
  block: RowBlock,
  row: number,
  firstRow: number,
): boolean {
  const { code } = program;
  const end = program.ruleStarts[rule + 1]! * wordsPerInstruction;
  let top = 0;
  for (let at = program.ruleStarts[rule]! * wordsPerInstruction; at < end; at += wordsPerInstruction) {
    const op = code[at]!;
    const a = code[at + 1]!;
    if (op === opcodes.and || op === opcodes.or) {
      top -= a;
      stack[top] = combine(op, top, a);
      top++;
    } else if (op === opcodes.not) stack[top - 1] = 1 - stack[top - 1]!;
    else stack[top++] = leafHolds(program, block, row, firstRow, at) ? 1 : 0;
  }
  return stack[0] === 1;
}

function combine(op: number, from: number, count: number): number {
  for (let i = from; i < from + count; i++) {
    if (op === opcodes.and && stack[i] === 0) return 0;
    if (op === opcodes.or && stack[i] === 1) return 1;
  }
  return op === opcodes.and ? 1 : 0;
}

function leafHolds(
  program: MaskProgram,
  block: RowBlock,
  row: number,
  firstRow: number,
  at: number,
): boolean {
  const { code, lists } = program;
  const a = code[at + 1]!;
  const b = code[at + 2]!;
  switch (code[at]) {
    case opcodes.facetAny:
      return hasAny(block, row, lists, a, b);
    case opcodes.facetAll:
      return hasAll(block, row, lists, a, b);
    case opcodes.range:
      return within(block.fields[a]![row]!, program.constants, b, code[at + 3]!);
    case opcodes.oneOf:
      return equalsOne(block.fields[a]![row]!, program.constants, b, code[at + 3]!);
    case opcodes.rows:
      return contains(lists, a, b, firstRow + row);
    default:
      return a !== 0;
  }
}

function within(value: number, constants: Float64Array, at: number, flags: number): boolean {
  const low = constants[at]!;
  const high = constants[at + 1]!;
  const above = (flags & 1) === 1 ? value > low : value >= low;
  const below = (flags & 2) === 2 ? value < high : value <= high;
  // A missing value is NaN: both comparisons are false.
  return above && below;
}

function equalsOne(value: number, constants: Float64Array, at: number, count: number): boolean {
  for (let i = at; i < at + count; i++) if (constants[i] === value) return true;
  return false;
}

function hasAny(block: RowBlock, row: number, lists: Uint32Array, at: number, count: number): boolean {
  const start = block.facetStarts[row]!;
  const end = start + block.facetCounts[row]!;
  for (let i = start; i < end; i++) if (contains(lists, at, count, block.facetValues[i]!)) return true;
  return false;
}

function hasAll(block: RowBlock, row: number, lists: Uint32Array, at: number, count: number): boolean {
  const start = block.facetStarts[row]!;
  const end = start + block.facetCounts[row]!;
  let found = 0;
  for (let i = start; i < end; i++) if (contains(lists, at, count, block.facetValues[i]!)) found++;
  return found === count;
}

/** Binary search in lists[at .. at + count). */
function contains(lists: Uint32Array, at: number, count: number, value: number): boolean {
  let low = at;
  let high = at + count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (lists[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low < at + count && lists[low] === value;
}

export interface PredicateMask {
  /** One byte per row: 1 where the row is live and passes. */
  readonly mask: Uint8Array;
  readonly passing: number;
}

/** Evaluates a program on every live row: the exact count that push-down is decided by. */
export function maskRows(program: MaskProgram, table: TableSnapshot): PredicateMask {
  const mask = new Uint8Array(table.rowCount);
  let passing = 0;
  for (let row = 0; row < table.rowCount; row++) {
    if (table.live[row] === 0 || firstFailingRule(program, table, row) >= 0) continue;
    mask[row] = 1;
    passing++;
  }
  return { mask, passing };
}
