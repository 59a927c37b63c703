#include "table.h"

void whole(tp_backend *backend, const machine &machine, uint32_t dimension, uint32_t count, uint32_t facets) {
  constexpr uint32_t codes = 4000;
  table table(machine.memory, size_t{count} * dimension * 4, TP_F32, dimension);
  std::vector<float> column(count, 0.5f);
  std::vector<float> popularity(count);
  std::vector<double> recency(count);
  std::vector<uint32_t> starts(count);
  std::vector<uint32_t> counts(count, facets);
  std::vector<uint32_t> values;
  for (uint32_t row = 0; row < count; row++) {
    popularity[row] = static_cast<float>(static_cast<double>(next_number() >> 11) * 0x1p-53);
    recency[row] = 1.7e12 - static_cast<double>(next_number() >> 24);
    starts[row] = row * facets;
    for (uint32_t i = 0; i < facets; i++) values.push_back(static_cast<uint32_t>(next_number() % codes));
  }
  tp_rows &rows = table.rows;
  rows.popularity = popularity.data();
  rows.recency_ms = recency.data();
  rows.facet_starts = starts.data();
  rows.facet_counts = counts.data();
  rows.facet_values = values.data();
  rows.facet_value_count = values.size();
  std::vector<uint32_t> codes_of;
  std::vector<double> preference_values;
  std::vector<uint8_t> facet_of;
  for (uint32_t code = 0; code < codes; code += 62) {
    codes_of.push_back(code);
    preference_values.push_back(0.25);
    facet_of.push_back(static_cast<uint8_t>(code % 4));
  }
  const double facet_weights[4] = {1, 1, 1, 1};
  const uint32_t rule_starts[2] = {0, 1};
  const double bounds[2] = {0.01, 1};
  const int32_t code[4] = {TP_RANGE, 0, 0, 0};
  const std::vector<double> field(count, 0.5);
  const double *fields[1] = {field.data()};
  rows.fields = fields;
  rows.field_count = 1;
  std::vector<float> query(dimension, 0.044f);
  tp_request request = {};
  request.query = query.data();
  request.preferences = {1,
                         static_cast<uint32_t>(codes_of.size()),
                         codes_of.data(),
                         preference_values.data(),
                         facet_of.data(),
                         4,
                         facet_weights};
  request.mask = {1, rule_starts, code, nullptr, bounds};
  request.params = {TP_LINEAR, 100, {1, 1, 1, 1, 1, 1, 1, 1, 1}, -1, 1, 1.7e12, 1e9, 0, 2};
  request.count = count;
  request.limit = 132;
  const std::vector<uint32_t> order = random_rows(count, count);
  const tp_blocks blocks = {rows, {}, codes};
  const tp_batch batch = {
      1, &request, count, {order.data(), column.data(), column.data(), column.data(), column.data()}};
  std::vector<uint32_t> selected(request.limit);
  uint32_t selected_count = 0;
  uint32_t dropped = 0;
  const uint32_t start = 0;
  tp_answer answer = {selected.data(), &start, &selected_count, &dropped, &start};
  std::vector<float> out(count);
  float *columns[1] = {out.data()};
  contest_timer timer(3);
  for (uint32_t round = 0; round < 15; round++) {
    timer.time(0, 20, [&] { triptych::rerank(backend, &blocks, &batch, &answer, nullptr); });
    timer.time(1, 20, [&] {
      backend->kernels->dots(&rows, order.data(), count, backend->vectors.all(), 1, columns);
    });
    timer.time(2, 20, [&] {
      triptych::select_best(backend->keys.data(), backend->positions.data(), count, request.limit,
                            backend->order.data(), selected.data());
    });
  }
  const double all = timer.quartile_ns(0);
  printf(
      "whole request, f32 %u-d N=%u, %u facet values a row: %.1f us, dots alone %.1f us (%.2fx), selection "
      "%.1f us\n",
      dimension, count, facets, all / 1e3, timer.quartile_ns(1) / 1e3, all / timer.quartile_ns(1),
      timer.quartile_ns(2) / 1e3);
}
