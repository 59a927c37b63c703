#include "predicate.h"

#include <algorithm>
#include <iterator>
#include <set>

namespace {

std::vector<uint32_t> random_list(random_source &random, uint32_t bound, uint32_t count) {
  std::set<uint32_t> chosen;
  for (uint32_t i = 0; i < count; i++) chosen.insert(random.below(bound));
  return {chosen.begin(), chosen.end()};
}

uint32_t matches(const expression &rule, const table &rows, uint32_t row) {
  uint32_t count = 0;
  for (uint32_t i = 0; i < rows.facet_counts[row]; i++) {
    const uint32_t code = rows.facet_values[rows.facet_starts[row] + i];
    count += static_cast<uint32_t>(std::count(rule.list.begin(), rule.list.end(), code));
  }
  return count;
}

bool within(const expression &rule, double value) {
  const bool above = rule.low_open ? value > rule.constants[0] : value >= rule.constants[0];
  const bool below = rule.high_open ? value < rule.constants[1] : value <= rule.constants[1];
  return above && below;
}

}  // namespace

expression random_expression(random_source &random, uint32_t numbers, unsigned depth) {
  expression made;
  made.kind = static_cast<rule_kind>(random.below(10));
  const bool joins = made.kind >= rule_kind::conjunction && made.kind <= rule_kind::negation;
  if (joins && depth == 0) made.kind = rule_kind::facet_any;
  made.truth = random.chance(0.7);
  made.field = random.below(field_count);
  made.low_open = random.chance(0.5);
  made.high_open = random.chance(0.5);
  if (made.kind == rule_kind::rows) made.list = random_list(random, std::max(numbers, 1u), numbers / 2);
  if (made.kind == rule_kind::facet_any) made.list = random_list(random, facet_code_count, random.below(600));
  if (made.kind == rule_kind::facet_all) made.list = random_list(random, facet_code_count, random.below(2));
  if (made.kind == rule_kind::facet_bits)
    made.list = random_list(random, facet_code_count - 100, random.below(900));
  if (made.kind == rule_kind::range) {
    const double low = random.below(12);
    made.constants = {low, low + random.below(12)};
  }
  if (made.kind == rule_kind::one_of)
    for (uint32_t i = 0; i < 8; i++) made.constants.push_back(random.below(20));
  if (joins && depth > 0) {
    const uint32_t count = made.kind == rule_kind::negation ? 1 : random.below(5);
    for (uint32_t i = 0; i < count; i++)
      made.operands.push_back(random_expression(random, numbers, depth - 1));
  }
  return made;
}

bool holds(const expression &rule, const table &rows, uint32_t row, uint32_t number) {
  const auto operand = [&](const expression &one) { return holds(one, rows, row, number); };
  switch (rule.kind) {
    case rule_kind::constant:
      return rule.truth;
    case rule_kind::facet_any:
    case rule_kind::facet_bits:
      return matches(rule, rows, row) > 0;
    case rule_kind::facet_all:
      return matches(rule, rows, row) == rule.list.size();
    case rule_kind::range:
      return within(rule, rows.fields[rule.field][row]);
    case rule_kind::one_of: {
      const double value = rows.fields[rule.field][row];
      return std::any_of(rule.constants.begin(), rule.constants.end(),
                         [&](double one) { return one == value; });
    }
    case rule_kind::rows:
      return std::find(rule.list.begin(), rule.list.end(), number) != rule.list.end();
    case rule_kind::conjunction:
      return std::all_of(rule.operands.begin(), rule.operands.end(), operand);
    case rule_kind::disjunction:
      return std::any_of(rule.operands.begin(), rule.operands.end(), operand);
    case rule_kind::negation:
      return !operand(rule.operands[0]);
  }
  return false;
}

void mask_program::add_rule(const expression &rule) {
  emit(rule);
  rule_starts.push_back(static_cast<uint32_t>(code.size() / TP_MASK_WORDS));
}

void mask_program::emit(const expression &rule) {
  for (const expression &operand : rule.operands) emit(operand);
  const size_t list_at = lists.size();
  const size_t constants_at = constants.size();
  constants.insert(constants.end(), rule.constants.begin(), rule.constants.end());
  switch (rule.kind) {
    case rule_kind::constant:
      return instruction(rule.kind, rule.truth ? 1 : 0);
    case rule_kind::range:
      return instruction(rule.kind, rule.field, constants_at,
                         (rule.low_open ? 1 : 0) + (rule.high_open ? 2 : 0));
    case rule_kind::one_of:
      return instruction(rule.kind, rule.field, constants_at, rule.constants.size());
    case rule_kind::conjunction:
    case rule_kind::disjunction:
      return instruction(rule.kind, rule.operands.size());
    case rule_kind::negation:
      return instruction(rule.kind, 0);
    case rule_kind::facet_bits: {
      lists.resize(list_at + (facet_code_count - 100) / 32 + 1);
      for (const uint32_t value : rule.list) lists[list_at + value / 32] |= 1u << value % 32;
      return instruction(rule.kind, list_at, lists.size() - list_at);
    }
    default:
      lists.insert(lists.end(), rule.list.begin(), rule.list.end());
      return instruction(rule.kind, list_at, rule.list.size());
  }
}

void mask_program::instruction(rule_kind kind, size_t a, size_t b, size_t c) {
  code.push_back(static_cast<int32_t>(kind));
  code.push_back(static_cast<int32_t>(a));
  code.push_back(static_cast<int32_t>(b));
  code.push_back(static_cast<int32_t>(c));
}
