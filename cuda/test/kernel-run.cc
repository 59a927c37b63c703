#include "kernel-run.h"

#include <string.h>

#include <algorithm>

#include "device.h"
#include "launchers.h"

namespace {

tp_preferences device_preferences(device_scope &scope, const request &asked) {
  tp_preferences made = {};
  if (!asked.preferred) return made;
  std::vector<uint32_t> codes;
  std::vector<double> values;
  std::vector<uint8_t> facets;
  for (const preference &one : asked.preferences) {
    codes.push_back(one.code);
    values.push_back(one.value);
    facets.push_back(one.facet);
  }
  made.present = 1;
  made.count = static_cast<uint32_t>(codes.size());
  made.codes = scope.input("preference codes", codes);
  made.values = scope.input("preference values", values);
  made.facets = scope.input("preference facets", facets);
  made.facet_count = static_cast<uint32_t>(asked.facet_weights.size());
  made.facet_weights = scope.input("facet weights", asked.facet_weights);
  return made;
}

tp_mask device_mask(device_scope &scope, const request &asked) {
  tp_mask made = {};
  if (asked.rules.empty()) return made;
  mask_program program;
  for (const expression &rule : asked.rules) program.add_rule(rule);
  made.rule_count = static_cast<uint32_t>(asked.rules.size());
  made.rule_starts = scope.input("rule starts", program.rule_starts);
  made.code = scope.input("rule code", program.code);
  made.lists = scope.input("rule lists", program.lists);
  made.constants = scope.input("rule constants", program.constants);
  return made;
}

const float *device_vector(device_scope &scope, const char *name, const std::vector<float> &vector,
                           uint32_t stride) {
  return vector.empty() ? nullptr : scope.input(name, padded(vector, stride));
}

std::vector<tp_request> device_requests(device_scope &scope, const batch &of) {
  std::vector<tp_request> made;
  for (const request &asked : of.requests) {
    tp_request one = {};
    one.query = device_vector(scope, "query", asked.query, of.resident.stride);
    one.taste = device_vector(scope, "taste", asked.taste, of.resident.stride);
    one.preferences = device_preferences(scope, asked);
    one.mask = device_mask(scope, asked);
    one.params = asked.params;
    one.first = asked.first;
    one.count = asked.count;
    one.limit = asked.limit;
    made.push_back(one);
  }
  return made;
}

struct device_batch {
  TpDeviceBatch view = {};
  std::vector<uint32_t> dropped_starts{0};
};

device_batch make_device_batch(device_scope &scope, const batch &of, uint32_t shift) {
  device_batch made;
  TpDeviceBatch &view = made.view;
  const auto count = static_cast<uint32_t>(of.columns.rows.size());
  view.resident = device_block(scope, of.resident, shift);
  view.transient = device_block(scope, of.transient, 31);
  view.request_count = static_cast<uint32_t>(of.requests.size());
  view.candidate_count = count;
  view.requests = scope.input("requests", device_requests(scope, of));
  std::vector<uint32_t> owners;
  for (uint32_t i = 0; i < of.requests.size(); i++) {
    owners.insert(owners.end(), of.requests[i].count, i);
    made.dropped_starts.push_back(made.dropped_starts.back() +
                                  static_cast<uint32_t>(of.requests[i].rules.size()));
  }
  view.owners = scope.input("owners", owners);
  view.columns.rows = scope.input("rows", of.columns.rows);
  view.columns.lexical = scope.input("lexical", of.columns.lexical);
  view.columns.graph = scope.input("graph", of.columns.graph);
  view.columns.fused = scope.input("fused", of.columns.fused);
  view.columns.rules = scope.input("rules", of.columns.rules);
  view.passes = scope.output<uint8_t>("passes", count);
  view.query_cosines = scope.output<float>("query cosines", count);
  view.taste_cosines = scope.output<float>("taste cosines", count);
  view.keys = scope.output<uint64_t>("keys", count);
  view.dropped = scope.in_out("dropped", std::vector<uint32_t>(made.dropped_starts.back()));
  view.dropped_starts = scope.input("dropped starts", made.dropped_starts);
  return made;
}

void select(device_scope &scope, const batch &of, const TpDeviceBatch &view, kernel_answer &answer) {
  std::vector<TpTopSegment> segments;
  uint32_t places = 0;
  for (const request &asked : of.requests) {
    const uint32_t limit = std::max(1u, std::min(asked.limit, asked.count));
    segments.push_back({asked.first, asked.count, limit, places, 0});
    places += limit;
  }
  const auto request_count = static_cast<uint32_t>(segments.size());
  uint32_t *selected = scope.output<uint32_t>("selected", places);
  uint32_t *counts = scope.output<uint32_t>("selected counts", request_count);
  tp_top_rows(view.keys, nullptr, scope.input("segments of keys", segments), request_count, nullptr, selected,
              counts, nullptr);
  for (uint32_t i = 0; i < request_count; i++)
    answer.selected.emplace_back(selected + segments[i].out, selected + segments[i].out + counts[i]);
}

}  // namespace

kernel_answer run_kernels(const batch &of, uint32_t shift) {
  device_scope scope;
  const device_batch made = make_device_batch(scope, of, shift);
  const TpDeviceBatch *device = scope.input("batch", std::vector<TpDeviceBatch>{made.view});
  const uint32_t count = made.view.candidate_count;
  kernel_answer answer;
  if (count > 0) {
    tp_hard_mask(device, count, nullptr);
    tp_gather_dot(device, count, nullptr);
    tp_fused_score(device, count, nullptr);
  }
  select(scope, of, made.view, answer);
  answer.passes.assign(made.view.passes, made.view.passes + count);
  answer.keys.assign(made.view.keys, made.view.keys + count);
  for (size_t i = 0; i < of.requests.size(); i++)
    answer.dropped.emplace_back(made.view.dropped + made.dropped_starts[i],
                                made.view.dropped + made.dropped_starts[i + 1]);
  return answer;
}

double score_of(uint64_t key) {
  const auto monotone = static_cast<uint32_t>(key >> 32);
  const uint32_t bits = (monotone & 0x80000000u) != 0 ? monotone & 0x7fffffffu : ~monotone;
  float score;
  memcpy(&score, &bits, sizeof score);
  return static_cast<double>(score);
}

std::vector<uint32_t> best_of(const std::vector<uint64_t> &keys, uint32_t first, uint32_t count,
                              uint32_t limit) {
  std::vector<uint32_t> positions;
  for (uint32_t i = 0; i < count; i++)
    if (keys[first + i] != 0) positions.push_back(i);
  std::stable_sort(positions.begin(), positions.end(),
                   [&](uint32_t a, uint32_t b) { return keys[first + a] > keys[first + b]; });
  if (positions.size() > limit) positions.resize(limit);
  return positions;
}
