/*
 * Cosines of all pairs of some rows (src/domain/gram.ts): 16 x 16 pairs a block, 32 components of both sides at a time
 * in shared memory.
 * Numerics: f64 in the order of triptych/dot.h, 8 running sums a pair, so the bits are those of every other backend.
 * int8: the integer sum is exact, its product with the first row's scale too; the second scale rounds once.
 * Bytes: dimension * (4, 2 or 1) * count * ceil(count / 16) read, 4 * count^2 written. 4.2 KB of shared memory.
 * Shape: ceil(count / 16)^2 blocks of 256; those below the diagonal leave at once.
 */
#ifndef TRIPTYCH_CUDA_GRAM_CUH
#define TRIPTYCH_CUDA_GRAM_CUH

#include "device-batch.cuh"

constexpr uint32_t TP_GRAM_TILE = 16;
constexpr uint32_t TP_GRAM_BLOCK = TP_GRAM_TILE * TP_GRAM_TILE;
constexpr uint32_t TP_GRAM_DEPTH = 32;
/* One more than the depth: threads of a warp read different banks. */
constexpr uint32_t TP_GRAM_PITCH = TP_GRAM_DEPTH + 1;

/* A stored component as f32, exact in every tier (int8 without its scale). */
__device__ inline float tp_stored_component(const TpDeviceBlock *block, uint32_t row, uint32_t i) {
  if (block->rows.tier == TP_F32) return tp_row_vector<float>(block, row)[i];
  if (block->rows.tier == TP_F16) return tp_half_value(tp_row_vector<uint16_t>(block, row)[i]);
  return static_cast<float>(tp_row_vector<int8_t>(block, row)[i]);
}

/* Components depth .. depth + 32 of the rows first .. first + 16 of the list; zeros beyond either end. */
__device__ inline void tp_load_gram_tile(const TpDeviceGram *gram, uint32_t first, uint32_t depth, float *tile) {
  for (uint32_t at = threadIdx.x; at < TP_GRAM_TILE * TP_GRAM_DEPTH; at += TP_GRAM_BLOCK) {
    const uint32_t item = first + at / TP_GRAM_DEPTH;
    const uint32_t i = depth + at % TP_GRAM_DEPTH;
    float value = 0.0f;
    if (item < gram->count && i < gram->resident.rows.dimension) {
      uint32_t row;
      const TpDeviceBlock *block = tp_device_locate(gram, gram->rows[item], &row);
      value = tp_stored_component(block, row, i);
    }
    tile[at / TP_GRAM_DEPTH * TP_GRAM_PITCH + at % TP_GRAM_DEPTH] = value;
  }
}

__device__ inline double tp_gram_scale(const TpDeviceGram *gram, uint32_t item) {
  uint32_t row;
  const TpDeviceBlock *block = tp_device_locate(gram, gram->rows[item], &row);
  return block->rows.tier == TP_INT8 ? static_cast<double>(tp_row_scale(block, row)) : 1.0;
}

__device__ inline void tp_add_gram_depth(const float *a, const float *b, double *sums) {
#pragma unroll
  for (uint32_t k = 0; k < TP_GRAM_DEPTH; k++)
    sums[k % 8] += static_cast<double>(a[k]) * static_cast<double>(b[k]);
}

__global__ void tp_gram_kernel(const TpDeviceGram *gram) {
  TP_SHARED(float, left, TP_GRAM_TILE * TP_GRAM_PITCH);
  TP_SHARED(float, right, TP_GRAM_TILE * TP_GRAM_PITCH);
  const uint32_t count = gram->count;
  const uint32_t tiles = (count + TP_GRAM_TILE - 1) / TP_GRAM_TILE;
  const uint32_t first_i = blockIdx.x / tiles * TP_GRAM_TILE;
  const uint32_t first_j = blockIdx.x % tiles * TP_GRAM_TILE;
  if (first_j < first_i) return;
  const uint32_t in_i = threadIdx.x / TP_GRAM_TILE;
  const uint32_t in_j = threadIdx.x % TP_GRAM_TILE;
  double sums[8] = {0, 0, 0, 0, 0, 0, 0, 0};
  for (uint32_t depth = 0; depth < gram->resident.rows.dimension; depth += TP_GRAM_DEPTH) {
    tp_load_gram_tile(gram, first_i, depth, left);
    tp_load_gram_tile(gram, first_j, depth, right);
    __syncthreads();
    tp_add_gram_depth(left + in_i * TP_GRAM_PITCH, right + in_j * TP_GRAM_PITCH, sums);
    __syncthreads();
  }
  const uint32_t i = first_i + in_i;
  const uint32_t j = first_j + in_j;
  if (i >= j || j >= count) return;
  const double scaled = tp_fold(sums) * tp_gram_scale(gram, i);
  const uint64_t at = static_cast<uint64_t>(i) * (2 * count - i - 1) / 2 + (j - i - 1);
  gram->out[at] = scaled * tp_gram_scale(gram, j);
}

/* gram: device address. */
cudaError_t tp_gram(const TpDeviceGram *gram, uint32_t count, cudaStream_t stream) {
  const uint32_t tiles = tp_grid(count, TP_GRAM_TILE);
  LAUNCH(tp_gram_kernel, tiles * tiles, TP_GRAM_BLOCK, stream, gram);
  return cudaGetLastError();
}

#endif
