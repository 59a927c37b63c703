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
  /** Facet codes and row numbers, each list ascending; and bit sets of facet codes. */
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
  /** the bit of a facet value of the row is set in lists[a .. a + b): bit i of word w is code 32 w + i. */
  facetBits: 9,
} as const;

/** Not exported: the loop below is a tenth slower over an exported one. */
const wordsPerInstruction = 4;

/** Operands that an evaluation has room for, beyond the need of any filter or rule; the compiler refuses more. */
export const maskStackDepth = 1024;

/**
 * Index of the first rule that a row of the block fails, -1 when it passes them all.
 * @param firstRow number of the block's first row: 0 for the table, table.rowCount for a transient block
 */
export function firstFailingRule(program: MaskProgram, block: RowBlock, row: number, firstRow = 0): number {
  for (let rule = 0; rule < program.ruleCount; rule++)
    if (!ruleHolds(program, rule, block, row, firstRow)) return rule;
  return -1;
}

/** Indexes of all rules that a row of the block fails, ascending. */
export function failingRules(program: MaskProgram, block: RowBlock, row: number): number[] {
  const rules = Array.from({ length: program.ruleCount }, (_, rule) => rule);
  return rules.filter((rule) => !ruleHolds(program, rule, block, row, 0));
}

/** Whether it depends on the numbers of rows. */
export function namesRows({ code }: MaskProgram): boolean {
  for (let at = 0; at < code.length; at += wordsPerInstruction) if (code[at] === opcodes.rows) return true;
  return false;
}

/** Working memory of one evaluation. */
const stack = new Uint8Array(maskStackDepth);

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
    case opcodes.facetBits:
      return hasBit(block, row, lists, a, b);
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

function hasBit(block: RowBlock, row: number, lists: Uint32Array, at: number, count: number): boolean {
  const start = block.facetStarts[row]!;
  const end = start + block.facetCounts[row]!;
  for (let i = start; i < end; i++) {
    const value = block.facetValues[i]!;
    const word = value >>> 5;
    // A later epoch's value can be beyond the set, but only in rows that this program is not asked about.
    if (word < count && (lists[at + word]! >>> (value & 31)) & 1) return true;
  }
  return false;
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
  /** Live rows by the first rule that they fail, one number per rule of the program. */
  readonly dropped: Uint32Array;
}

/** Evaluates a program on every live row: the exact counts that push-down is decided and drops are explained by. */
export function maskRows(program: MaskProgram, table: TableSnapshot): PredicateMask {
  const mask = new Uint8Array(table.rowCount);
  const dropped = new Uint32Array(program.ruleCount);
  let passing = 0;
  for (let row = 0; row < table.rowCount; row++) {
    if (table.live[row] === 0) continue;
    const rule = firstFailingRule(program, table, row);
    if (rule >= 0) dropped[rule]!++;
    else {
      mask[row] = 1;
      passing++;
    }
  }
  return { mask, passing, dropped };
}
