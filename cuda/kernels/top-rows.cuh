/*
 * The best `limit` entries of each of many lists, in one total order: key descending, payload ascending.
 * Radix select (8 bits a pass, from the top, until the bin that holds the limit is taken whole) finds the threshold;
 * what lies above it is sorted by a bitonic network.
 * Numerics: integers alone. A key is the monotone bits of the score above the complement of the tie rank; 0 is no entry.
 * Bytes: 8 * count a pass, at most 9 passes, from L2; 12 * limit written. 25.6 KB of shared memory.
 * Shape: one block of 512 a list, every thread with four keys under way; count <= 16,384, limit <= 2,048.
 */
#ifndef TRIPTYCH_CUDA_TOP_ROWS_CUH
#define TRIPTYCH_CUDA_TOP_ROWS_CUH

#include "device-batch.cuh"

constexpr uint32_t TP_TOP_BLOCK = 512;
constexpr uint32_t TP_TOP_COUNT_MAX = 16384;
constexpr uint32_t TP_TOP_LIMIT_MAX = 2048;
constexpr uint32_t TP_RADIX = 256;

struct TpTopState {
  /* Keys whose bits from `shift` up are above `prefix` are taken; those equal to it are, too, where `whole`. */
  uint64_t prefix;
  uint32_t shift;
  /* Entries still wanted among those equal to the prefix, and how many there are. */
  uint32_t wanted;
  uint32_t equal;
  uint32_t taken;
};

/* Counts by the 8 bits below state->shift of the keys that match the prefix so far. */
__device__ inline void tp_count_digits(const uint64_t *keys, uint32_t count, const TpTopState *state,
                                       uint32_t *bins) {
  for (uint32_t i = threadIdx.x; i < TP_RADIX; i += TP_TOP_BLOCK) bins[i] = 0;
  __syncthreads();
  const uint32_t shift = state->shift - 8;
#pragma unroll 4
  for (uint32_t i = threadIdx.x; i < count; i += TP_TOP_BLOCK) {
    const uint64_t key = __ldg(keys + i);
    const bool matches = state->shift == 64 || (key >> state->shift) == state->prefix;
    if (key != 0 && matches) atomicAdd(&bins[(key >> shift) & 255u], 1u);
  }
  __syncthreads();
}

/* The first warp finds the bin in which the wanted-th largest key lies. Each lane owns 8 bins, the last lane the top. */
__device__ inline void tp_choose_digit(const uint32_t *bins, TpTopState *state) {
  if (threadIdx.x < TP_WARP) {
    const uint32_t lane = threadIdx.x;
    uint32_t own = 0;
    for (uint32_t i = 0; i < 8; i++) own += bins[lane * 8 + i];
    uint32_t above = 0;
    /* Entries in the bins of higher lanes. */
    for (uint32_t other = 0; other < TP_WARP; other++) {
      const uint32_t sum = __shfl_sync(TP_FULL_MASK, own, other);
      if (other > lane) above += sum;
    }
    const uint32_t wanted = state->wanted;
    const uint64_t prefix = state->prefix;
    const uint32_t shift = state->shift;
    __syncwarp();
    if (above < wanted && wanted <= above + own) {
      uint32_t bin = lane * 8 + 7;
      while (above + bins[bin] < wanted) above += bins[bin--];
      state->wanted = wanted - above;
      state->equal = bins[bin];
      state->prefix = (shift == 64 ? 0 : prefix << 8) | bin;
      state->shift = shift - 8;
    }
  }
  __syncthreads();
}

/* Moves what is above the threshold into shared memory, in any order. */
__device__ inline void tp_take(const uint64_t *keys, const uint32_t *payloads, const TpTopSegment &segment,
                               TpTopState *state, uint64_t *best, uint32_t *best_payloads) {
  const uint32_t count = segment.count;
  const uint32_t base = segment.base;
  const bool whole = state->equal == state->wanted;
  const uint64_t prefix = state->prefix;
  const uint32_t shift = state->shift;
#pragma unroll 4
  for (uint32_t i = threadIdx.x; i < count; i += TP_TOP_BLOCK) {
    const uint64_t key = __ldg(keys + i);
    const uint64_t high = shift == 64 ? 0 : key >> shift;
    if (key == 0 || high < prefix || (high == prefix && !whole)) continue;
    const uint32_t at = atomicAdd(&state->taken, 1u);
    best[at] = key;
    best_payloads[at] = payloads == nullptr ? base + i : payloads[i];
  }
  __syncthreads();
  /* Equal keys, more than are wanted: the same row twice in a list. The first ones win. */
  if (threadIdx.x == 0 && !whole) {
    for (uint32_t i = 0, left = state->wanted; left > 0; i++) {
      if (keys[i] != prefix) continue;
      best[state->taken] = prefix;
      best_payloads[state->taken++] = payloads == nullptr ? base + i : payloads[i];
      left--;
    }
  }
  __syncthreads();
}

__device__ inline bool tp_precedes(uint64_t key, uint32_t payload, uint64_t other, uint32_t other_payload) {
  return key != other ? key > other : payload < other_payload;
}

/* Bitonic sort of the first `taken` entries; `size` is the power of two above. */
__device__ inline void tp_sort_best(uint64_t *best, uint32_t *payloads, uint32_t taken, uint32_t size) {
  for (uint32_t i = taken + threadIdx.x; i < size; i += TP_TOP_BLOCK) {
    best[i] = 0;
    payloads[i] = UINT32_MAX;
  }
  __syncthreads();
  for (uint32_t run = 2; run <= size; run *= 2) {
    for (uint32_t step = run / 2; step > 0; step /= 2) {
      for (uint32_t i = threadIdx.x; i < size / 2; i += TP_TOP_BLOCK) {
        const uint32_t a = 2 * i - (i & (step - 1));
        const uint32_t b = a + step;
        const bool descending = (a & run) == 0;
        if (tp_precedes(best[b], payloads[b], best[a], payloads[a]) == descending) {
          const uint64_t key = best[a];
          const uint32_t payload = payloads[a];
          best[a] = best[b];
          payloads[a] = payloads[b];
          best[b] = key;
          payloads[b] = payload;
        }
      }
      __syncthreads();
    }
  }
}

/* The threshold of the best `limit` of the list, where it has more than that; otherwise everything is taken. */
__device__ inline void tp_find_threshold(const uint64_t *keys, const TpTopSegment &segment, TpTopState *state,
                                         uint32_t *bins) {
  if (threadIdx.x == 0) *state = {0, 64, segment.limit, 0, 0};
  __syncthreads();
  uint32_t own = 0;
#pragma unroll 4
  for (uint32_t i = threadIdx.x; i < segment.count; i += TP_TOP_BLOCK) own += __ldg(keys + i) != 0 ? 1u : 0u;
  if (own > 0) atomicAdd(&state->equal, own);
  __syncthreads();
  const bool all = state->equal <= segment.limit;
  __syncthreads();
  if (all) {
    if (threadIdx.x == 0) state->wanted = state->equal;
    __syncthreads();
    return;
  }
  while (state->shift > 0 && state->equal != state->wanted) {
    tp_count_digits(keys, segment.count, state, bins);
    tp_choose_digit(bins, state);
  }
}

/*
 * keys: the lists; payloads: beside them, or null: an entry's payload is base + its position in its list. Unused places of
 * out_keys (may be null) become 0. out_counts: entries of each list.
 */
__global__ void tp_top_rows_kernel(const uint64_t *keys, const uint32_t *payloads, const TpTopSegment *segments,
                                   uint64_t *out_keys, uint32_t *out_payloads, uint32_t *out_counts) {
  TP_SHARED(uint64_t, best, TP_TOP_LIMIT_MAX);
  TP_SHARED(uint32_t, best_payloads, TP_TOP_LIMIT_MAX);
  TP_SHARED(uint32_t, bins, TP_RADIX);
  TP_SHARED(TpTopState, state, 1);
  const TpTopSegment segment = segments[blockIdx.x];
  const uint64_t *own = keys + segment.first;
  const uint32_t *own_payloads = payloads == nullptr ? nullptr : payloads + segment.first;
  tp_find_threshold(own, segment, state, bins);
  tp_take(own, own_payloads, segment, state, best, best_payloads);
  const uint32_t taken = state->taken;
  uint32_t size = 1;
  while (size < taken) size *= 2;
  tp_sort_best(best, best_payloads, taken, size);
  for (uint32_t i = threadIdx.x; i < taken; i += TP_TOP_BLOCK) {
    out_payloads[segment.out + i] = best_payloads[i];
    if (out_keys != nullptr) out_keys[segment.out + i] = best[i];
  }
  if (out_keys != nullptr)
    for (uint32_t i = taken + threadIdx.x; i < segment.limit; i += TP_TOP_BLOCK) out_keys[segment.out + i] = 0;
  if (threadIdx.x == 0) out_counts[blockIdx.x] = taken;
}

/* All pointers are device addresses. */
cudaError_t tp_top_rows(const uint64_t *keys, const uint32_t *payloads, const TpTopSegment *segments,
                               uint32_t segment_count, uint64_t *out_keys, uint32_t *out_payloads,
                               uint32_t *out_counts, cudaStream_t stream) {
  LAUNCH(tp_top_rows_kernel, segment_count, TP_TOP_BLOCK, stream, keys, payloads, segments, out_keys, out_payloads,
         out_counts);
  return cudaGetLastError();
}

#endif
