/*
 * Selection keys of every row of a table for up to 8 queries at once: one warp per two rows, so that a row is read from
 * memory once and a query's components from L1 once per two rows. The best of each block of rows are then chosen by
 * top-rows.cuh, and the best of those again.
 * Numerics: f32 by fmaf into one running sum a lane (dimension / 32 terms), folded over lanes in f64, rounded once; int8
 * is scaled at the end. For unit vectors the error is below (dimension / 32 + 2) * 2^-24: what is chosen is computed
 * exactly (exact-dot.cuh) and the choice proven by that bound. Rows that the mask leaves out get key 0.
 * Bytes: dimension * (4, 2 or 1) a row for 8 queries, 5 for mask and tie rank; 8 written a row and query.
 * Shape: 8 warps a block, ceil(rows / 16) blocks; a kernel of its own for one query, which needs fewer registers.
 */
#ifndef TRIPTYCH_CUDA_FLAT_SCAN_CUH
#define TRIPTYCH_CUDA_FLAT_SCAN_CUH

#include "device-batch.cuh"
#include "row-chunk.cuh"
#include "triptych/score.h"

constexpr uint32_t TP_SCAN_BLOCK = 256;
constexpr uint32_t TP_SCAN_QUERIES = 8;
constexpr uint32_t TP_SCAN_ROWS = 2;

/* Sums of both rows with `queries` vectors: row-major TP_SCAN_ROWS x queries, each lane its own share. */
template <uint32_t queries, typename Stored>
__device__ inline void tp_scan_sums(const TpDeviceScan *scan, uint32_t first_query, uint32_t row_a, uint32_t row_b,
                                    float *sums) {
  constexpr uint32_t size = TpChunk<Stored>::size;
  const uint32_t stride = scan->block.rows.stride;
  const uint32_t query_count = scan->query_count;
  const Stored *a = tp_row_vector<Stored>(&scan->block, row_a);
  const Stored *b = tp_row_vector<Stored>(&scan->block, row_b);
  const float *vectors = scan->queries + static_cast<uint64_t>(first_query) * stride;
#pragma unroll 2
  for (uint32_t i = (threadIdx.x % TP_WARP) * size; i < stride; i += TP_WARP * size) {
    const TpChunk<Stored> chunk_a = tp_load_chunk(a + i);
    const TpChunk<Stored> chunk_b = tp_load_chunk(b + i);
#pragma unroll
    for (uint32_t q = 0; q < queries; q++) {
      if (first_query + q >= query_count) continue;
      const float *query = vectors + static_cast<uint64_t>(q) * stride + i;
      sums[q] = tp_add_products_to_one(chunk_a, query, sums[q]);
      sums[queries + q] = tp_add_products_to_one(chunk_b, query, sums[queries + q]);
    }
  }
}

template <uint32_t queries>
__device__ inline void tp_scan_any_tier(const TpDeviceScan *scan, uint32_t first_query, uint32_t row_a, uint32_t row_b,
                                        float *sums) {
  if (scan->block.rows.tier == TP_F32) tp_scan_sums<queries, float>(scan, first_query, row_a, row_b, sums);
  if (scan->block.rows.tier == TP_F16) tp_scan_sums<queries, uint16_t>(scan, first_query, row_a, row_b, sums);
  if (scan->block.rows.tier == TP_INT8) tp_scan_sums<queries, int8_t>(scan, first_query, row_a, row_b, sums);
}

/*
 * Folds `count` shares over the warp at once, in the order of tp_warp_sum: with every halving a lane keeps one half of
 * them and gives the other away. Lane l is left with the sum number l / (32 / count). All lanes must arrive.
 */
template <uint32_t count, uint32_t step>
__device__ inline double tp_fold_shares(double *sums) {
  if constexpr (count > 1) {
    constexpr uint32_t half = count / 2;
    const bool upper = (threadIdx.x & step) != 0;
#pragma unroll
    for (uint32_t i = 0; i < half; i++) {
      const double given = upper ? sums[i] : sums[half + i];
      sums[i] = (upper ? sums[half + i] : sums[i]) + __shfl_xor_sync(TP_FULL_MASK, given, step);
    }
    return tp_fold_shares<half, step / 2>(sums);
  } else {
    double whole = sums[0];
#pragma unroll
    for (uint32_t left = step; left > 0; left /= 2) whole += __shfl_xor_sync(TP_FULL_MASK, whole, left);
    return whole;
  }
}

__device__ inline void tp_write_scan_key(const TpDeviceScan *scan, uint32_t query, uint32_t row, double sum) {
  const bool scaled = scan->block.rows.tier == TP_INT8;
  const double cosine = scaled ? sum * static_cast<double>(tp_row_scale(&scan->block, row)) : sum;
  const uint64_t at = static_cast<uint64_t>(query) * scan->block.rows.row_count + row;
  const uint64_t key = tp_key(tp_to_score(cosine), scan->block.rows.tie_ranks[row]);
  scan->keys[at] = scan->mask[row] != 0 ? key : 0;
}

/* Queries first_query .. first_query + queries, as far as there are so many. */
template <uint32_t queries>
__global__ void tp_flat_scan_kernel(const TpDeviceScan *scan, uint32_t first_query) {
  constexpr uint32_t sum_count = TP_SCAN_ROWS * queries;
  constexpr uint32_t lanes = TP_WARP / sum_count;
  const uint32_t row_count = scan->block.rows.row_count;
  const uint32_t row_a = tp_thread() / TP_WARP * TP_SCAN_ROWS;
  if (row_a >= row_count) return;
  const bool alone = row_a + 1 >= row_count;
  const uint32_t row_b = alone ? row_a : row_a + 1;
  float shares[sum_count];
#pragma unroll
  for (uint32_t i = 0; i < sum_count; i++) shares[i] = 0.0f;
  if (scan->mask[row_a] != 0 || scan->mask[row_b] != 0)
    tp_scan_any_tier<queries>(scan, first_query, row_a, row_b, shares);
  double sums[sum_count];
#pragma unroll
  for (uint32_t i = 0; i < sum_count; i++) sums[i] = static_cast<double>(shares[i]);
  const double sum = tp_fold_shares<sum_count, TP_WARP / 2>(sums);
  const uint32_t own = threadIdx.x % TP_WARP / lanes;
  const uint32_t query = own % queries;
  const bool second = own >= queries;
  if (threadIdx.x % lanes != 0 || first_query + query >= scan->query_count || (second && alone)) return;
  tp_write_scan_key(scan, query, second ? row_b : row_a, sum);
}

/*
 * scan: device address; query_count: queries from first_query on, of which up to 8 are scanned; the keys of query
 * first_query + q begin at keys + q * row_count.
 */
cudaError_t tp_flat_scan(const TpDeviceScan *scan, uint32_t row_count, uint32_t first_query, uint32_t query_count,
                         cudaStream_t stream) {
  const uint64_t warps = (static_cast<uint64_t>(row_count) + TP_SCAN_ROWS - 1) / TP_SCAN_ROWS;
  const uint32_t blocks = tp_grid(warps * TP_WARP, TP_SCAN_BLOCK);
  if (query_count == 1)
    LAUNCH(tp_flat_scan_kernel<1>, blocks, TP_SCAN_BLOCK, stream, scan, first_query);
  else
    LAUNCH(tp_flat_scan_kernel<TP_SCAN_QUERIES>, blocks, TP_SCAN_BLOCK, stream, scan, first_query);
  return cudaGetLastError();
}

#endif
