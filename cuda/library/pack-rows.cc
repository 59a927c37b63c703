#include "instance.h"

tp_status tp_find_generation(tp_backend *backend, const tp_rows &rows,
                             std::shared_ptr<const TpGeneration> *out) {
  *out = backend->device->tables->find(rows);
  if (*out != nullptr && (*out)->view.rows.row_count == rows.row_count) return TP_OK;
  return tp_fail(&backend->failure, TP_INVALID, "table %llu: its epoch %llu is not on the device",
                 static_cast<unsigned long long>(rows.table), static_cast<unsigned long long>(rows.epoch));
}

namespace {

/* Rows at the device's stride, with zeros behind each. */
const void *pack_vectors(const tp_rows &rows, uint32_t stride, TpPacker *packer) {
  const size_t element = tp_element_bytes(rows.tier);
  const size_t row_bytes = stride * element;
  const size_t used = rows.dimension * element;
  const uint8_t *device;
  uint8_t *host = packer->room<uint8_t>(row_bytes * rows.row_count, &device);
  if (host == nullptr) return device;
  const auto *source = static_cast<const uint8_t *>(rows.vectors);
  for (size_t row = 0; row < rows.row_count; row++) {
    memcpy(host + row * row_bytes, source + row * rows.stride * element, used);
    memset(host + row * row_bytes + used, 0, row_bytes - used);
  }
  return device;
}

}  // namespace

tp_status tp_pack_transient(const tp_rows &rows, const TpDeviceBlock &resident, TpPacker *packer,
                            TpDeviceBlock *out, TpFailure *failure) {
  *out = resident;
  out->rows.row_count = rows.row_count;
  if (rows.row_count == 0) return TP_OK;
  if (rows.tier != resident.rows.tier || rows.dimension != resident.rows.dimension)
    return tp_fail(failure, TP_INVALID, "blocks.transient: tier or dimension differs from the table's");
  const size_t count = rows.row_count;
  out->rows.tie_ranks = packer->copy(rows.tie_ranks, count);
  out->rows.popularity = packer->copy(rows.popularity, count);
  out->rows.recency_ms = packer->copy(rows.recency_ms, count);
  out->rows.facet_starts = packer->copy(rows.facet_starts, count);
  out->rows.facet_counts = packer->copy(rows.facet_counts, count);
  out->rows.facet_value_count = rows.facet_value_count;
  out->rows.facet_values = packer->copy(rows.facet_values, rows.facet_value_count);
  out->rows.field_count = rows.field_count;
  std::vector<const double *> fields;
  for (uint32_t i = 0; i < rows.field_count; i++) fields.push_back(packer->copy(rows.fields[i], count));
  out->rows.fields = packer->copy(fields.data(), fields.size());
  const void *vectors = pack_vectors(rows, resident.rows.stride, packer);
  const float *scales = packer->copy(rows.scales, count);
  out->segments = packer->copy(&vectors, 1);
  out->scales = packer->copy(&scales, 1);
  out->shift = 31;
  return TP_OK;
}
