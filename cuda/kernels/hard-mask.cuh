/*
 * Hard rules of each candidate's request on its row: one thread per candidate, before any vector is read.
 * Numerics: comparisons of stored f64 alone; the same code as the CPU's (triptych/mask.h).
 * Bytes: 4 a row number, 8 a facet list head, 4 a facet value, 8 a field that a rule names; 1 written.
 * Shape: candidate_count threads in blocks of 128; the operand stack is 128 bytes of local memory a thread.
 */
#ifndef TRIPTYCH_CUDA_HARD_MASK_CUH
#define TRIPTYCH_CUDA_HARD_MASK_CUH

#include "device-batch.cuh"
#include "triptych/mask.h"

constexpr uint32_t TP_MASK_BLOCK = 128;

__global__ void tp_hard_mask_kernel(const TpDeviceBatch *batch) {
  const uint32_t candidate = tp_thread();
  if (candidate >= batch->candidate_count) return;
  const uint32_t owner = batch->owners[candidate];
  const tp_mask *mask = &batch->requests[owner].mask;
  const uint32_t number = batch->columns.rows[candidate];
  uint32_t row;
  const TpDeviceBlock *block = tp_device_locate(batch, number, &row);
  uint32_t stack[TP_MASK_STACK_WORDS];
  const int32_t rule = tp_first_failing_rule(mask, &block->rows, row, number, stack);
  batch->passes[candidate] = rule < 0 ? 1 : 0;
  if (rule >= 0) atomicAdd(&batch->dropped[batch->dropped_starts[owner] + static_cast<uint32_t>(rule)], 1u);
}

/* batch: device address. */
cudaError_t tp_hard_mask(const TpDeviceBatch *batch, uint32_t candidate_count, cudaStream_t stream) {
  LAUNCH(tp_hard_mask_kernel, tp_grid(candidate_count, TP_MASK_BLOCK), TP_MASK_BLOCK, stream, batch);
  return cudaGetLastError();
}

#endif
