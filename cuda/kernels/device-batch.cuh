/* How kernels reach the rows of a batch (device-view.h). */
#ifndef TRIPTYCH_CUDA_DEVICE_BATCH_CUH
#define TRIPTYCH_CUDA_DEVICE_BATCH_CUH

#include "device-view.h"
#include "simt.cuh"

/* The block that a row number leads to, and the row's number in it. Batch: TpDeviceBatch or TpDeviceGram. */
template <typename Batch>
__device__ inline const TpDeviceBlock *tp_device_locate(const Batch *batch, uint32_t number, uint32_t *row) {
  const uint32_t first = batch->resident.rows.row_count;
  const bool resident = number < first;
  *row = resident ? number : number - first;
  return resident ? &batch->resident : &batch->transient;
}

template <typename Stored>
__device__ inline const Stored *tp_row_vector(const TpDeviceBlock *block, uint32_t row) {
  const Stored *segment = static_cast<const Stored *>(block->segments[row >> block->shift]);
  const uint32_t within = row & ((1u << block->shift) - 1u);
  return segment + static_cast<uint64_t>(within) * block->rows.stride;
}

__device__ inline float tp_row_scale(const TpDeviceBlock *block, uint32_t row) {
  return block->scales[row >> block->shift][row & ((1u << block->shift) - 1u)];
}

#endif
