/*
 * The one header that a kernel includes for its language: CUDA under nvcc, the host SIMT shim (cuda/shim) under a C++
 * compiler with TP_SIMT_SHIM. Kernels use nothing that is not in both.
 *
 *   TP_SHARED(type, name, count)   static shared memory: `name` is an array of `count` elements, aligned like `type`
 *   LAUNCH(kernel, grid, block, stream, args...)   kernel<<<grid, block, 0, stream>>>(args...); a template's name with
 *                                  commas goes in parentheses
 *
 * Dynamic shared memory, cooperative groups and __activemask have no counterpart in the shim, on purpose: static shared
 * memory and explicit masks can be checked.
 */
#ifndef TRIPTYCH_SIMT_OR_CUDA_H
#define TRIPTYCH_SIMT_OR_CUDA_H

#if defined(TP_SIMT_SHIM)

#include "../shim/simt.h"

#elif defined(__CUDACC__)

#include <cuda_fp16.h>
#include <cuda_runtime.h>

#define TP_SHARED(type, name, count) __shared__ type name[count]
#define LAUNCH(kernel, grid, block, stream, ...) kernel<<<(grid), (block), 0, (stream)>>>(__VA_ARGS__)

#else
#error "kernels are compiled by nvcc, or by a C++ compiler with TP_SIMT_SHIM"
#endif

#endif
