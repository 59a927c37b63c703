/*
 * Hard rules on one row: the postfix programs of src/domain/mask-program.ts. Compiled by the host compiler
 * and by nvcc.
 */
#ifndef TRIPTYCH_MASK_H
#define TRIPTYCH_MASK_H

#include "triptych/dot.h"

enum tp_opcode {
  /* A constant truth value in a. */
  TP_CONSTANT = 0,
  /* Any (all) of lists[a .. a + b) is a facet value of the row. */
  TP_FACET_ANY = 1,
  TP_FACET_ALL = 2,
  /* fields[a] within constants[b], constants[b + 1]; c: 1 = lower bound exclusive, 2 = upper bound exclusive.
   */
  TP_RANGE = 3,
  /* fields[a] equals one of constants[b .. b + c). */
  TP_ONE_OF = 4,
  /* The row's number in the batch is one of lists[a .. a + b). */
  TP_ROWS = 5,
  /* a operands of the stack. */
  TP_AND = 6,
  TP_OR = 7,
  TP_NOT = 8,
  /* The bit of a facet value of the row is set in lists[a .. a + b): bit i of word w is code 32 w + i. */
  TP_FACET_BITS = 9
};

/* Words of the bit stack that an evaluation needs of its caller. */
#define TP_MASK_STACK_WORDS (TP_MASK_STACK / 32u)

/* Binary search in the ascending list[0 .. count). */
TP_HD bool tp_contains(const uint32_t *list, uint32_t count, uint32_t value) {
  uint32_t low = 0;
  uint32_t high = count;
  while (low < high) {
    const uint32_t middle = (low + high) >> 1;
    if (list[middle] < value)
      low = middle + 1;
    else
      high = middle;
  }
  return low < count && list[low] == value;
}

/* How many of the row's facet values are in the ascending list; stops at `enough`. */
TP_HD uint32_t tp_facets_in(const tp_rows *rows, uint32_t row, const uint32_t *list, uint32_t count,
                            uint32_t enough) {
  const uint32_t *values = rows->facet_values + rows->facet_starts[row];
  const uint32_t value_count = rows->facet_counts[row];
  uint32_t found = 0;
  for (uint32_t i = 0; i < value_count && found < enough; i++)
    if (tp_contains(list, count, values[i])) found++;
  return found;
}

TP_HD bool tp_has_facet_bit(const tp_rows *rows, uint32_t row, const uint32_t *bits, uint32_t words) {
  const uint32_t *values = rows->facet_values + rows->facet_starts[row];
  const uint32_t value_count = rows->facet_counts[row];
  for (uint32_t i = 0; i < value_count; i++) {
    const uint32_t word = values[i] >> 5;
    /* A later epoch's value can be beyond the set. */
    if (word < words && ((bits[word] >> (values[i] & 31u)) & 1u) != 0) return true;
  }
  return false;
}

/* A missing value is NaN: every comparison is false. */
TP_HD bool tp_within(double value, const double *bounds, int32_t flags) {
  const bool above = (flags & 1) != 0 ? value > bounds[0] : value >= bounds[0];
  const bool below = (flags & 2) != 0 ? value < bounds[1] : value <= bounds[1];
  return above && below;
}

TP_HD bool tp_equals_one(double value, const double *constants, uint32_t count) {
  for (uint32_t i = 0; i < count; i++)
    if (constants[i] == value) return true;
  return false;
}

/* One instruction that reads the row: code = opcode, a, b, c. */
TP_HD bool tp_leaf_holds(const tp_mask *mask, const int32_t *code, const tp_rows *rows, uint32_t row,
                         uint32_t number) {
  const int32_t a = code[1];
  const uint32_t b = (uint32_t)code[2];
  const uint32_t c = (uint32_t)code[3];
  switch (code[0]) {
    case TP_FACET_ANY:
      return tp_facets_in(rows, row, mask->lists + a, b, 1) > 0;
    case TP_FACET_ALL:
      return tp_facets_in(rows, row, mask->lists + a, b, UINT32_MAX) == b;
    case TP_RANGE:
      return tp_within(rows->fields[a][row], mask->constants + b, code[3]);
    case TP_ONE_OF:
      return tp_equals_one(rows->fields[a][row], mask->constants + b, c);
    case TP_ROWS:
      return tp_contains(mask->lists + a, b, number);
    case TP_FACET_BITS:
      return tp_has_facet_bit(rows, row, mask->lists + a, b);
    default:
      return a != 0;
  }
}

TP_HD bool tp_stack_bit(const uint32_t *stack, uint32_t at) {
  return ((stack[at >> 5] >> (at & 31u)) & 1u) != 0;
}

TP_HD void tp_stack_set(uint32_t *stack, uint32_t at, bool value) {
  const uint32_t bit = 1u << (at & 31u);
  stack[at >> 5] = value ? stack[at >> 5] | bit : stack[at >> 5] & ~bit;
}

/* Conjunction (disjunction) of the stack's operands from .. from + count: true (false) where there are none.
 */
TP_HD bool tp_combine(bool conjunction, const uint32_t *stack, uint32_t from, uint32_t count) {
  for (uint32_t i = from; i < from + count; i++)
    if (tp_stack_bit(stack, i) != conjunction) return !conjunction;
  return conjunction;
}

TP_HD bool tp_rule_holds(const tp_mask *mask, uint32_t rule, const tp_rows *rows, uint32_t row,
                         uint32_t number, uint32_t *stack) {
  const uint32_t first = mask->rule_starts[rule];
  const int32_t *only = mask->code + (uint64_t)first * TP_MASK_WORDS;
  /* Many rules are one instruction long; one that joins no operands is not a leaf. */
  if (mask->rule_starts[rule + 1] - first == 1 && only[0] != TP_AND && only[0] != TP_OR)
    return tp_leaf_holds(mask, only, rows, row, number);
  uint32_t top = 0;
  for (uint32_t at = first; at < mask->rule_starts[rule + 1]; at++) {
    const int32_t *code = mask->code + (uint64_t)at * TP_MASK_WORDS;
    if (code[0] == TP_AND || code[0] == TP_OR) {
      top -= (uint32_t)code[1];
      const bool value = tp_combine(code[0] == TP_AND, stack, top, (uint32_t)code[1]);
      tp_stack_set(stack, top++, value);
    } else if (code[0] == TP_NOT) {
      tp_stack_set(stack, top - 1, !tp_stack_bit(stack, top - 1));
    } else {
      tp_stack_set(stack, top++, tp_leaf_holds(mask, code, rows, row, number));
    }
  }
  return tp_stack_bit(stack, 0);
}

/*
 * Index of the first rule that a row fails, -1 when it passes them all.
 * row: within its block; number: in the batch; stack: TP_MASK_STACK_WORDS words of the caller's, with any
 * content.
 */
TP_HD int32_t tp_first_failing_rule(const tp_mask *mask, const tp_rows *rows, uint32_t row, uint32_t number,
                                    uint32_t *stack) {
  for (uint32_t rule = 0; rule < mask->rule_count; rule++)
    if (!tp_rule_holds(mask, rule, rows, row, number, stack)) return (int32_t)rule;
  return -1;
}

/* Whether every rule's program keeps within the stack and leaves one operand: what a boundary checks once a
 * request. */
TP_HD bool tp_mask_is_sound(const tp_mask *mask) {
  for (uint32_t rule = 0; rule < mask->rule_count; rule++) {
    uint32_t top = 0;
    for (uint32_t at = mask->rule_starts[rule]; at < mask->rule_starts[rule + 1]; at++) {
      const int32_t *code = mask->code + (uint64_t)at * TP_MASK_WORDS;
      const bool joins = code[0] == TP_AND || code[0] == TP_OR;
      const uint32_t taken = joins ? (uint32_t)code[1] : code[0] == TP_NOT ? 1u : 0u;
      if (taken > top) return false;
      top = top - taken + 1;
      if (top > TP_MASK_STACK) return false;
    }
    if (top == 0) return false;
  }
  return true;
}

#endif
