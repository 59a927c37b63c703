/*
 * The device's copies of resident tables. Vectors lie in segments that generations of a table share: a
 * changed row goes to a slot that no earlier state shows, so queries of the state before are not disturbed.
 * All other columns are small and change together with an epoch (tie ranks, percentiles), so every generation
 * has them whole, in one slab; slabs are reused when the last query on their generation has ended.
 */
#ifndef TRIPTYCH_CUDA_DEVICE_TABLE_H
#define TRIPTYCH_CUDA_DEVICE_TABLE_H

#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "../kernels/device-view.h"
#include "device.h"
#include "memory.h"
#include "uploader.h"

/* Vectors (and scales) of 2^shift rows each. */
struct TpSegments {
  tp_tier tier;
  uint32_t dimension;
  uint32_t stride;
  uint32_t shift;
  std::vector<TpDeviceMemory> blocks;

  /* An empty list of segments for rows of this kind, about 32 MiB each, less where there are fewer rows. */
  static std::shared_ptr<TpSegments> for_rows(const tp_rows &rows);
  bool takes(const tp_rows &rows) const;
  size_t row_bytes() const;
  size_t block_bytes() const;
  uint8_t *vector_at(uint32_t row) const;
  uint8_t *scale_at(uint32_t row) const;
};

/* One state of a table. Immutable; kept alive by the queries that use it. */
struct TpGeneration {
  uint64_t epoch;
  std::shared_ptr<TpSegments> segments;
  std::shared_ptr<TpDeviceMemory> slab;
  TpDeviceBlock view;
};

/* f32, f16 or int8 elements of a row on the device: a multiple of 64 bytes. */
uint32_t tp_device_stride(tp_tier tier, uint32_t dimension);
size_t tp_element_bytes(tp_tier tier);

class TpTables {
 public:
  explicit TpTables(TpDevice *device) : device_(device) {}

  /* tp_backend_api.table_sync */
  tp_status sync(const tp_rows &rows, const uint32_t *changed, uint32_t changed_count, TpFailure *failure);
  void drop(uint64_t table);
  /* The state that these rows are, or null. */
  std::shared_ptr<const TpGeneration> find(const tp_rows &rows) const;

 private:
  struct Table {
    /* The newest last, two at most. */
    std::vector<std::shared_ptr<const TpGeneration>> generations;
    std::vector<std::shared_ptr<TpDeviceMemory>> slabs;
  };

  tp_status sync_locked(const tp_rows &rows, const uint32_t *changed, uint32_t changed_count,
                        TpFailure *failure);
  tp_status reserve_segments(TpSegments *segments, const tp_rows &rows, TpFailure *failure);
  tp_status reserve_slab(uint64_t number, size_t bytes, std::shared_ptr<TpDeviceMemory> *out,
                         TpFailure *failure);
  tp_status make_room(uint64_t number, size_t bytes, TpFailure *failure);
  tp_status free_bytes(size_t *out, TpFailure *failure) const;

  TpDevice *device_;
  /* One upload at a time; queries do not take it. */
  std::mutex upload_mutex_;
  TpUploader uploader_;
  mutable std::mutex tables_mutex_;
  std::map<uint64_t, Table> tables_;
};

#endif
