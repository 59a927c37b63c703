/* Kernels for the shim's own tests: two that are right, and one for each rule that can be broken. */
#ifndef TRIPTYCH_SHIM_SAMPLE_KERNELS_H
#define TRIPTYCH_SHIM_SAMPLE_KERNELS_H

#include <stdint.h>

#include "../kernels/simt_or_cuda.h"

constexpr unsigned SAMPLE_FULL_MASK = 0xffffffffu;

/* What a broken kernel does wrong. */
enum class flaw {
  none,
  barrier_in_branch,
  two_barriers,
  barrier_dropped,
  shuffle_in_branch,
  mask_without_own_lane,
  mask_with_returned_lane,
  masks_differ,
  barrier_meets_shuffle,
  barrier_for_ever,
  syncwarp_dropped,
  shared_index_past_end,
  shared_unwritten,
  shared_too_large,
  read_past_end,
  read_before_begin,
  host_pointer,
  write_to_input,
  read_unwritten_output,
  blocks_share_word,
  fence_dropped,
  vector_load_misaligned,
  local_index_past_end
};

/* One warp per row, the vector in shared memory. */
inline __global__ void sample_dot(const float *rows, const float *vector, float *out, uint32_t count,
                                  uint32_t dimension, uint32_t stride) {
  TP_SHARED(float4, staged, 256);
  for (uint32_t i = threadIdx.x; i < dimension / 4; i += blockDim.x)
    staged[i] = __ldg(reinterpret_cast<const float4 *>(vector) + i);
  __syncthreads();
  const uint32_t lane = threadIdx.x % 32;
  const uint32_t row = blockIdx.x * (blockDim.x / 32) + threadIdx.x / 32;
  if (row >= count) return;
  const float4 *own = reinterpret_cast<const float4 *>(rows + static_cast<size_t>(row) * stride);
  float sum = 0;
  for (uint32_t i = lane; i < dimension / 4; i += 32) {
    const float4 a = __ldg(own + i);
    const float4 b = staged[i];
    sum = fmaf(a.x, b.x, fmaf(a.y, b.y, fmaf(a.z, b.z, fmaf(a.w, b.w, sum))));
  }
  for (uint32_t step = 16; step > 0; step /= 2) sum += __shfl_down_sync(SAMPLE_FULL_MASK, sum, step);
  if (lane == 0) out[row] = sum;
}

/* Sum of a block by halving in shared memory, then of all blocks by the one that finishes last. */
template <flaw broken>
__global__ void sample_sum(const uint32_t *values, uint32_t count, uint32_t *parts, uint32_t *tickets,
                           uint32_t *out) {
  TP_SHARED(uint32_t, sums, 128);
  TP_SHARED(uint32_t, last, 1);
  const uint32_t i = blockIdx.x * blockDim.x + threadIdx.x;
  sums[threadIdx.x] = i < count ? values[i] : 0;
  __syncthreads();
  for (uint32_t half = blockDim.x / 2; half > 0; half /= 2) {
    if (threadIdx.x < half) sums[threadIdx.x] += sums[threadIdx.x + half];
    if (broken != flaw::barrier_dropped) __syncthreads();
  }
  if (threadIdx.x == 0) {
    parts[blockIdx.x] = sums[0];
    if (broken != flaw::fence_dropped) __threadfence();
    last[0] = atomicAdd(tickets, 1u) == gridDim.x - 1 ? 1 : 0;
  }
  __syncthreads();
  if (last[0] == 0 || threadIdx.x != 0) return;
  uint32_t sum = 0;
  for (uint32_t block = 0; block < gridDim.x; block++) sum += parts[block];
  *out = sum;
}

/* Every way to leave a barrier or a warp operation alone. */
template <flaw broken>
__global__ void sample_divergence(uint32_t *out) {
  const uint32_t lane = threadIdx.x % 32;
  uint32_t value = lane;
  switch (broken) {
    case flaw::barrier_in_branch:
      if (threadIdx.x < 40) {
        __syncthreads();
        value = __shfl_xor_sync(SAMPLE_FULL_MASK, value, 1);
      }
      break;
    case flaw::two_barriers:
      if (threadIdx.x < 32)
        __syncthreads();
      else
        __syncthreads();
      break;
    case flaw::shuffle_in_branch:
      if (lane < 16) value = __shfl_xor_sync(SAMPLE_FULL_MASK, value, 1);
      __syncthreads();
      break;
    case flaw::mask_without_own_lane:
      value = __shfl_xor_sync(0x7fffffffu, value, 1);
      break;
    case flaw::mask_with_returned_lane:
      if (lane >= 16) return;
      value = __shfl_down_sync(SAMPLE_FULL_MASK, value, 1);
      break;
    case flaw::masks_differ:
      value = __ballot_sync(lane < 16 ? 0x0000ffffu : SAMPLE_FULL_MASK, 1);
      break;
    case flaw::barrier_for_ever:
      while (value < 64) __syncthreads();
      break;
    case flaw::barrier_meets_shuffle:
      if (lane == 3)
        __syncthreads();
      else
        value = static_cast<uint32_t>(__any_sync(SAMPLE_FULL_MASK, 1));
      break;
    default:
      break;
  }
  out[threadIdx.x] = value;
}

/* Every way to touch memory that a GPU would not forgive, or would forgive only today. */
template <flaw broken>
__global__ void sample_memory(const uint32_t *in, uint32_t count, uint32_t *out) {
  TP_SHARED(uint32_t, cells, 64);
  TP_SHARED(uint32_t, others, 64);
  const uint32_t i = threadIdx.x;
  cells[i] = in[i];
  others[i] = 1;
  if (broken == flaw::syncwarp_dropped) out[i] = cells[i ^ 1];
  __syncwarp();
  const uint32_t neighbour = cells[i ^ 1];
  if (broken == flaw::shared_index_past_end && i == 63) *(static_cast<uint32_t *>(cells) + i + 1) = neighbour;
  if (broken == flaw::shared_unwritten) {
    TP_SHARED(uint32_t, fresh, 64);
    out[i] = fresh[i];
  }
  if (broken == flaw::shared_too_large) {
    TP_SHARED(uint32_t, large, 12288);
    large[i] = 1;
  }
  if (broken == flaw::read_past_end) out[i] = in[count - 63 + i];
  if (broken == flaw::read_before_begin) out[i] = *(in + i - 1);
  if (broken == flaw::write_to_input) const_cast<uint32_t *>(in)[i] = 0;
  if (broken == flaw::read_unwritten_output) out[i] += neighbour;
  if (broken == flaw::blocks_share_word && i == 0) out[0] = blockIdx.x;
  if (broken == flaw::vector_load_misaligned) out[i] = reinterpret_cast<const uint4 *>(in + 1)->y;
  if (broken == flaw::local_index_past_end) {
    uint32_t local[4] = {i, i, i, i};
    local[in[1] & 3] = 2;
    out[i] = local[in[i] & 7];
  }
  if (broken == flaw::none || broken == flaw::host_pointer) out[i] = neighbour;
}

#endif
