#include "slab.h"

namespace {

/* Columns begin at multiples of so many bytes. */
constexpr size_t alignment = 256;

/* Goes over the columns of a slab in order; with an uploader it also fills them. */
class SlabWriter {
 public:
  SlabWriter(uint8_t *slab, TpUploader *uploader, TpFailure *failure)
      : slab_(slab), uploader_(uploader), failure_(failure) {}

  template <typename T>
  const T *column(const T *source, size_t count) {
    const size_t bytes = count * sizeof(T);
    const size_t padding = (alignment - bytes % alignment) % alignment;
    const size_t at = used_;
    used_ += bytes + padding;
    if (uploader_ == nullptr) return nullptr;
    if (status_ == TP_OK) status_ = uploader_->append(source, bytes, failure_);
    if (status_ == TP_OK) status_ = uploader_->pad(padding, failure_);
    return reinterpret_cast<const T *>(slab_ + at);
  }

  size_t used() const { return used_; }
  tp_status status() const { return status_; }

 private:
  uint8_t *slab_;
  TpUploader *uploader_;
  TpFailure *failure_;
  size_t used_ = 0;
  tp_status status_ = TP_OK;
};

void write_columns(const tp_rows &rows, const TpSegments &segments, SlabWriter *writer, TpDeviceBlock *view) {
  const size_t count = rows.row_count;
  view->rows = rows;
  view->rows.stride = segments.stride;
  view->rows.vectors = nullptr;
  view->rows.scales = nullptr;
  view->rows.tie_ranks = writer->column(rows.tie_ranks, count);
  view->rows.popularity = writer->column(rows.popularity, count);
  view->rows.recency_ms = writer->column(rows.recency_ms, count);
  view->rows.facet_starts = writer->column(rows.facet_starts, count);
  view->rows.facet_counts = writer->column(rows.facet_counts, count);
  view->rows.facet_values = writer->column(rows.facet_values, rows.facet_value_count);
  std::vector<const double *> fields;
  for (uint32_t i = 0; i < rows.field_count; i++) fields.push_back(writer->column(rows.fields[i], count));
  view->rows.fields = writer->column(fields.data(), fields.size());
  std::vector<const void *> vectors;
  std::vector<const float *> scales;
  for (size_t i = 0; i < segments.blocks.size(); i++) {
    const auto first = static_cast<uint32_t>(i << segments.shift);
    vectors.push_back(segments.vector_at(first));
    scales.push_back(reinterpret_cast<const float *>(segments.scale_at(first)));
  }
  view->segments = writer->column(vectors.data(), vectors.size());
  view->scales = writer->column(scales.data(), scales.size());
  view->shift = segments.shift;
}

}  // namespace

size_t tp_slab_bytes(const tp_rows &rows, const TpSegments &segments) {
  TpDeviceBlock view;
  SlabWriter writer(nullptr, nullptr, nullptr);
  write_columns(rows, segments, &writer, &view);
  return writer.used();
}

tp_status tp_fill_slab(const tp_rows &rows, const TpSegments &segments, uint8_t *slab, TpUploader *uploader,
                       TpDeviceBlock *view, TpFailure *failure) {
  TP_TRY(uploader->seek(slab, failure));
  SlabWriter writer(slab, uploader, failure);
  write_columns(rows, segments, &writer, view);
  return writer.status();
}
