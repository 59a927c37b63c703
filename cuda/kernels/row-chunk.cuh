/*
 * 16 bytes of a stored row, decoded to f32, and their products with a vector. One load instruction of 16 bytes a lane
 * (f32: 4 components, f16: 8, int8: 16); a warp covers 512 bytes of a row per step.
 * Numerics: products are added with fmaf in the order of the components, so bits depend on the row and the vector alone.
 */
#ifndef TRIPTYCH_CUDA_ROW_CHUNK_CUH
#define TRIPTYCH_CUDA_ROW_CHUNK_CUH

#include "simt.cuh"

template <typename Stored>
struct TpChunk {
  static constexpr uint32_t size = 16 / sizeof(Stored);
  float values[size];
};

__device__ inline TpChunk<float> tp_load_chunk(const float *row) {
  const float4 four = __ldg(reinterpret_cast<const float4 *>(row));
  return {{four.x, four.y, four.z, four.w}};
}

__device__ inline TpChunk<uint16_t> tp_load_chunk(const uint16_t *row) {
  const uint4 words = __ldg(reinterpret_cast<const uint4 *>(row));
  const uint32_t pairs[4] = {words.x, words.y, words.z, words.w};
  TpChunk<uint16_t> chunk;
#pragma unroll
  for (uint32_t i = 0; i < 4; i++) {
    chunk.values[2 * i] = tp_half_value(static_cast<uint16_t>(pairs[i] & 0xffffu));
    chunk.values[2 * i + 1] = tp_half_value(static_cast<uint16_t>(pairs[i] >> 16));
  }
  return chunk;
}

__device__ inline TpChunk<int8_t> tp_load_chunk(const int8_t *row) {
  const uint4 words = __ldg(reinterpret_cast<const uint4 *>(row));
  const uint32_t fours[4] = {words.x, words.y, words.z, words.w};
  TpChunk<int8_t> chunk;
#pragma unroll
  for (uint32_t i = 0; i < 16; i++)
    chunk.values[i] = static_cast<float>(static_cast<int8_t>(fours[i / 4] >> (8 * (i % 4))));
  return chunk;
}

/* Four running sums: product i of the chunk goes to sum i mod 4. `vector` is aligned to 16 bytes. */
template <typename Stored>
__device__ inline void tp_add_products(const TpChunk<Stored> &chunk, const float *vector, float *sums) {
#pragma unroll
  for (uint32_t i = 0; i < TpChunk<Stored>::size; i += 4) {
    const float4 x = __ldg(reinterpret_cast<const float4 *>(vector + i));
    sums[0] = fmaf(chunk.values[i], x.x, sums[0]);
    sums[1] = fmaf(chunk.values[i + 1], x.y, sums[1]);
    sums[2] = fmaf(chunk.values[i + 2], x.z, sums[2]);
    sums[3] = fmaf(chunk.values[i + 3], x.w, sums[3]);
  }
}

/* One running sum, for kernels that keep many of them. */
template <typename Stored>
__device__ inline float tp_add_products_to_one(const TpChunk<Stored> &chunk, const float *vector, float sum) {
#pragma unroll
  for (uint32_t i = 0; i < TpChunk<Stored>::size; i += 4) {
    const float4 x = __ldg(reinterpret_cast<const float4 *>(vector + i));
    sum = fmaf(chunk.values[i], x.x, sum);
    sum = fmaf(chunk.values[i + 1], x.y, sum);
    sum = fmaf(chunk.values[i + 2], x.z, sum);
    sum = fmaf(chunk.values[i + 3], x.w, sum);
  }
  return sum;
}

#endif
