/* The one translation unit with kernels in it. */
#include "launch.h"

#include "../kernels/all.cuh"

cudaError_t tp_check_image() {
#ifdef TP_SIMT_SHIM
  return cudaSuccess;
#else
  cudaFuncAttributes attributes;
  return cudaFuncGetAttributes(&attributes, tp_gather_dot_kernel);
#endif
}
