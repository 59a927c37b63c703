/*
 * Selection keys of every row of a table for up to 8 queries at once: one warp per two rows, so that a row is read from
 * memory once and a query's components from L1 once per two rows. The best of each block of rows are then chosen by
 * top-rows.cuh, and the best of those again.
 * Numerics: f32 by fmaf into one running sum a lane (dimension / 32 terms), folded over lanes in f64, rounded once; int8
 * is scaled at the end. For unit vectors the error is below (dimension / 32 + 2) * 2^-24: what is chosen is computed
 * exactly (exact-dot.cuh) and the choice proven by that bound. Rows that the mask leaves out get key 0.
 * Bytes: dimension * (4, 2 or 1) a row for 8 queries, 5 for mask and tie rank; 8 written a row and query.
 * Shape: 8 warps a block, ceil(rows / 16) blocks.
 */
#ifndef TRIPTYCH_CUDA_FLAT_SCAN_CUH
#define TRIPTYCH_CUDA_FLAT_SCAN_CUH

#include "device-batch.cuh"
#include "row-chunk.cuh"
#include "triptych/score.h"

constexpr uint32_t TP_SCAN_BLOCK = 256;
constexpr uint32_t TP_SCAN_QUERIES = 8;
constexpr uint32_t TP_SCAN_ROWS = 2;

/* Sums of both rows with all queries: row-major TP_SCAN_ROWS x TP_SCAN_QUERIES, each lane its own share. */
template <typename Stored>
__device__ inline void tp_scan_sums(const TpDeviceScan *scan, uint32_t first_query, uint32_t row_a, uint32_t row_b,
                                    float *sums) {
  constexpr uint32_t size = TpChunk<Stored>::size;
  const uint32_t stride = scan->block.rows.stride;
  const Stored *a = tp_row_vector<Stored>(&scan->block, row_a);
  const Stored *b = tp_row_vector<Stored>(&scan->block, row_b);
  const float *queries = scan->queries + static_cast<uint64_t>(first_query) * stride;
  for (uint32_t i = (threadIdx.x % TP_WARP) * size; i < stride; i += TP_WARP * size) {
    const TpChunk<Stored> chunk_a = tp_load_chunk(a + i);
    const TpChunk<Stored> chunk_b = tp_load_chunk(b + i);
#pragma unroll
    for (uint32_t q = 0; q < TP_SCAN_QUERIES; q++) {
      if (first_query + q >= scan->query_count) continue;
      const float *query = queries + static_cast<uint64_t>(q) * stride + i;
      sums[q] = tp_add_products_to_one(chunk_a, query, sums[q]);
      sums[TP_SCAN_QUERIES + q] = tp_add_products_to_one(chunk_b, query, sums[TP_SCAN_QUERIES + q]);
    }
  }
}

__device__ inline void tp_scan_any_tier(const TpDeviceScan *scan, uint32_t first_query, uint32_t row_a, uint32_t row_b,
                                        float *sums) {
  if (scan->block.rows.tier == TP_F32) tp_scan_sums<float>(scan, first_query, row_a, row_b, sums);
  if (scan->block.rows.tier == TP_F16) tp_scan_sums<uint16_t>(scan, first_query, row_a, row_b, sums);
  if (scan->block.rows.tier == TP_INT8) tp_scan_sums<int8_t>(scan, first_query, row_a, row_b, sums);
}

/* Folds a lane's share over the warp; the lane that is asked writes the key. All lanes must arrive. */
__device__ inline void tp_write_scan_key(const TpDeviceScan *scan, uint32_t query, uint32_t row, float sum,
                                         bool writes) {
  const double whole = tp_warp_sum(static_cast<double>(sum));
  if (!writes) return;
  const bool scaled = scan->block.rows.tier == TP_INT8;
  const double cosine = scaled ? whole * static_cast<double>(tp_row_scale(&scan->block, row)) : whole;
  const uint64_t at = static_cast<uint64_t>(query) * scan->block.rows.row_count + row;
  const uint64_t key = tp_key(tp_to_score(cosine), scan->block.rows.tie_ranks[row]);
  scan->keys[at] = scan->mask[row] != 0 ? key : 0;
}

/* Queries first_query .. first_query + 8, as far as there are so many. */
__global__ void tp_flat_scan_kernel(const TpDeviceScan *scan, uint32_t first_query) {
  const uint32_t row_count = scan->block.rows.row_count;
  const uint32_t row_a = tp_thread() / TP_WARP * TP_SCAN_ROWS;
  if (row_a >= row_count) return;
  const bool alone = row_a + 1 >= row_count;
  const uint32_t row_b = alone ? row_a : row_a + 1;
  float sums[TP_SCAN_ROWS * TP_SCAN_QUERIES];
#pragma unroll
  for (uint32_t i = 0; i < TP_SCAN_ROWS * TP_SCAN_QUERIES; i++) sums[i] = 0.0f;
  if (scan->mask[row_a] != 0 || scan->mask[row_b] != 0) tp_scan_any_tier(scan, first_query, row_a, row_b, sums);
  const bool first_lane = threadIdx.x % TP_WARP == 0;
#pragma unroll
  for (uint32_t q = 0; q < TP_SCAN_QUERIES; q++) {
    if (first_query + q >= scan->query_count) continue;
    tp_write_scan_key(scan, q, row_a, sums[q], first_lane);
    tp_write_scan_key(scan, q, row_b, sums[TP_SCAN_QUERIES + q], first_lane && !alone);
  }
}

/* scan: device address; the keys of query first_query + q begin at keys + q * row_count. */
cudaError_t tp_flat_scan(const TpDeviceScan *scan, uint32_t row_count, uint32_t first_query, cudaStream_t stream) {
  const uint64_t warps = (static_cast<uint64_t>(row_count) + TP_SCAN_ROWS - 1) / TP_SCAN_ROWS;
  LAUNCH(tp_flat_scan_kernel, tp_grid(warps * TP_WARP, TP_SCAN_BLOCK), TP_SCAN_BLOCK, stream, scan, first_query);
  return cudaGetLastError();
}

#endif
