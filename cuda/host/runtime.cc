#include "runtime.h"

#include <atomic>
#include <map>
#include <mutex>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../shim/memory.h"

struct tp_simt_stream {
  int unused;
};
struct tp_host_event {
  bool recorded;
};

namespace {

std::atomic<long> live{0};
std::mutex memory_mutex;
size_t device_used = 0;

std::map<void *, size_t> &device_allocations() {
  static std::map<void *, size_t> all;
  return all;
}

size_t setting(const char *name, size_t otherwise) {
  const char *text = getenv(name);
  return text == nullptr ? otherwise : strtoull(text, nullptr, 10);
}

size_t device_bytes() { return setting("TRIPTYCH_HOST_DEVICE_MIB", 64) << 20; }

template <typename Made>
cudaError_t make(Made **out) {
  *out = new Made();
  live++;
  return cudaSuccess;
}

template <typename Made>
cudaError_t destroy(Made *made) {
  delete made;
  live--;
  return cudaSuccess;
}

}  // namespace

long tp_host_live_objects() { return live; }

const char *cudaGetErrorName(cudaError_t error) {
  switch (error) {
    case cudaErrorMemoryAllocation:
      return "cudaErrorMemoryAllocation";
    case cudaErrorIllegalAddress:
      return "cudaErrorIllegalAddress";
    case cudaErrorLaunchFailure:
      return "cudaErrorLaunchFailure";
    default:
      return "cudaError";
  }
}

cudaError_t cudaGetDeviceCount(int *count) {
  const size_t devices = setting("TRIPTYCH_HOST_DEVICES", 1);
  if (devices == 0) return cudaErrorNoDevice;
  *count = static_cast<int>(devices);
  return cudaSuccess;
}

cudaError_t cudaSetDevice(int) { return cudaSuccess; }

cudaError_t cudaGetDeviceProperties(cudaDeviceProp *properties, int) {
  snprintf(properties->name, sizeof properties->name, "host SIMT machine");
  properties->totalGlobalMem = device_bytes();
  properties->major = 9;
  properties->minor = 0;
  return cudaSuccess;
}

cudaError_t cudaMemGetInfo(size_t *available, size_t *total) {
  const std::lock_guard<std::mutex> lock(memory_mutex);
  /* The library keeps at least 256 MiB free: this device has them beside its memory. */
  *total = device_bytes() + (size_t{256} << 20);
  *available = *total - device_used;
  return cudaSuccess;
}

cudaError_t cudaMalloc(void **out, size_t bytes) {
  const std::lock_guard<std::mutex> lock(memory_mutex);
  if (bytes == 0 || device_used + bytes > device_bytes()) return cudaErrorMemoryAllocation;
  *out = simt::allocate_device("cudaMalloc", bytes, 1, simt::rights::in_out);
  device_allocations()[*out] = bytes;
  device_used += bytes;
  live++;
  return cudaSuccess;
}

cudaError_t cudaFree(void *memory) {
  const std::lock_guard<std::mutex> lock(memory_mutex);
  const auto known = device_allocations().find(memory);
  if (known == device_allocations().end()) return cudaErrorInvalidValue;
  device_used -= known->second;
  device_allocations().erase(known);
  simt::free_device(memory);
  live--;
  return cudaSuccess;
}

cudaError_t cudaMallocHost(void **out, size_t bytes) {
  *out = malloc(bytes);
  if (*out == nullptr) return cudaErrorMemoryAllocation;
  live++;
  return cudaSuccess;
}

cudaError_t cudaFreeHost(void *memory) {
  free(memory);
  live--;
  return cudaSuccess;
}

cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t bytes, cudaMemcpyKind, cudaStream_t) {
  memcpy(to, from, bytes);
  return cudaSuccess;
}

cudaError_t cudaMemsetAsync(void *to, int value, size_t bytes, cudaStream_t) {
  memset(to, value, bytes);
  return cudaSuccess;
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t *out, unsigned) { return make(out); }
cudaError_t cudaStreamDestroy(cudaStream_t stream) { return destroy(stream); }
cudaError_t cudaEventCreateWithFlags(cudaEvent_t *out, unsigned) { return make(out); }
cudaError_t cudaEventDestroy(cudaEvent_t event) { return destroy(event); }

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t) {
  event->recorded = true;
  return cudaSuccess;
}

cudaError_t cudaEventQuery(cudaEvent_t event) { return event->recorded ? cudaSuccess : cudaErrorNotReady; }
