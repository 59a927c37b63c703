/*
 * What kernels are written against: CUDA, or the host SIMT machine (shim/simt.h) when TP_SIMT_SHIM is defined. Kernels
 * use 1-D grids and blocks, static shared memory, and shuffles with the full mask where the whole warp arrives.
 */
#ifndef TRIPTYCH_CUDA_SIMT_CUH
#define TRIPTYCH_CUDA_SIMT_CUH

#include <math.h>
#include <stdint.h>

#ifdef TP_SIMT_SHIM
#include "simt.h"
#else
#include <cuda_fp16.h>
#include <cuda_runtime.h>

#define TP_SHARED(type, name, count) __shared__ type name[count]
#define LAUNCH(kernel, grid, block, stream, ...) kernel<<<grid, block, 0, stream>>>(__VA_ARGS__)
#endif

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
