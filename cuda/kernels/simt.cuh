/* What all kernels share, on top of the two languages that they are compiled in (simt_or_cuda.h): 1-D grids and blocks. */
#ifndef TRIPTYCH_CUDA_SIMT_CUH
#define TRIPTYCH_CUDA_SIMT_CUH

#include <math.h>
#include <stdint.h>

#include "simt_or_cuda.h"
#include "triptych/dot.h"

#define TP_WARP 32u
#define TP_FULL_MASK 0xffffffffu

/* Global index of the thread. */
__device__ inline uint32_t tp_thread() { return blockIdx.x * blockDim.x + threadIdx.x; }

/* Blocks of `block` threads that cover `count` threads. */
inline uint32_t tp_grid(uint64_t count, uint32_t block) {
  return static_cast<uint32_t>((count + block - 1) / block);
}

/* f16 to f32, exact. */
__device__ inline float tp_half_value(uint16_t bits) { return __half2float(__ushort_as_half(bits)); }

/* Sum over the warp in f64, in the order of halving: every lane gets it. All lanes must arrive. */
__device__ inline double tp_warp_sum(double value) {
  for (uint32_t step = TP_WARP / 2; step > 0; step /= 2) value += __shfl_xor_sync(TP_FULL_MASK, value, step);
  return value;
}

#endif
