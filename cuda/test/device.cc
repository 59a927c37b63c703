#include "device.h"

#include <algorithm>

namespace {

template <class Stored>
const void *device_segment(device_scope &scope, const table &rows, uint32_t first, uint32_t count) {
  std::vector<Stored> values(static_cast<size_t>(count) * rows.stride);
  const size_t from = static_cast<size_t>(first) * rows.stride * sizeof(Stored);
  if (count > 0) memcpy(values.data(), rows.vectors.data() + from, values.size() * sizeof(Stored));
  return scope.input("vectors", values);
}

const void *device_segment(device_scope &scope, const table &rows, uint32_t first, uint32_t count) {
  if (rows.shape.tier == TP_F32) return device_segment<float>(scope, rows, first, count);
  if (rows.shape.tier == TP_F16) return device_segment<uint16_t>(scope, rows, first, count);
  return device_segment<int8_t>(scope, rows, first, count);
}

}  // namespace

TpDeviceBlock device_block(device_scope &scope, const table &rows, uint32_t shift) {
  TpDeviceBlock block = {};
  block.shift = shift;
  const uint32_t row_count = rows.shape.row_count;
  std::vector<const void *> segments;
  std::vector<const float *> scales;
  const uint64_t most = 1ull << shift;
  for (uint64_t first = 0; first < row_count; first += most) {
    const auto count = static_cast<uint32_t>(std::min<uint64_t>(most, row_count - first));
    segments.push_back(device_segment(scope, rows, static_cast<uint32_t>(first), count));
    if (rows.shape.tier != TP_INT8) continue;
    const auto from = rows.scales.begin() + static_cast<ptrdiff_t>(first);
    scales.push_back(scope.input("scales", std::vector<float>(from, from + count)));
  }
  block.segments = scope.input("segments", segments);
  block.scales = scope.input("scales of segments", scales);
  block.rows.row_count = row_count;
  block.rows.dimension = rows.shape.dimension;
  block.rows.stride = rows.stride;
  block.rows.tier = rows.shape.tier;
  block.rows.tie_ranks = scope.input("tie ranks of rows", rows.tie_ranks);
  block.rows.popularity = scope.input("popularity", rows.popularity);
  block.rows.recency_ms = scope.input("recency", rows.recency_ms);
  block.rows.facet_starts = scope.input("facet starts", rows.facet_starts);
  block.rows.facet_counts = scope.input("facet counts", rows.facet_counts);
  block.rows.facet_values = scope.input("facet values", rows.facet_values);
  block.rows.facet_value_count = rows.facet_values.size();
  std::vector<const double *> fields;
  for (const auto &field : rows.fields) fields.push_back(scope.input("field", field));
  block.rows.fields = scope.input("fields", fields);
  block.rows.field_count = field_count;
  return block;
}

std::vector<float> padded(const std::vector<float> &vector, uint32_t stride) {
  std::vector<float> out(vector);
  out.resize(stride, 0.0f);
  return out;
}
