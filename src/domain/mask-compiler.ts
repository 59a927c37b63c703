import { TriptychError } from '../errors.ts';
import { keywordSpace } from './facet-dictionary.ts';
import { type MaskProgram, maskStackDepth, opcodes } from './mask-program.ts';
import { dateToMs, type Predicate } from './predicate.ts';
import type { TableSnapshot } from './table-snapshot.ts';

/** A connective of more operands is compiled into several, so that the stack's depth goes with the nesting alone. */
const operandsMax = 64;

/**
 * Compiles each predicate into one rule. Unknown values can match nothing, so they compile to constants; hence a batch's
 * transient block, whose values may be new to the dictionary, is filled before.
 * @param rowOf number of a document's row, -1 where it has none; by default the table's, without a transient block
 * @throws TriptychError unknown_field for a field that the schema does not have
 * @throws RangeError for a predicate that is nested too deeply to be evaluated (15 levels are not)
 */
export function compileMask(
  predicates: readonly Predicate[],
  table: TableSnapshot,
  rowOf: (id: string) => number = (id) => table.rowOf(id),
): MaskProgram {
  const compiler = new MaskCompiler(table, rowOf);
  const starts = [0];
  for (const predicate of predicates) {
    compiler.emit(predicate, 0);
    starts.push(compiler.instructions);
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
  instructions = 0;
  readonly lists: number[] = [];
  readonly constants: number[] = [];
  readonly #table: TableSnapshot;
  readonly #fields: readonly string[];
  readonly #rowOf: (id: string) => number;
  /** Where in `lists` the bit set of a facet's codes begins. */
  readonly #bits = new Map<string, number>();

  constructor(table: TableSnapshot, rowOf: (id: string) => number) {
    this.#table = table;
    this.#fields = Object.keys(table.schema.fields);
    this.#rowOf = rowOf;
  }

  /** @param depth operands on the stack below this predicate's own */
  emit(predicate: Predicate, depth: number): void {
    if (depth >= maskStackDepth) throw new RangeError('the predicate is nested too deeply');
    switch (predicate.kind) {
      case 'and':
      case 'or':
        this.#connective(opcodes[predicate.kind], predicate.of, depth);
        return;
      case 'not':
        this.emit(predicate.of, depth);
        this.#instruct(opcodes.not, 0, 0, 0);
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
      case 'hasFacet':
        this.#anyOf(predicate.facet);
        return;
      case 'hasField':
        // Of every type: what is missing is NaN, everything else lies within.
        this.#range({ kind: 'range', field: predicate.field });
        return;
    }
  }

  #instruct(opcode: number, a: number, b: number, c: number): void {
    this.code.push(opcode, a, b, c);
    this.instructions++;
  }

  #connective(opcode: number, parts: readonly Predicate[], depth: number): void {
    let operands = 0;
    for (const part of parts) {
      if (operands === operandsMax) {
        this.#instruct(opcode, operands, 0, 0);
        operands = 1;
      }
      this.emit(part, depth + operands);
      operands++;
    }
    this.#instruct(opcode, operands, 0, 0);
  }

  /** A bit set, because a facet can have very many values: a list would be as long, and searched for each value. */
  #anyOf(facet: string): void {
    const { dictionary } = this.#table;
    const wordCount = (dictionary.size + 31) >>> 5;
    let start = this.#bits.get(facet);
    if (start === undefined) {
      start = this.lists.length;
      this.#bits.set(facet, start);
      const words = new Uint32Array(wordCount);
      for (const code of dictionary.codesOf(facet)) words[code >>> 5]! |= 1 << (code & 31);
      for (const word of words) this.lists.push(word);
    }
    this.#instruct(opcodes.facetBits, start, wordCount, 0);
  }

  #facet(facet: string, match: 'any' | 'all', values: readonly string[]): void {
    const codes = values.map((value) => this.#table.dictionary.codeOf(facet, value));
    if (match === 'all' && codes.includes(-1)) this.#instruct(opcodes.constant, 0, 0, 0);
    else
      this.#list(
        match === 'any' ? opcodes.facetAny : opcodes.facetAll,
        codes.filter((code) => code >= 0),
      );
  }

  #list(opcode: number, values: readonly number[]): void {
    const sorted = Uint32Array.from(new Set(values)).sort();
    this.#instruct(opcode, this.lists.length, sorted.length, 0);
    for (const value of sorted) this.lists.push(value);
  }

  #range(predicate: Extract<Predicate, { kind: 'range' }>): void {
    const { gte, gt, lte, lt } = predicate;
    // Of two lower bounds the larger holds; at equality the exclusive one does. Likewise above.
    const low = Math.max(gte ?? Number.NEGATIVE_INFINITY, gt ?? Number.NEGATIVE_INFINITY);
    const high = Math.min(lte ?? Number.POSITIVE_INFINITY, lt ?? Number.POSITIVE_INFINITY);
    const flags = (gt !== undefined && gt === low ? 1 : 0) | (lt !== undefined && lt === high ? 2 : 0);
    this.#instruct(opcodes.range, this.#column(predicate.field), this.constants.length, flags);
    this.constants.push(low, high);
  }

  #oneOf(field: string, values: readonly unknown[]): void {
    const type = this.#table.schema.fields[field]?.type;
    const start = this.constants.length;
    for (const value of values) {
      const constant = this.#constant(field, type, value);
      if (!Number.isNaN(constant)) this.constants.push(constant);
    }
    this.#instruct(opcodes.oneOf, this.#column(field), start, this.constants.length - start);
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
