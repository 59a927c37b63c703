/*
 * The part of the CUDA runtime that the library uses, on the host: memory is the SIMT machine's, copies are
 * made at once, an event is there when it is recorded. So the whole library runs without a device, kernels
 * included, and its handling of errors can be tested call by call. Names and numbers are CUDA's.
 *
 * TRIPTYCH_HOST_DEVICE_MIB: memory of the device (64 by default); TRIPTYCH_HOST_DEVICES: how many there are
 * (1).
 */
#ifndef TRIPTYCH_CUDA_HOST_RUNTIME_H
#define TRIPTYCH_CUDA_HOST_RUNTIME_H

#include <stddef.h>

#include "error.h"

using cudaEvent_t = struct tp_host_event *;

enum cudaMemcpyKind { cudaMemcpyHostToDevice = 1, cudaMemcpyDeviceToHost = 2 };

constexpr unsigned cudaStreamNonBlocking = 1;
constexpr unsigned cudaEventDisableTiming = 2;

struct cudaDeviceProp {
  char name[256];
  size_t totalGlobalMem;
  int major;
  int minor;
};

const char *cudaGetErrorName(cudaError_t error);
cudaError_t cudaGetDeviceCount(int *count);
cudaError_t cudaSetDevice(int ordinal);
cudaError_t cudaGetDeviceProperties(cudaDeviceProp *properties, int ordinal);
cudaError_t cudaMemGetInfo(size_t *available, size_t *total);
cudaError_t cudaMalloc(void **out, size_t bytes);
cudaError_t cudaFree(void *memory);
cudaError_t cudaMallocHost(void **out, size_t bytes);
cudaError_t cudaFreeHost(void *memory);
cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream);
cudaError_t cudaMemsetAsync(void *to, int value, size_t bytes, cudaStream_t stream);
cudaError_t cudaStreamCreateWithFlags(cudaStream_t *out, unsigned flags);
cudaError_t cudaStreamDestroy(cudaStream_t stream);
cudaError_t cudaEventCreateWithFlags(cudaEvent_t *out, unsigned flags);
cudaError_t cudaEventDestroy(cudaEvent_t event);
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream);
cudaError_t cudaEventQuery(cudaEvent_t event);

/* Allocations, streams and events that were made and not freed. */
long tp_host_live_objects();

#endif
