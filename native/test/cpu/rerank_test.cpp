/* The first pass against score.h: drops, scores, selection, and bits that depend on nothing but the row. */
#include <math.h>

#include <algorithm>
#include <map>

#include "request.h"
#include "triptych/cpu.h"
#include "variants.h"

namespace {

struct oracle {
  std::vector<uint32_t> dropped;
  /* By position; NaN: dropped. */
  std::vector<double> scores;
  uint32_t passing = 0;
};

oracle ask(const tp_blocks *blocks, const request_owner &owner) {
  const tp_request &request = owner.request;
  oracle answer;
  answer.dropped.assign(request.mask.rule_count, 0);
  const tp_find_by_search find = {&request.preferences};
  std::vector<double> factors(TP_FACET_VALUES_MAX);
  for (uint32_t position = 0; position < request.count; position++) {
    const uint32_t at = request.first + position;
    uint32_t row;
    uint32_t stack[TP_MASK_STACK_WORDS];
    const tp_rows *rows = tp_locate(blocks, owner.rows[at], &row);
    const int32_t rule = tp_first_failing_rule(&request.mask, rows, row, owner.rows[at], stack);
    answer.scores.push_back(NAN);
    if (rule >= 0) {
      answer.dropped[rule]++;
      continue;
    }
    double sums[TP_FACETS_MAX];
    uint32_t known[TP_FACETS_MAX];
    double signals[TP_SIGNAL_COUNT];
    double contributions[TP_SIGNAL_COUNT];
    const bool preferred = request.preferences.present != 0;
    const tp_candidate candidate = {owner.lexical[at], owner.graph[at], owner.fused[at], owner.rules[at]};
    tp_fill_signals(&request.params, rows, row, candidate,
                    request.query != nullptr ? tp_cosine(rows, row, request.query) : tp_nan(),
                    request.taste != nullptr ? tp_cosine(rows, row, request.taste) : tp_nan(),
                    preferred ? tp_preference(&request.preferences, rows, row, find, sums, known) : tp_nan(),
                    signals);
    const double product =
        preferred ? tp_preference_product(&request.preferences, rows, row, find, factors.data()) : 1;
    answer.scores.back() = tp_contribute(&request.params, signals, product, contributions);
    answer.passing++;
  }
  return answer;
}

struct outcome {
  std::vector<uint32_t> selected;
  std::vector<uint32_t> dropped;
  /* Score by position of what passed. */
  std::map<uint32_t, float> scores;
};

outcome run(tp_backend *backend, const tp_blocks *blocks, const tp_request &request,
            const tp_columns &columns) {
  outcome outcome;
  outcome.selected.assign(request.count + 1, UINT32_MAX);
  outcome.dropped.assign(request.mask.rule_count + 1, 7);
  uint32_t count = 0;
  const uint32_t start = 0;
  const tp_batch batch = {1, &request, request.first + request.count, columns};
  tp_answer answer = {outcome.selected.data(), &start, &count, outcome.dropped.data(), &start};
  CHECK(triptych::rerank(backend, blocks, &batch, &answer, nullptr) == TP_OK, "%s", backend->reason);
  CHECK(outcome.selected[count] == UINT32_MAX && outcome.dropped.back() == 7, "written beyond the end");
  outcome.selected.resize(count);
  outcome.dropped.pop_back();
  uint32_t passing = request.count;
  for (const uint32_t drops : outcome.dropped) passing -= drops;
  for (uint32_t i = 0; i < passing; i++)
    outcome.scores[backend->positions[i]] = tp_score_of_key(backend->keys[i]);
  return outcome;
}

/* Selected: the best by (score, tie rank, position) of the scores that the backend itself has. */
void check_selection(const tp_blocks *blocks, const request_owner &owner, const outcome &outcome) {
  std::vector<uint32_t> order;
  for (const auto &entry : outcome.scores) order.push_back(entry.first);
  const auto tie_rank = [&](uint32_t position) {
    uint32_t row;
    const tp_rows *rows = tp_locate(blocks, owner.rows[owner.request.first + position], &row);
    return rows->tie_ranks[row];
  };
  std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    const float x = outcome.scores.at(a);
    const float y = outcome.scores.at(b);
    return x != y ? x > y : tie_rank(a) < tie_rank(b);
  });
  order.resize(std::min<size_t>(order.size(), owner.request.limit));
  std::sort(order.begin(), order.end());
  std::vector<uint32_t> selected = outcome.selected;
  std::sort(selected.begin(), selected.end());
  CHECK(selected == order, "the selection is not the best %u of %zu", owner.request.limit,
        outcome.scores.size());
}

/* Every row alone in a window has the bits that it has among others. */
void check_alone(tp_backend *backend, const tp_blocks *blocks, const request_owner &owner,
                 const outcome &together) {
  tp_request request = owner.request;
  for (const auto &entry : together.scores) {
    request.first = owner.request.first + entry.first;
    request.count = 1;
    request.limit = 1;
    const outcome alone = run(backend, blocks, request, owner.columns);
    CHECK(alone.selected.size() == 1 && alone.selected[0] == 0, "position %u alone is not selected",
          entry.first);
    CHECK(tp_bits_of_float(alone.scores.at(0)) == tp_bits_of_float(entry.second),
          "position %u: other bits alone", entry.first);
  }
}

double check_request(random_numbers &random, tp_backend *backend, const blocks_owner &blocks,
                     uint32_t count) {
  const request_owner owner(random, blocks, count, random.chance(0.7));
  const oracle expected = ask(&blocks.blocks, owner);
  const outcome outcome = run(backend, &blocks.blocks, owner.request, owner.columns);
  CHECK(outcome.dropped == expected.dropped, "drop counts");
  CHECK(outcome.scores.size() == expected.passing, "%zu passed, not %u", outcome.scores.size(),
        expected.passing);
  double worst = 0;
  for (const auto &entry : outcome.scores) {
    const double error = fabs(static_cast<double>(entry.second) - expected.scores[entry.first]);
    CHECK(error <= 2e-6, "%s position %u: %.9g, not %.9g", backend->kernels->name, entry.first,
          static_cast<double>(entry.second), expected.scores[entry.first]);
    worst = fmax(worst, error);
  }
  check_selection(&blocks.blocks, owner, outcome);
  check_alone(backend, &blocks.blocks, owner, outcome);
  return worst;
}

/* A row's bits do not depend on which of the two blocks it is in. */
void check_block(random_numbers &random, tp_backend *backend, tp_tier tier) {
  blocks_owner owner(random, {tier, 1 + random.below(90), 40, 0});
  const request_owner request(random, owner, 40, false);
  const outcome resident = run(backend, &owner.blocks, request.request, request.columns);
  tp_blocks moved = owner.blocks;
  moved.transient = owner.blocks.resident;
  moved.resident.row_count = 0;
  const outcome transient = run(backend, &moved, request.request, request.columns);
  CHECK(resident.scores == transient.scores && resident.selected == transient.selected, "block matters");
}

void check_warm_calls(random_numbers &random, tp_backend *backend) {
  blocks_owner blocks(random, {TP_F32, 64, 300, 10});
  std::vector<std::unique_ptr<request_owner>> requests;
  for (uint32_t i = 0; i < 20; i++) requests.emplace_back(new request_owner(random, blocks, 500, i % 2 == 0));
  const auto run_all = [&] {
    for (const auto &request : requests) run(backend, &blocks.blocks, request->request, request->columns);
  };
  run_all();
  const uint64_t before = tp_cpu_allocation_count();
  run_all();
  CHECK(tp_cpu_allocation_count() == before, "%s: a warm call asked for memory", backend->kernels->name);
}

void check_cancel(random_numbers &random, tp_backend *backend) {
  blocks_owner blocks(random, {TP_F32, 8, 300, 0});
  const request_owner owner(random, blocks, 500, false);
  const int32_t cancel = 1;
  std::vector<uint32_t> selected(500);
  uint32_t count = 0;
  uint32_t dropped[3];
  const uint32_t start = 0;
  const tp_batch batch = {1, &owner.request, owner.request.first + 500, owner.columns};
  tp_answer answer = {selected.data(), &start, &count, dropped, &start};
  CHECK(triptych::rerank(backend, &blocks.blocks, &batch, &answer, &cancel) == TP_CANCELLED, "not cancelled");
  /* What a cancelled request left behind does not reach the next. */
  check_request(random, backend, blocks, 300);
}

}  // namespace

int main() {
  random_numbers random(test_seed());
  for (const tp_kernels *kernels : kernels_under_test()) {
    tp_backend *backend = triptych::open_with(kernels);
    double worst = 0;
    for (const tp_tier tier : {TP_F32, TP_F16, TP_INT8}) {
      for (uint32_t count = 0; count <= 67; count++) {
        const blocks_owner blocks(random,
                                  {tier, 1 + random.below(130), 50, count % 3 == 0 ? 0 : random.below(20)});
        worst = fmax(worst, check_request(random, backend, blocks, count));
      }
      for (const uint32_t dimension : {512u, 768u, 4096u}) {
        const blocks_owner blocks(random, {tier, dimension, 100, 10}, dimension == 512 ? 200 : 8);
        worst = fmax(worst, check_request(random, backend, blocks, 600));
      }
      check_block(random, backend, tier);
    }
    check_warm_calls(random, backend);
    check_cancel(random, backend);
    printf("%s: furthest from the oracle %.3g\n", kernels->name, worst);
    delete backend;
  }
  printf("rerank: passed\n");
  return 0;
}
