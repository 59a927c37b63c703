/*
 * Score and selection key of each candidate that passes: four lanes per candidate, which look its facet values up.
 * Numerics: f64 in the order of triptych/score.h (built with --fmad=false, so the bits of the CPU's scalar path), except
 * that the product of `multiplicative` is taken in the order in which a row lists its values; rounded to f32 once.
 * Bytes: 40 of the batch's columns and cosines, 12 + 12 * facets of the row; 8 written. No local arrays of a facet's
 * size: local memory is reserved for every thread that a device can hold.
 * Shape: 4 * candidate_count threads in blocks of 128.
 */
#ifndef TRIPTYCH_CUDA_FUSED_SCORE_CUH
#define TRIPTYCH_CUDA_FUSED_SCORE_CUH

#include "device-batch.cuh"
#include "triptych/score.h"

constexpr uint32_t TP_SCORE_BLOCK = 128;
constexpr uint32_t TP_FACETS_AT_ONCE = 8;
/* Lanes of a candidate: each looks some of its facet values up. A power of two. */
constexpr uint32_t TP_SCORE_LANES = 4;

/* The lanes of this thread's candidate. */
__device__ inline uint32_t tp_score_lanes() {
  const uint32_t first = threadIdx.x % TP_WARP / TP_SCORE_LANES * TP_SCORE_LANES;
  return ((1u << TP_SCORE_LANES) - 1u) << first;
}

/*
 * tp_preference without its arrays: facets in groups, each of which reads the row's values again. The same bits:
 * preferences are multiples of 2^-40, so sums do not depend on their order. All lanes of the candidate must arrive.
 */
__device__ inline double tp_grouped_preference(const tp_preferences *preferences, const tp_rows *rows, uint32_t row) {
  const tp_find_by_search find = {preferences};
  const uint32_t *values = rows->facet_values + rows->facet_starts[row];
  const uint32_t value_count = rows->facet_counts[row];
  double total = 0;
  for (uint32_t first = 0; first < preferences->facet_count; first += TP_FACETS_AT_ONCE) {
    double sums[TP_FACETS_AT_ONCE] = {0, 0, 0, 0, 0, 0, 0, 0};
    uint32_t known[TP_FACETS_AT_ONCE] = {0, 0, 0, 0, 0, 0, 0, 0};
    for (uint32_t i = threadIdx.x % TP_SCORE_LANES; i < value_count; i += TP_SCORE_LANES) {
      const int32_t at = find(values[i]);
      const uint32_t facet = at < 0 ? UINT32_MAX : preferences->facets[at];
      if (facet < first || facet - first >= TP_FACETS_AT_ONCE) continue;
      sums[facet - first] += preferences->values[at];
      known[facet - first]++;
    }
    for (uint32_t i = 0; i < TP_FACETS_AT_ONCE; i++) {
      for (uint32_t step = TP_SCORE_LANES / 2; step > 0; step /= 2) {
        sums[i] += __shfl_xor_sync(tp_score_lanes(), sums[i], step);
        known[i] += __shfl_xor_sync(tp_score_lanes(), known[i], step);
      }
      if (known[i] > 0)
        total += preferences->facet_weights[first + i] * (sums[i] / static_cast<double>(known[i]));
    }
  }
  return total < -1 ? -1 : total > 1 ? 1 : total;
}

/* tp_preference_product in the order of the row's values. A factor of 0 wins over one that overflows. */
__device__ inline double tp_unsorted_product(const tp_preferences *preferences, const tp_rows *rows, uint32_t row) {
  const tp_find_by_search find = {preferences};
  const uint32_t *values = rows->facet_values + rows->facet_starts[row];
  double product = 1;
  bool zero = false;
  for (uint32_t i = 0; i < rows->facet_counts[row]; i++) {
    const int32_t at = find(values[i]);
    if (at < 0) continue;
    const double factor = 1 + preferences->facet_weights[preferences->facets[at]] * preferences->values[at];
    zero = zero || !(factor > 0);
    product *= factor;
  }
  return zero ? 0 : product;
}

__device__ inline float tp_candidate_score(const TpDeviceBatch *batch, uint32_t candidate, const tp_request *request) {
  uint32_t row;
  const tp_rows *rows = &tp_device_locate(batch, batch->columns.rows[candidate], &row)->rows;
  const bool preferred = request->preferences.present != 0;
  const bool multiplies = request->params.formula == TP_MULTIPLICATIVE;
  const double query = request->query == nullptr ? tp_nan() : static_cast<double>(batch->query_cosines[candidate]);
  const double taste = request->taste == nullptr ? tp_nan() : static_cast<double>(batch->taste_cosines[candidate]);
  const tp_columns &columns = batch->columns;
  const tp_candidate own = {columns.lexical[candidate], columns.graph[candidate], columns.fused[candidate],
                            columns.rules[candidate]};
  const double preference =
      preferred && !multiplies ? tp_grouped_preference(&request->preferences, rows, row) : tp_nan();
  double signals[TP_SIGNAL_COUNT];
  double contributions[TP_SIGNAL_COUNT];
  tp_fill_signals(&request->params, rows, row, own, query, taste, preference, signals);
  const double product =
      preferred && multiplies ? tp_unsorted_product(&request->preferences, rows, row) : 1.0;
  return tp_to_score(tp_contribute(&request->params, signals, product, contributions));
}

__global__ void tp_fused_score_kernel(const TpDeviceBatch *batch) {
  const uint32_t candidate = tp_thread() / TP_SCORE_LANES;
  if (candidate >= batch->candidate_count) return;
  uint64_t key = 0;
  if (batch->passes[candidate] != 0) {
    const tp_request *request = &batch->requests[batch->owners[candidate]];
    uint32_t row;
    const TpDeviceBlock *block = tp_device_locate(batch, batch->columns.rows[candidate], &row);
    key = tp_key(tp_candidate_score(batch, candidate, request), block->rows.tie_ranks[row]);
  }
  if (threadIdx.x % TP_SCORE_LANES == 0) batch->keys[candidate] = key;
}

/* batch: device address. */
cudaError_t tp_fused_score(const TpDeviceBatch *batch, uint32_t candidate_count, cudaStream_t stream) {
  const uint64_t threads = static_cast<uint64_t>(candidate_count) * TP_SCORE_LANES;
  LAUNCH(tp_fused_score_kernel, tp_grid(threads, TP_SCORE_BLOCK), TP_SCORE_BLOCK, stream, batch);
  return cudaGetLastError();
}

#endif
