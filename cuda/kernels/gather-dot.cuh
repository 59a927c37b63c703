/*
 * Cosines of gathered rows with the query and the taste vector of their request: one warp per candidate that passes.
 * Numerics: f32 products by fmaf into 4 running sums a lane (dimension / 128 terms each), folded over lanes in f64 and
 * rounded once; int8 is scaled once at the end. For unit vectors the error is below (dimension / 128 + 5) * 2^-24.
 * Bytes: dimension * (4, 2 or 1) a candidate from memory; the vectors of a request stay in L1; 8 written.
 * Shape: 8 warps a block, every lane loads 16 bytes a step.
 */
#ifndef TRIPTYCH_CUDA_GATHER_DOT_CUH
#define TRIPTYCH_CUDA_GATHER_DOT_CUH

#include "device-batch.cuh"
#include "row-chunk.cuh"

constexpr uint32_t TP_GATHER_BLOCK = 256;

/* Dot product of a stored row and a vector of `stride` components: every lane gets it. All lanes must arrive. */
template <typename Stored>
__device__ inline double tp_warp_dot(const Stored *row, const float *vector, uint32_t stride) {
  const uint32_t lane = threadIdx.x % TP_WARP;
  constexpr uint32_t size = TpChunk<Stored>::size;
  float sums[4] = {0.0f, 0.0f, 0.0f, 0.0f};
  for (uint32_t i = lane * size; i < stride; i += TP_WARP * size)
    tp_add_products(tp_load_chunk(row + i), vector + i, sums);
  const double even = static_cast<double>(sums[0]) + static_cast<double>(sums[2]);
  const double odd = static_cast<double>(sums[1]) + static_cast<double>(sums[3]);
  return tp_warp_sum(even + odd);
}

__device__ inline float tp_warp_cosine(const TpDeviceBlock *block, uint32_t row, const float *vector) {
  const uint32_t stride = block->rows.stride;
  if (block->rows.tier == TP_F32)
    return static_cast<float>(tp_warp_dot(tp_row_vector<float>(block, row), vector, stride));
  if (block->rows.tier == TP_F16)
    return static_cast<float>(tp_warp_dot(tp_row_vector<uint16_t>(block, row), vector, stride));
  const double sum = tp_warp_dot(tp_row_vector<int8_t>(block, row), vector, stride);
  return static_cast<float>(sum * static_cast<double>(tp_row_scale(block, row)));
}

__global__ void tp_gather_dot_kernel(const TpDeviceBatch *batch) {
  const uint32_t candidate = tp_thread() / TP_WARP;
  if (candidate >= batch->candidate_count || batch->passes[candidate] == 0) return;
  const tp_request *request = &batch->requests[batch->owners[candidate]];
  uint32_t row;
  const TpDeviceBlock *block = tp_device_locate(batch, batch->columns.rows[candidate], &row);
  const bool first_lane = threadIdx.x % TP_WARP == 0;
  if (request->query != nullptr) {
    const float cosine = tp_warp_cosine(block, row, request->query);
    if (first_lane) batch->query_cosines[candidate] = cosine;
  }
  if (request->taste != nullptr) {
    const float cosine = tp_warp_cosine(block, row, request->taste);
    if (first_lane) batch->taste_cosines[candidate] = cosine;
  }
}

/* batch: device address. */
cudaError_t tp_gather_dot(const TpDeviceBatch *batch, uint32_t candidate_count, cudaStream_t stream) {
  const uint64_t threads = static_cast<uint64_t>(candidate_count) * TP_WARP;
  LAUNCH(tp_gather_dot_kernel, tp_grid(threads, TP_GATHER_BLOCK), TP_GATHER_BLOCK, stream, batch);
  return cudaGetLastError();
}

#endif
