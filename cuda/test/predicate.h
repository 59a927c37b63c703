/* Generated hard rules: an expression, evaluated as what it says, and its postfix program for the kernels. */
#ifndef TRIPTYCH_SHIM_PREDICATE_H
#define TRIPTYCH_SHIM_PREDICATE_H

#include <vector>

#include "table.h"

/* Opcodes of src/domain/mask-program.ts. */
enum class rule_kind {
  constant = 0,
  facet_any = 1,
  facet_all = 2,
  range = 3,
  one_of = 4,
  rows = 5,
  conjunction = 6,
  disjunction = 7,
  negation = 8,
  facet_bits = 9
};

struct expression {
  rule_kind kind = rule_kind::constant;
  bool truth = true;
  uint32_t field = 0;
  bool low_open = false;
  bool high_open = false;
  /* Codes or row numbers, ascending. */
  std::vector<uint32_t> list;
  /* Bounds of a range, or values. */
  std::vector<double> constants;
  std::vector<expression> operands;
};

/* numbers: row numbers of the batch are below it. */
expression random_expression(random_source &random, uint32_t numbers, unsigned depth);

/* number: of the row in the batch. */
bool holds(const expression &rule, const table &rows, uint32_t row, uint32_t number);

struct mask_program {
  std::vector<uint32_t> rule_starts{0};
  std::vector<int32_t> code;
  std::vector<uint32_t> lists;
  std::vector<double> constants;
  void add_rule(const expression &rule);

 private:
  void emit(const expression &rule);
  void instruction(rule_kind kind, size_t a, size_t b = 0, size_t c = 0);
};

#endif
