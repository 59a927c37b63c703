/* The exact routines against score.h: bit by bit. */
#include <algorithm>

#include "request.h"
#include "variants.h"

namespace {

uint64_t bits_of(double value) {
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

bool same(double a, double b) { return a != a ? b != b : bits_of(a) == bits_of(b); }

void check_cosines(random_numbers &random, const tp_kernels *kernels, tp_tier tier, uint32_t dimension) {
  const uint32_t count = 19;
  block_owner block(random, tier, dimension, count, 0);
  const std::vector<float> query = random_unit(random, dimension);
  triptych::growing<double> wide;
  const double *vector = triptych::widen_vector(&wide, query.data(), dimension);
  for (uint32_t length = 0; length <= count; length++) {
    std::vector<uint32_t> indices(length);
    for (uint32_t &index : indices) index = random.below(count);
    std::vector<double> out(length);
    kernels->cosines(&block.rows, indices.data(), length, vector, out.data());
    for (uint32_t i = 0; i < length; i++) {
      const double exact = tp_cosine(&block.rows, indices[i], query.data());
      CHECK(same(out[i], exact), "%s %s dimension %u: %.17g, not %.17g", kernels->name, tier_name(tier),
            dimension, out[i], exact);
    }
  }
}

/* The pair as src/domain/gram.ts has it: row i widened with its scale, the scale of row j at the end. */
double pair_of(const tp_blocks *blocks, uint32_t number_i, uint32_t number_j) {
  uint32_t i;
  uint32_t j;
  const tp_rows *left = tp_locate(blocks, number_i, &i);
  const tp_rows *right = tp_locate(blocks, number_j, &j);
  double sums[8] = {};
  for (uint32_t k = 0; k < left->dimension; k++) {
    const uint64_t a = static_cast<uint64_t>(i) * left->stride + k;
    const uint64_t b = static_cast<uint64_t>(j) * right->stride + k;
    if (left->tier == TP_F32)
      sums[k % 8] +=
          tp_component(((const float *)left->vectors)[a]) * tp_component(((const float *)right->vectors)[b]);
    else if (left->tier == TP_F16)
      sums[k % 8] += tp_component(((const uint16_t *)left->vectors)[a]) *
                     tp_component(((const uint16_t *)right->vectors)[b]);
    else
      sums[k % 8] += (double)left->scales[i] * tp_component(((const int8_t *)left->vectors)[a]) *
                     tp_component(((const int8_t *)right->vectors)[b]);
  }
  return left->tier == TP_INT8 ? tp_fold(sums) * (double)right->scales[j] : tp_fold(sums);
}

void check_gram(random_numbers &random, const tp_kernels *kernels, block_shape shape, uint32_t count) {
  blocks_owner owner(random, shape);
  tp_backend *backend = triptych::open_with(kernels);
  std::vector<uint32_t> rows(count);
  for (uint32_t &row : rows) row = random.below(owner.row_count());
  const size_t pairs = count < 2 ? 0 : static_cast<size_t>(count) * (count - 1) / 2;
  std::vector<double> out(pairs + 1, 7.0);
  CHECK(triptych::gram(backend, &owner.blocks, rows.data(), count, out.data()) == TP_OK, "%s",
        backend->reason);
  size_t at = 0;
  for (uint32_t i = 0; i < count; i++)
    for (uint32_t j = i + 1; j < count; j++, at++) {
      const double exact = pair_of(&owner.blocks, rows[i], rows[j]);
      CHECK(same(out[at], exact), "%s %s dimension %u count %u pair %u, %u: %.17g, not %.17g", kernels->name,
            tier_name(shape.tier), shape.dimension, count, i, j, out[at], exact);
    }
  CHECK(out[pairs] == 7.0, "written beyond the end");
  delete backend;
}

struct expected_row {
  float score;
  uint32_t tie_rank;
  uint32_t position;
  double signals[TP_SIGNAL_COUNT];
  double contributions[TP_SIGNAL_COUNT];
};

expected_row expect(const tp_blocks *blocks, const request_owner &owner, uint32_t position) {
  const tp_request &request = owner.request;
  const uint32_t at = request.first + position;
  uint32_t row;
  const tp_rows *rows = tp_locate(blocks, owner.rows[at], &row);
  const tp_find_by_search find = {&request.preferences};
  double sums[TP_FACETS_MAX];
  uint32_t known[TP_FACETS_MAX];
  double factors[TP_FACET_VALUES_MAX];
  expected_row expected;
  const bool preferred = request.preferences.present != 0;
  const tp_candidate candidate = {owner.lexical[at], owner.graph[at], owner.fused[at], owner.rules[at]};
  tp_fill_signals(&request.params, rows, row, candidate,
                  request.query != nullptr ? tp_cosine(rows, row, request.query) : tp_nan(),
                  request.taste != nullptr ? tp_cosine(rows, row, request.taste) : tp_nan(),
                  preferred ? tp_preference(&request.preferences, rows, row, find, sums, known) : tp_nan(),
                  expected.signals);
  const double product =
      preferred ? tp_preference_product(&request.preferences, rows, row, find, factors) : 1;
  expected.score =
      tp_to_score(tp_contribute(&request.params, expected.signals, product, expected.contributions));
  expected.tie_rank = rows->tie_ranks[row];
  expected.position = position;
  return expected;
}

void check_rescore(random_numbers &random, const tp_kernels *kernels, block_shape shape) {
  blocks_owner owner(random, shape);
  const uint32_t count = 1 + random.below(150);
  const request_owner request(random, owner, count, false);
  std::vector<uint32_t> selected;
  std::vector<expected_row> expected;
  for (uint32_t i = 0; i < count; i++)
    if (random.chance(0.8)) selected.push_back(i);
  for (size_t i = selected.size(); i > 1; i--)
    std::swap(selected[i - 1], selected[random.below(static_cast<uint32_t>(i))]);
  for (const uint32_t position : selected) expected.push_back(expect(&owner.blocks, request, position));
  std::sort(expected.begin(), expected.end(), [](const expected_row &a, const expected_row &b) {
    if (a.score != b.score) return a.score > b.score;
    return a.tie_rank != b.tie_rank ? a.tie_rank < b.tie_rank : a.position < b.position;
  });
  std::vector<uint32_t> positions(count);
  std::vector<float> scores(count);
  std::vector<double> signals(count * TP_SIGNAL_COUNT);
  std::vector<double> contributions(count * TP_SIGNAL_COUNT);
  tp_ranked ranked = {0, positions.data(), scores.data(), signals.data(), contributions.data()};
  tp_backend *backend = triptych::open_with(kernels);
  CHECK(triptych::rescore(backend, &owner.blocks, &request.request, &request.columns, selected.data(),
                          static_cast<uint32_t>(selected.size()), &ranked) == TP_OK,
        "%s", backend->reason);
  const size_t wanted = std::min<size_t>(selected.size(), request.request.params.rank_depth);
  CHECK(ranked.count == wanted, "%u rows, not %zu", ranked.count, wanted);
  for (uint32_t i = 0; i < ranked.count; i++) {
    CHECK(positions[i] == expected[i].position, "place %u: position %u, not %u", i, positions[i],
          expected[i].position);
    CHECK(tp_bits_of_float(scores[i]) == tp_bits_of_float(expected[i].score), "place %u: score", i);
    for (uint32_t k = 0; k < TP_SIGNAL_COUNT; k++) {
      CHECK(same(signals[i * TP_SIGNAL_COUNT + k], expected[i].signals[k]), "place %u: signal %u", i, k);
      CHECK(same(contributions[i * TP_SIGNAL_COUNT + k], expected[i].contributions[k]),
            "place %u: contribution %u", i, k);
    }
  }
  delete backend;
}

}  // namespace

int main() {
  random_numbers random(test_seed());
  for (const tp_kernels *kernels : kernels_under_test())
    for (const tp_tier tier : {TP_F32, TP_F16, TP_INT8}) {
      for (uint32_t dimension = 1; dimension <= 40; dimension++)
        check_cosines(random, kernels, tier, dimension);
      for (const uint32_t dimension : {512u, 768u, 1001u, 4096u})
        check_cosines(random, kernels, tier, dimension);
      for (uint32_t count = 0; count <= 30; count++)
        check_gram(random, kernels, {tier, 1 + random.below(70), 20, 5}, count);
      check_gram(random, kernels, {tier, 512, 90, 10}, 130);
      check_gram(random, kernels, {tier, 4096, 20, 2}, 40);
      for (uint32_t i = 0; i < 40; i++)
        check_rescore(random, kernels, {tier, 1 + random.below(100), 60 + random.below(60), random.below(9)});
    }
  printf("exact: passed\n");
  return 0;
}
