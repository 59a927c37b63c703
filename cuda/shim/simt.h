/*
 * CUDA's language for a C++ compiler: kernels run on the host, thread by thread, and every rule that they
 * break is reported. What is checked and what cannot be: README.md. Kernels include it through
 * kernels/simt_or_cuda.h.
 */
#ifndef TRIPTYCH_SIMT_H
#define TRIPTYCH_SIMT_H

#include "../host/error.h"
#include "half.h"
#include "intrinsics.h"
#include "launch.h"
#include "vector_types.h"

#define __global__
#define __device__
#define __host__
#define __constant__
#define __forceinline__ inline __attribute__((always_inline))
#define __noinline__ __attribute__((noinline))
#define __launch_bounds__(...)
#define __grid_constant__

extern uint3 threadIdx, blockIdx;
extern dim3 blockDim, gridDim;
constexpr int warpSize = 32;

/* Static shared memory. The key is a static variable, as the array is one in CUDA: one per function and
 * instantiation. */
#define TP_SHARED(type, name, count)                 \
  static const char tp_simt_key_##name = 0;          \
  type(&name)[count] = *static_cast<type(*)[count]>( \
      ::simt::shared_array(&tp_simt_key_##name, sizeof(type) * (count), alignof(type), #name))

/* The stream has no meaning here: launches run at once, one after the other. */
#define LAUNCH(kernel, grid, block, stream, ...) \
  (static_cast<void>(stream), ::simt::launch(#kernel, (grid), (block), (kernel), __VA_ARGS__))

#endif
