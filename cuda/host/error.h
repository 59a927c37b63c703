/* CUDA's errors and streams, by their names and numbers, for what is compiled for the host. */
#ifndef TRIPTYCH_CUDA_HOST_ERROR_H
#define TRIPTYCH_CUDA_HOST_ERROR_H

using cudaStream_t = struct tp_simt_stream *;

enum cudaError_t {
  cudaSuccess = 0,
  cudaErrorInvalidValue = 1,
  cudaErrorMemoryAllocation = 2,
  cudaErrorInitializationError = 3,
  cudaErrorInvalidConfiguration = 9,
  cudaErrorInsufficientDriver = 35,
  cudaErrorDevicesUnavailable = 46,
  cudaErrorInvalidDeviceFunction = 98,
  cudaErrorNoDevice = 100,
  cudaErrorInvalidDevice = 101,
  cudaErrorNoKernelImageForDevice = 209,
  cudaErrorInvalidPtx = 218,
  cudaErrorUnsupportedPtxVersion = 222,
  cudaErrorNotReady = 600,
  cudaErrorIllegalAddress = 700,
  cudaErrorLaunchFailure = 719,
  cudaErrorNotSupported = 801,
  cudaErrorSystemNotReady = 802,
  cudaErrorSystemDriverMismatch = 803
};

/* A launch that goes wrong throws simt::fault instead. */
inline cudaError_t cudaGetLastError() { return cudaSuccess; }

#endif
