#include "device-table.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "slab.h"

namespace {

constexpr size_t segment_bytes = size_t{32} << 20;
constexpr uint32_t row_alignment_bytes = 64;
/* How long an upload without room waits for queries on the states that it gives up. */
constexpr double release_ms = 250;

size_t mebibytes(size_t bytes) { return bytes >> 20; }

/* Copies rows [first, last) of one segment: they are neighbours on the device as they are on the host. */
tp_status upload_run(const TpSegments &segments, const tp_rows &rows, uint32_t first, uint32_t last,
                     TpUploader *uploader, TpFailure *failure) {
  const size_t element = tp_element_bytes(rows.tier);
  const size_t used = rows.dimension * element;
  const auto *source = static_cast<const uint8_t *>(rows.vectors);
  TP_TRY(uploader->seek(segments.vector_at(first), failure));
  for (uint32_t row = first; row < last; row++) {
    TP_TRY(uploader->append(source + static_cast<uint64_t>(row) * rows.stride * element, used, failure));
    TP_TRY(uploader->pad(segments.row_bytes() - used, failure));
  }
  if (rows.tier != TP_INT8) return TP_OK;
  TP_TRY(uploader->seek(segments.scale_at(first), failure));
  return uploader->append(rows.scales + first, (last - first) * sizeof(float), failure);
}

/* Every row, or the changed ones, in runs of neighbours within a segment. */
tp_status upload_vectors(const TpSegments &segments, const tp_rows &rows, const uint32_t *changed,
                         uint32_t count, TpUploader *uploader, TpFailure *failure) {
  std::vector<uint32_t> sorted;
  if (changed != nullptr) {
    sorted.assign(changed, changed + count);
    std::sort(sorted.begin(), sorted.end());
    sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
  }
  const size_t total = changed != nullptr ? sorted.size() : rows.row_count;
  const auto row_at = [&](size_t i) { return changed != nullptr ? sorted[i] : static_cast<uint32_t>(i); };
  for (size_t i = 0; i < total;) {
    const uint32_t first = row_at(i);
    uint32_t last = first + 1;
    for (i++; i < total && row_at(i) == last && last >> segments.shift == first >> segments.shift; i++)
      last++;
    TP_TRY(upload_run(segments, rows, first, last, uploader, failure));
  }
  return TP_OK;
}

}  // namespace

size_t tp_element_bytes(tp_tier tier) { return tier == TP_F32 ? 4 : tier == TP_F16 ? 2 : 1; }

uint32_t tp_device_stride(tp_tier tier, uint32_t dimension) {
  const auto per_line = static_cast<uint32_t>(row_alignment_bytes / tp_element_bytes(tier));
  return (dimension + per_line - 1) / per_line * per_line;
}

std::shared_ptr<TpSegments> TpSegments::for_rows(const tp_rows &rows) {
  auto made = std::make_shared<TpSegments>();
  made->tier = rows.tier;
  made->dimension = rows.dimension;
  made->stride = tp_device_stride(rows.tier, rows.dimension);
  made->shift = 0;
  while (made->block_bytes() < segment_bytes && (1u << made->shift) < std::max(rows.row_count, 1024u))
    made->shift++;
  return made;
}

bool TpSegments::takes(const tp_rows &rows) const { return tier == rows.tier && dimension == rows.dimension; }

size_t TpSegments::row_bytes() const { return stride * tp_element_bytes(tier); }

size_t TpSegments::block_bytes() const {
  return (row_bytes() + (tier == TP_INT8 ? sizeof(float) : 0)) << shift;
}

uint8_t *TpSegments::vector_at(uint32_t row) const {
  return blocks[row >> shift].data() + (row & ((1u << shift) - 1u)) * row_bytes();
}

/* Scales lie behind the vectors of their segment. */
uint8_t *TpSegments::scale_at(uint32_t row) const {
  return blocks[row >> shift].data() + (row_bytes() << shift) + (row & ((1u << shift) - 1u)) * sizeof(float);
}

tp_status TpTables::sync(const tp_rows &rows, const uint32_t *changed, uint32_t changed_count,
                         TpFailure *failure) {
  if (rows.table == 0) return tp_fail(failure, TP_INVALID, "rows.table: 0 is no table");
  for (uint32_t i = 0; changed != nullptr && i < changed_count; i++)
    if (changed[i] >= rows.row_count)
      return tp_fail(failure, TP_INVALID, "changed[%u]: %u is not a row of %u", i, changed[i],
                     rows.row_count);
  const std::lock_guard<std::mutex> lock(upload_mutex_);
  TP_TRY(uploader_.open(failure));
  return sync_locked(rows, changed, changed_count, failure);
}

tp_status TpTables::sync_locked(const tp_rows &rows, const uint32_t *changed, uint32_t changed_count,
                                TpFailure *failure) {
  std::shared_ptr<const TpGeneration> last;
  {
    const std::lock_guard<std::mutex> lock(tables_mutex_);
    const Table &table = tables_[rows.table];
    if (!table.generations.empty()) last = table.generations.back();
  }
  if (last != nullptr && last->epoch == rows.epoch) return TP_OK;
  auto next = std::make_shared<TpGeneration>();
  next->epoch = rows.epoch;
  const bool goes_on = last != nullptr && changed != nullptr && last->segments->takes(rows);
  next->segments = goes_on ? last->segments : TpSegments::for_rows(rows);
  if (!goes_on) changed = nullptr;
  last.reset();
  TP_TRY(reserve_segments(next->segments.get(), rows, failure));
  TP_TRY(upload_vectors(*next->segments, rows, changed, changed_count, &uploader_, failure));
  const size_t bytes = tp_slab_bytes(rows, *next->segments);
  TP_TRY(reserve_slab(rows.table, bytes, &next->slab, failure));
  TP_TRY(tp_fill_slab(rows, *next->segments, next->slab->data(), &uploader_, &next->view, failure));
  TP_TRY(uploader_.finish(failure));
  const std::lock_guard<std::mutex> lock(tables_mutex_);
  auto &generations = tables_[rows.table].generations;
  generations.push_back(std::move(next));
  if (generations.size() > 2) generations.erase(generations.begin());
  return TP_OK;
}

/* Adds segments until all rows have a place; what is allocated is zero. */
tp_status TpTables::reserve_segments(TpSegments *segments, const tp_rows &rows, TpFailure *failure) {
  const uint64_t per_segment = uint64_t{1} << segments->shift;
  const uint64_t needed = (rows.row_count + per_segment - 1) / per_segment;
  if (needed <= segments->blocks.size()) return TP_OK;
  const size_t missing = (needed - segments->blocks.size()) * segments->block_bytes();
  TP_TRY(make_room(rows.table, missing + tp_slab_bytes(rows, *segments), failure));
  while (segments->blocks.size() < needed) {
    TpDeviceMemory block;
    TP_TRY(block.allocate(segments->block_bytes(), failure));
    TP_TRY(uploader_.clear(block.data(), block.bytes(), failure));
    segments->blocks.push_back(std::move(block));
  }
  return TP_OK;
}

/* A slab that no query uses any more, or a new one: allocated without the lock, which queries take. */
tp_status TpTables::reserve_slab(uint64_t number, size_t bytes, std::shared_ptr<TpDeviceMemory> *out,
                                 TpFailure *failure) {
  std::vector<std::shared_ptr<TpDeviceMemory>> outgrown;
  {
    const std::lock_guard<std::mutex> lock(tables_mutex_);
    auto &slabs = tables_[number].slabs;
    for (auto slab = slabs.begin(); slab != slabs.end();) {
      if (slab->use_count() > 1) {
        slab++;
        continue;
      }
      if ((*slab)->bytes() >= bytes) {
        *out = *slab;
        return TP_OK;
      }
      outgrown.push_back(std::move(*slab));
      slab = slabs.erase(slab);
    }
  }
  outgrown.clear();
  auto fresh = std::make_shared<TpDeviceMemory>();
  TP_TRY(fresh->allocate(bytes + bytes / 4, failure));
  const std::lock_guard<std::mutex> lock(tables_mutex_);
  tables_[number].slabs.push_back(fresh);
  *out = std::move(fresh);
  return TP_OK;
}

tp_status TpTables::free_bytes(size_t *out, TpFailure *failure) const {
  size_t available = 0;
  size_t total = 0;
  TP_CUDA(failure, cudaMemGetInfo(&available, &total));
  *out = available > device_->reserve_bytes ? available - device_->reserve_bytes : 0;
  return TP_OK;
}

/* Room for `bytes`; where there is none, the table's own earlier states are given up for it. */
tp_status TpTables::make_room(uint64_t number, size_t bytes, TpFailure *failure) {
  size_t available = 0;
  TP_TRY(free_bytes(&available, failure));
  if (bytes <= available) return TP_OK;
  drop(number);
  const double deadline_ms = tp_now_ms() + release_ms;
  do {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    TP_TRY(free_bytes(&available, failure));
    if (bytes <= available) return TP_OK;
  } while (tp_now_ms() < deadline_ms);
  return tp_fail(failure, TP_TOO_LARGE,
                 "the table takes %zu MiB on the device, %zu MiB are free beside a reserve of %zu",
                 mebibytes(bytes), mebibytes(available), mebibytes(device_->reserve_bytes));
}

void TpTables::drop(uint64_t table) {
  Table gone;
  const std::lock_guard<std::mutex> lock(tables_mutex_);
  const auto known = tables_.find(table);
  if (known == tables_.end()) return;
  gone = std::move(known->second);
  tables_.erase(known);
}

std::shared_ptr<const TpGeneration> TpTables::find(const tp_rows &rows) const {
  const std::lock_guard<std::mutex> lock(tables_mutex_);
  const auto known = tables_.find(rows.table);
  if (known == tables_.end() || rows.table == 0) return nullptr;
  for (const auto &generation : known->second.generations)
    if (generation->epoch == rows.epoch) return generation;
  return nullptr;
}
