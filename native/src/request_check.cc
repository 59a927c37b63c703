#include "request_check.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "table.h"

namespace triptych {

namespace {

/* src/domain/mask-program.ts */
enum Opcode {
  op_constant = 0,
  op_facet_any = 1,
  op_facet_all = 2,
  op_range = 3,
  op_one_of = 4,
  op_rows = 5,
  op_and = 6,
  op_or = 7,
  op_not = 8,
  op_facet_bits = 9
};

/* The record of one request. */
struct Record {
  const uint32_t *words;
  uint32_t index;

  uint32_t word(uint32_t at) const { return words[at]; }
  double number(uint32_t at) const {
    double value;
    std::memcpy(&value, words + 2 * at, sizeof value);
    return value;
  }
  Path path(const char *member) const { return Path("arena.requests[%u]%s", index, member); }
};

template <typename T>
bool section(SectionReader &reader, const Record &record, uint32_t at_word, uint64_t count,
             const char *member, const T *&out) {
  return reader.input(record.word(at_word), count, Where{member, record.index}, out);
}

bool at_least_zero(double value) { return value >= 0 && std::isfinite(value); }

bool read_params(Problem &problem, const Record &record, tp_params &params) {
  const uint32_t formula = record.word(layout::formula_word);
  if (formula > TP_RRF)
    return problem.set(codes::invalid, record.path(".params.formula").c_str(), "there is no formula %u",
                       formula);
  params.formula = static_cast<tp_formula>(formula);
  params.rank_depth = record.word(layout::rank_depth_word);
  for (uint32_t i = 0; i < TP_SIGNAL_COUNT; i++) {
    params.weights[i] = record.number(layout::weights_double + i);
    if (!at_least_zero(params.weights[i]))
      return problem.set(codes::range, Path("arena.requests[%u].params.weights[%u]", record.index, i).c_str(),
                         "%g is not a finite number >= 0", params.weights[i]);
  }
  params.lo = record.number(layout::lo_double);
  params.hi = record.number(layout::hi_double);
  if (!(std::isfinite(params.lo) && std::isfinite(params.hi) && params.lo < params.hi))
    return problem.set(codes::range, record.path(".params.lo").c_str(), "%g and hi %g are not an interval",
                       params.lo, params.hi);
  params.reference_ms = record.number(layout::reference_ms_double);
  params.half_life_ms = record.number(layout::half_life_ms_double);
  if (!(params.half_life_ms > 0 && std::isfinite(params.half_life_ms)))
    return problem.set(codes::range, record.path(".params.halfLifeMs").c_str(),
                       "%g is not a finite number > 0", params.half_life_ms);
  params.product_min = record.number(layout::product_min_double);
  params.product_max = record.number(layout::product_max_double);
  if (!(at_least_zero(params.product_min) && params.product_min <= params.product_max &&
        std::isfinite(params.product_max)))
    return problem.set(codes::range, record.path(".params.productMin").c_str(),
                       "%g and productMax %g are not an interval above 0", params.product_min,
                       params.product_max);
  return true;
}

bool read_vector(SectionReader &reader, const Record &record, uint32_t at_word, const char *member,
                 uint32_t dimension, const float *&out) {
  out = nullptr;
  if (record.word(at_word) == 0) return true;
  if (!section(reader, record, at_word, dimension, member, out)) return false;
  /* Written so that NaN fails. */
  const double length = length_of(out, dimension);
  if (std::fabs(length - 1) <= unit_tolerance) return true;
  return reader.problem().set(codes::range, record.path(member).c_str(), "has length %g, not 1", length);
}

bool check_preferences(Problem &problem, const Record &record, uint32_t code_count,
                       const tp_preferences &all) {
  for (uint32_t i = 0; i < all.count; i++) {
    const uint32_t code = all.codes[i];
    const uint32_t index = record.index;
    if (code >= code_count || (i > 0 && code <= all.codes[i - 1]))
      return problem.set(codes::range, Path("arena.requests[%u].preferences.codes[%u]", index, i).c_str(),
                         "%u is not above the code before and below %u", code, code_count);
    if (!(all.values[i] >= -1 && all.values[i] <= 1))
      return problem.set(codes::range, Path("arena.requests[%u].preferences.values[%u]", index, i).c_str(),
                         "%g is not within -1..1", all.values[i]);
    if (all.facets[i] >= all.facet_count)
      return problem.set(codes::range, Path("arena.requests[%u].preferences.facets[%u]", index, i).c_str(),
                         "%u is not one of %u facets", all.facets[i], all.facet_count);
  }
  for (uint32_t i = 0; i < all.facet_count; i++)
    if (!at_least_zero(all.facet_weights[i]))
      return problem.set(codes::range,
                         Path("arena.requests[%u].preferences.facetWeights[%u]", record.index, i).c_str(),
                         "%g is not a finite number >= 0", all.facet_weights[i]);
  return true;
}

bool read_preferences(SectionReader &reader, const Record &record, uint32_t code_count, tp_preferences &all) {
  all = {};
  all.present = record.word(layout::preferences_present_word) != 0 ? 1 : 0;
  if (all.present == 0) return true;
  all.count = record.word(layout::preference_count_word);
  all.facet_count = record.word(layout::facet_count_word);
  if (all.facet_count > facets_max)
    return reader.problem().set(codes::range, record.path(".preferences.facetWeights").c_str(),
                                "has %u facets, at most %u", all.facet_count, facets_max);
  return section(reader, record, layout::preference_codes_at_word, all.count, ".preferences.codes",
                 all.codes) &&
         section(reader, record, layout::preference_values_at_word, all.count, ".preferences.values",
                 all.values) &&
         section(reader, record, layout::preference_facets_at_word, all.count, ".preferences.facets",
                 all.facets) &&
         section(reader, record, layout::facet_weights_at_word, all.facet_count, ".preferences.facetWeights",
                 all.facet_weights) &&
         check_preferences(reader.problem(), record, code_count, all);
}

/* Where the parts of a mask's instructions may lead. */
struct MaskScope {
  uint32_t field_count;
  uint32_t list_count;
  uint32_t constant_count;
};

/* [at, at + count) lies within `size`. */
bool lies_within(int32_t at, int32_t count, uint32_t size) {
  return at >= 0 && count >= 0 && (uint64_t)(uint32_t)at + (uint32_t)count <= size;
}

bool leaf_is_sound(const int32_t *word, const MaskScope &scope) {
  const bool field = word[1] >= 0 && (uint32_t)word[1] < scope.field_count;
  switch (word[0]) {
    case op_constant:
      return true;
    case op_facet_any:
    case op_facet_all:
    case op_rows:
    case op_facet_bits:
      return lies_within(word[1], word[2], scope.list_count);
    case op_range:
      return field && lies_within(word[2], 2, scope.constant_count);
    case op_one_of:
      return field && lies_within(word[2], word[3], scope.constant_count);
    default:
      return false;
  }
}

/* Operands on the stack after the instruction, -1 where it is not sound. */
int64_t depth_after(const int32_t *word, int64_t depth, const MaskScope &scope) {
  if (word[0] == op_and || word[0] == op_or)
    return word[1] >= 0 && word[1] <= depth ? depth - word[1] + 1 : -1;
  if (word[0] == op_not) return depth >= 1 ? depth : -1;
  return leaf_is_sound(word, scope) ? depth + 1 : -1;
}

bool check_rule(Problem &problem, const Record &record, const tp_mask &mask, uint32_t rule,
                const MaskScope &scope) {
  int64_t depth = 0;
  for (uint32_t i = mask.rule_starts[rule]; i < mask.rule_starts[rule + 1]; i++) {
    depth = depth_after(mask.code + (size_t)TP_MASK_WORDS * i, depth, scope);
    if (depth < 0 || depth > (int64_t)TP_MASK_STACK)
      return problem.set(codes::range, Path("arena.requests[%u].mask.code[%u]", record.index, i).c_str(),
                         "the instruction leads out of the program's lists, fields or stack");
  }
  if (depth != 1)
    return problem.set(codes::range,
                       Path("arena.requests[%u].mask.ruleStarts[%u]", record.index, rule).c_str(),
                       "the rule leaves %lld values, not 1", (long long)depth);
  return true;
}

bool read_mask(SectionReader &reader, const Record &record, uint32_t field_count, tp_mask &mask) {
  mask = {};
  mask.rule_count = record.word(layout::rule_count_word);
  if (mask.rule_count == 0) return true;
  const uint32_t instructions = record.word(layout::instruction_count_word);
  const MaskScope scope = {field_count, record.word(layout::list_count_word),
                           record.word(layout::constant_count_word)};
  if (!section(reader, record, layout::rule_starts_at_word, (uint64_t)mask.rule_count + 1, ".mask.ruleStarts",
               mask.rule_starts) ||
      !section(reader, record, layout::code_at_word, (uint64_t)TP_MASK_WORDS * instructions, ".mask.code",
               mask.code) ||
      !section(reader, record, layout::lists_at_word, scope.list_count, ".mask.lists", mask.lists) ||
      !section(reader, record, layout::constants_at_word, scope.constant_count, ".mask.constants",
               mask.constants))
    return false;
  for (uint32_t rule = 0; rule < mask.rule_count; rule++) {
    if (mask.rule_starts[rule] > mask.rule_starts[rule + 1] || mask.rule_starts[rule + 1] > instructions)
      return reader.problem().set(
          codes::range, Path("arena.requests[%u].mask.ruleStarts[%u]", record.index, rule + 1).c_str(),
          "%u is not within the program's %u instructions", mask.rule_starts[rule + 1], instructions);
    if (!check_rule(reader.problem(), record, mask, rule, scope)) return false;
  }
  return true;
}

}  // namespace

double length_of(const float *vector, uint32_t dimension) {
  double squares = 0;
  for (uint32_t i = 0; i < dimension; i++) squares += (double)vector[i] * (double)vector[i];
  return std::sqrt(squares);
}

bool read_request(SectionReader &reader, uint32_t index, const RequestScope &scope, tp_request &request) {
  const uint64_t at = reader.header(layout::requests_at_word) + (uint64_t)layout::request_bytes * index;
  Problem &problem = reader.problem();
  const uint32_t *words;
  /* The header's own section was checked to hold all records, so the sum cannot leave 32 bits. */
  if (!reader.input((uint32_t)at, layout::request_bytes / 4, Where{"", index}, words)) return false;
  const Record record = {words, index};
  request = {};
  request.first = record.word(layout::first_word);
  request.count = record.word(layout::count_word);
  request.limit = std::min(record.word(layout::limit_word), request.count);
  if ((uint64_t)request.first + request.count > scope.candidate_count)
    return problem.set(codes::range, record.path(".count").c_str(),
                       "%u candidates from %u on do not lie within %u", request.count, request.first,
                       scope.candidate_count);
  return read_params(problem, record, request.params) &&
         read_vector(reader, record, layout::query_at_word, ".queryVector", scope.dimension, request.query) &&
         read_vector(reader, record, layout::taste_at_word, ".tasteVector", scope.dimension, request.taste) &&
         read_preferences(reader, record, scope.facet_code_count, request.preferences) &&
         read_mask(reader, record, scope.field_count, request.mask);
}

}  // namespace triptych
