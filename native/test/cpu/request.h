/* Random requests over random blocks. */
#ifndef TRIPTYCH_TEST_REQUEST_H
#define TRIPTYCH_TEST_REQUEST_H

#include "fixture.h"

/* The owner of a tp_request and of its candidates' columns. */
struct request_owner {
  tp_request request = {};
  tp_columns columns = {};
  std::vector<float> query;
  std::vector<float> taste;
  std::vector<uint32_t> codes;
  std::vector<double> values;
  std::vector<uint8_t> facets;
  std::vector<double> facet_weights;
  std::vector<uint32_t> rule_starts;
  std::vector<int32_t> code;
  std::vector<uint32_t> lists;
  std::vector<double> constants;
  std::vector<uint32_t> rows;
  std::vector<float> lexical;
  std::vector<float> graph;
  std::vector<float> fused;
  std::vector<float> rules;

  /* count: candidates, some of them one row twice; the request begins at an offset of the columns. */
  request_owner(random_numbers &random, const blocks_owner &owner, uint32_t count, bool masked) {
    const uint32_t dimension = owner.blocks.resident.dimension;
    if (random.chance(0.9)) query = random_unit(random, dimension);
    if (random.chance(0.6)) taste = random_unit(random, dimension);
    add_preferences(random);
    rule_starts.push_back(0);
    if (masked) add_rules(random, owner.row_count());
    const uint32_t first = random.below(5);
    for (uint32_t i = 0; i < first + count; i++) add_candidate(random, owner.row_count());
    set_params(random);
    request.query = query.empty() ? nullptr : query.data();
    request.taste = taste.empty() ? nullptr : taste.data();
    request.preferences = {random.chance(0.7) ? 1u : 0u,
                           static_cast<uint32_t>(codes.size()),
                           codes.data(),
                           values.data(),
                           facets.data(),
                           static_cast<uint32_t>(facet_weights.size()),
                           facet_weights.data()};
    request.mask = {static_cast<uint32_t>(rule_starts.size() - 1), rule_starts.data(), code.data(),
                    lists.data(), constants.data()};
    request.first = first;
    request.count = count;
    request.limit = random.chance(0.2) ? count + 3 : random.below(count + 1);
    columns = {rows.data(), lexical.data(), graph.data(), fused.data(), rules.data()};
  }

 private:
  void add_preferences(random_numbers &random) {
    const uint32_t facet_count = 1 + random.below(4);
    for (uint32_t facet = 0; facet < facet_count; facet++) facet_weights.push_back(random.between(0, 2));
    for (uint32_t value = 0; value < code_count; value += 1 + random.below(12)) {
      codes.push_back(value);
      values.push_back(round(random.between(-1, 1) * 0x1p40) / 0x1p40);
      facets.push_back(static_cast<uint8_t>(random.below(facet_count)));
    }
  }

  static float column_value(random_numbers &random) {
    if (random.chance(0.2)) return NAN;
    return static_cast<float>(random.between(-0.2, 1.2));
  }

  void add_candidate(random_numbers &random, uint32_t row_count) {
    rows.push_back(!rows.empty() && random.chance(0.05) ? rows.back() : random.below(row_count));
    lexical.push_back(column_value(random));
    graph.push_back(column_value(random));
    fused.push_back(column_value(random));
    rules.push_back(column_value(random) - 0.5f);
  }

  void set_params(random_numbers &random) {
    tp_params &params = request.params;
    params.formula = static_cast<tp_formula>(random.below(3));
    params.rank_depth = 1 + random.below(80);
    for (double &weight : params.weights) weight = random.chance(0.2) ? 0 : random.uniform();
    params.lo = random.between(-0.5, 0.2);
    params.hi = params.lo + random.between(0.3, 1);
    params.reference_ms = 1.7e12;
    params.half_life_ms = random.between(1e8, 1e11);
    params.product_min = random.between(0, 0.8);
    params.product_max = random.between(1, 3);
  }

  void instruct(int32_t opcode, int32_t a, int32_t b, int32_t c) {
    code.insert(code.end(), {opcode, a, b, c});
  }

  int32_t add_list(random_numbers &random, uint32_t end, uint32_t step, uint32_t *length) {
    const int32_t start = static_cast<int32_t>(lists.size());
    for (uint32_t value = random.below(step); value < end; value += 1 + random.below(step))
      lists.push_back(value);
    *length = static_cast<uint32_t>(lists.size()) - static_cast<uint32_t>(start);
    return start;
  }

  void add_leaf(random_numbers &random, uint32_t row_count) {
    uint32_t length = 0;
    const int32_t constant = static_cast<int32_t>(constants.size());
    switch (random.below(7)) {
      case 0: {
        const int32_t start = add_list(random, code_count, 12, &length);
        return instruct(TP_FACET_ANY, start, static_cast<int32_t>(length), 0);
      }
      case 1:
        lists.push_back(random.below(code_count));
        return instruct(TP_FACET_ALL, static_cast<int32_t>(lists.size()) - 1, 1, 0);
      case 2:
        constants.insert(constants.end(), {static_cast<double>(random.below(3)), 9.0 - random.below(3)});
        return instruct(TP_RANGE, static_cast<int32_t>(random.below(field_count)), constant,
                        static_cast<int32_t>(random.below(4)));
      case 3:
        for (uint32_t i = 0; i < 6; i++) constants.push_back(random.below(10));
        return instruct(TP_ONE_OF, static_cast<int32_t>(random.below(field_count)), constant, 6);
      case 4: {
        const int32_t start = add_list(random, row_count, 3, &length);
        return instruct(TP_ROWS, start, static_cast<int32_t>(length), 0);
      }
      case 5: {
        const int32_t start = static_cast<int32_t>(lists.size());
        /* Fewer words than the codes need: what is beyond is not set. */
        for (uint32_t word = 0; word < 8; word++) lists.push_back(static_cast<uint32_t>(random.next()));
        return instruct(TP_FACET_BITS, start, 8, 0);
      }
      default:
        return instruct(TP_CONSTANT, random.chance(0.8) ? 1 : 0, 0, 0);
    }
  }

  /* One to three rules, each a leaf or a few leaves joined and negated. */
  void add_rules(random_numbers &random, uint32_t row_count) {
    const uint32_t rule_count = 1 + random.below(3);
    for (uint32_t rule = 0; rule < rule_count; rule++) {
      const uint32_t operands = 1 + random.below(4);
      for (uint32_t i = 0; i < operands; i++) {
        add_leaf(random, row_count);
        if (random.chance(0.2)) instruct(TP_NOT, 0, 0, 0);
      }
      if (operands > 1 || random.chance(0.2))
        instruct(random.chance(0.3) ? TP_AND : TP_OR, static_cast<int32_t>(operands), 0, 0);
      rule_starts.push_back(static_cast<uint32_t>(code.size() / TP_MASK_WORDS));
    }
  }
};

#endif
