/*
 * hard-mask, gather-dot, fused-score and top-rows together, against the definitions in f64: masks and drop
 * counts are equal, scores within 2e-6, selection equal to a full sort of the kernels' own keys.
 */
#include <math.h>
#include <stdio.h>

#include <algorithm>

#include "check.h"
#include "kernel-run.h"
#include "schedules.h"

namespace {

constexpr double tolerance = 2e-6;
const char *const tier_names[] = {"f32", "f16", "int8"};

void check_candidates(const batch &of, const request &asked, const kernel_answer &answer, size_t index) {
  std::vector<uint32_t> dropped(asked.rules.size());
  for (uint32_t at = asked.first; at < asked.first + asked.count; at++) {
    const int rule = failing_rule(of, asked, at);
    if (rule >= 0) dropped[static_cast<size_t>(rule)]++;
    CHECK(answer.passes[at] == (rule < 0 ? 1 : 0), "candidate " << at << ": " << int{answer.passes[at]});
    CHECK((answer.keys[at] == 0) == (rule >= 0), "key of candidate " << at << ": " << answer.keys[at]);
    if (rule >= 0) continue;
    const double expected = true_score(of, asked, at);
    const double score = score_of(answer.keys[at]);
    CHECK(fabs(score - expected) <= tolerance,
          "request " << index << ", candidate " << at << ": " << score << ", not " << expected);
    uint32_t row;
    const table &rows = of.block_of(of.columns.rows[at], &row);
    CHECK(static_cast<uint32_t>(answer.keys[at]) == ~rows.tie_ranks[row], "tie rank of candidate " << at);
  }
  CHECK(answer.dropped[index] == dropped, "drop counts of request " << index);
}

void check_answer(const batch &of, const kernel_answer &answer) {
  for (size_t i = 0; i < of.requests.size(); i++) {
    const request &asked = of.requests[i];
    check_candidates(of, asked, answer, i);
    CHECK(answer.selected[i] == best_of(answer.keys, asked.first, asked.count, asked.limit),
          "selection of request " << i << " (" << asked.count << " candidates)");
  }
}

/* Under every schedule, the same bits; `schedules`: how many of them. */
void run_batch(const std::string &name, const batch_shape &shape, uint64_t seed, size_t schedules = 3) {
  const std::string title = name + ", " + tier_names[shape.tier] + ", dimension " +
                            std::to_string(shape.dimension) + ", seed " + std::to_string(seed);
  check::run_case(title, [&] {
    random_source random(seed);
    const batch of = make_batch(random, shape);
    kernel_answer first;
    for (size_t i = 0; i < schedules; i++) {
      simt::use_schedule(all_schedules[(i + seed) % 3]);
      const kernel_answer answer = run_kernels(of, 5 + static_cast<uint32_t>(seed % 3));
      if (i == 0) check_answer(of, answer);
      if (i == 0) first = answer;
      CHECK(answer.keys == first.keys, "keys depend on the schedule");
      CHECK(answer.selected == first.selected, "the selection depends on the schedule");
      CHECK(answer.dropped == first.dropped, "drop counts depend on the schedule");
    }
  });
}

/* The same candidates in another order and beside other requests have the same keys. */
void run_moved(tp_tier tier, uint32_t dimension, uint64_t seed) {
  check::run_case(
      std::string("moved candidates, ") + tier_names[tier] + ", seed " + std::to_string(seed), [&] {
        random_source random(seed);
        const batch of = make_batch(random, {tier, dimension, 90, 20, table_style::plain, {67, 40, 1}});
        batch moved = of;
        std::vector<uint32_t> order;
        /* The second request alone, shuffled, behind the first three candidates of the first. */
        const request &kept = of.requests[1];
        for (uint32_t i = 0; i < kept.count; i++) order.push_back(kept.first + i);
        random.shuffle(order);
        for (uint32_t i = 3; i > 0; i--) order.insert(order.begin(), i - 1);
        moved.requests.resize(2);
        moved.requests[0].count = moved.requests[1].first = 3;
        moved.columns = {};
        for (const uint32_t at : order) {
          moved.columns.rows.push_back(of.columns.rows[at]);
          moved.columns.lexical.push_back(of.columns.lexical[at]);
          moved.columns.graph.push_back(of.columns.graph[at]);
          moved.columns.fused.push_back(of.columns.fused[at]);
          moved.columns.rules.push_back(of.columns.rules[at]);
        }
        const kernel_answer before = run_kernels(of, 4);
        const kernel_answer after = run_kernels(moved, 6);
        for (size_t i = 0; i < order.size(); i++)
          CHECK(after.keys[i] == before.keys[order[i]], "candidate " << order[i] << " at position " << i);
      });
}

void run_dimensions(tp_tier tier) {
  for (const uint32_t dimension : {1u,   2u,   3u,   5u,   8u,   15u,  16u,  17u,   31u,   33u,   63u,  64u,
                                   100u, 127u, 129u, 255u, 512u, 513u, 768u, 1000u, 2047u, 4095u, 4096u})
    run_batch("dimensions", {tier, dimension, 40, 9, table_style::plain, {33, 0, 7}}, dimension + 10 * tier,
              1);
}

void run_windows(tp_tier tier) {
  for (const uint32_t count : {0u, 1u, 2u, 31u, 32u, 33u, 1000u})
    run_batch("a window of " + std::to_string(count), {tier, 24, 300, 40, table_style::plain, {count}},
              100 + count);
  std::vector<uint32_t> many;
  for (uint32_t i = 0; i < 32; i++) many.push_back(i % 5 == 3 ? 0 : i * 3 % 41);
  run_batch("32 requests, empty ones among them", {tier, 48, 200, 0, table_style::plain, many}, 200);
  run_batch("only empty requests", {tier, 16, 10, 0, table_style::plain, {0, 0}}, 201);
  run_batch("only transient rows", {tier, 16, 0, 50, table_style::plain, {64}}, 202);
  run_batch("all filtered", {tier, 16, 50, 5, table_style::plain, {64, 12}, true}, 203);
  run_batch("near ties", {tier, 100, 64, 8, table_style::near_ties, {300}, false, 50}, 204);
  run_batch("duplicates", {tier, 40, 64, 8, table_style::duplicates, {300, 31}, false, 20}, 205);
  run_batch("zero vectors", {tier, 40, 64, 8, table_style::zero_vectors, {96}}, 206);
  run_batch("heavy facets", {tier, 8, 64, 8, table_style::heavy_facets, {70, 30}}, 207);
  run_batch("heavy facets", {tier, 8, 64, 8, table_style::heavy_facets, {20, 30, 40}}, 208, 1);
  run_batch("one place", {tier, 8, 64, 8, table_style::plain, {100, 1}, false, 1}, 209, 1);
  run_batch("16,384 candidates", {tier, 20, 400, 100, table_style::plain, {16384}, false, 2048},
            210 + static_cast<uint64_t>(tier), 1);
}

}  // namespace

int main() {
  for (const tp_tier tier : {TP_F32, TP_F16, TP_INT8}) {
    run_windows(tier);
    run_dimensions(tier);
    for (uint64_t seed = 300; seed < 303; seed++) run_moved(tier, 100, seed);
  }
  return check::finish();
}
