/*
 * Exact cosines of chosen rows: eight lanes per (query, row), lane l takes the terms l, l + 8, ... in f64, then the sums
 * are folded in halves. That is the order of triptych/dot.h, so the bits are those of every other backend.
 * Numerics: f64; a product of two stored components is exact, int8 is scaled once at the end.
 * Bytes: dimension * (4, 2 or 1) a pair, in sectors of 32 bytes; 8 written.
 * Shape: 32 pairs a block of 256.
 */
#ifndef TRIPTYCH_CUDA_EXACT_DOT_CUH
#define TRIPTYCH_CUDA_EXACT_DOT_CUH

#include "device-batch.cuh"

constexpr uint32_t TP_EXACT_BLOCK = 256;
constexpr uint32_t TP_EXACT_LANES = 8;

template <typename Stored>
__device__ inline double tp_lane_sum(const Stored *row, const float *vector, uint32_t dimension, uint32_t lane) {
  double sum = 0;
  for (uint32_t i = lane; i < dimension; i += TP_EXACT_LANES)
    sum += tp_component(row[i]) * static_cast<double>(vector[i]);
  return sum;
}

__device__ inline double tp_lane_sum_any_tier(const TpDeviceBlock *block, uint32_t row, const float *vector,
                                              uint32_t lane) {
  const uint32_t dimension = block->rows.dimension;
  if (block->rows.tier == TP_F32) return tp_lane_sum(tp_row_vector<float>(block, row), vector, dimension, lane);
  if (block->rows.tier == TP_F16) return tp_lane_sum(tp_row_vector<uint16_t>(block, row), vector, dimension, lane);
  return tp_lane_sum(tp_row_vector<int8_t>(block, row), vector, dimension, lane);
}

/*
 * rows: query_count lists of `limit` row numbers, of which counts[query] are in use; cosines: one per place. Threads
 * beyond the last pair compute the last one again, so that every lane arrives at the shuffles.
 */
__global__ void tp_exact_dot_kernel(const TpDeviceScan *scan, const uint32_t *rows, const uint32_t *counts,
                                    uint32_t limit, double *cosines) {
  const uint32_t pair_count = scan->query_count * limit;
  const uint32_t own = tp_thread() / TP_EXACT_LANES;
  const uint32_t pair = own < pair_count ? own : pair_count - 1;
  const uint32_t query = pair / limit;
  const uint32_t lane = threadIdx.x % TP_EXACT_LANES;
  const bool used = pair % limit < counts[query];
  const uint32_t row = used ? rows[pair] : 0;
  const float *vector = scan->queries + static_cast<uint64_t>(query) * scan->block.rows.stride;
  double sum = used ? tp_lane_sum_any_tier(&scan->block, row, vector, lane) : 0;
  sum += __shfl_xor_sync(TP_FULL_MASK, sum, 4);
  sum += __shfl_xor_sync(TP_FULL_MASK, sum, 2);
  sum += __shfl_xor_sync(TP_FULL_MASK, sum, 1);
  if (lane != 0 || own >= pair_count || !used) return;
  const bool scaled = scan->block.rows.tier == TP_INT8;
  cosines[pair] = scaled ? sum * static_cast<double>(tp_row_scale(&scan->block, row)) : sum;
}

/* scan, rows, counts, cosines: device addresses. query_count * limit < 2^32. */
cudaError_t tp_exact_dot(const TpDeviceScan *scan, uint32_t query_count, const uint32_t *rows,
                                const uint32_t *counts, uint32_t limit, double *cosines, cudaStream_t stream) {
  const uint64_t threads = static_cast<uint64_t>(query_count) * limit * TP_EXACT_LANES;
  LAUNCH(tp_exact_dot_kernel, tp_grid(threads, TP_EXACT_BLOCK), TP_EXACT_BLOCK, stream, scan, rows, counts, limit,
         cosines);
  return cudaGetLastError();
}

#endif
