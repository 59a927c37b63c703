/* Timing on a GPU: medians over runs between which the second-level cache is flushed, and a checked call. */
#ifndef TRIPTYCH_CUDA_DEV_MEASURE_CUH
#define TRIPTYCH_CUDA_DEV_MEASURE_CUH

#include <algorithm>
#include <chrono>
#include <cuda_runtime.h>
#include <stdio.h>
#include <stdlib.h>
#include <vector>

/* A bench ends at the first error: there is nobody to serve. */
#define DEV_CUDA(call)                                                                   \
  do {                                                                                   \
    const cudaError_t dev_error = (call);                                                \
    if (dev_error != cudaSuccess) {                                                      \
      fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, cudaGetErrorString(dev_error)); \
      exit(1);                                                                           \
    }                                                                                    \
  } while (0)

constexpr int dev_runs = 21;
/* More than any second-level cache. */
constexpr size_t dev_flush_bytes = size_t{256} << 20;

inline double dev_median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + values.size() / 2, values.end());
  return values[values.size() / 2];
}

/* Microseconds of `work(stream)` on the device, caches cold: the median of 21 runs after one that warms up.
 */
template <typename Work>
double dev_device_us(Work work) {
  static void *flush = nullptr;
  if (flush == nullptr) DEV_CUDA(cudaMalloc(&flush, dev_flush_bytes));
  cudaEvent_t start, end;
  DEV_CUDA(cudaEventCreate(&start));
  DEV_CUDA(cudaEventCreate(&end));
  std::vector<double> times;
  for (int run = 0; run <= dev_runs; run++) {
    DEV_CUDA(cudaMemsetAsync(flush, run, dev_flush_bytes, nullptr));
    DEV_CUDA(cudaEventRecord(start, nullptr));
    work(static_cast<cudaStream_t>(nullptr));
    DEV_CUDA(cudaGetLastError());
    DEV_CUDA(cudaEventRecord(end, nullptr));
    DEV_CUDA(cudaEventSynchronize(end));
    float ms = 0;
    DEV_CUDA(cudaEventElapsedTime(&ms, start, end));
    if (run > 0) times.push_back(ms * 1e3);
  }
  DEV_CUDA(cudaEventDestroy(start));
  DEV_CUDA(cudaEventDestroy(end));
  return dev_median(times);
}

/* Microseconds of `work()` on the wall clock: the median of `runs` after one that warms up. */
template <typename Work>
double dev_wall_us(int runs, Work work) {
  std::vector<double> times;
  for (int run = 0; run <= runs; run++) {
    const auto start = std::chrono::steady_clock::now();
    work();
    const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - start;
    if (run > 0) times.push_back(took.count());
  }
  return dev_median(times);
}

inline double dev_gb_per_s(double bytes, double us) { return bytes / us / 1e3; }

/* What a copy within the device moves, read and write together: the yardstick of everything that reads. */
inline double dev_copy_gb_per_s() {
  constexpr size_t bytes = size_t{512} << 20;
  void *from, *to;
  DEV_CUDA(cudaMalloc(&from, bytes));
  DEV_CUDA(cudaMalloc(&to, bytes));
  const double us = dev_device_us([&](cudaStream_t stream) {
    DEV_CUDA(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, stream));
  });
  DEV_CUDA(cudaFree(from));
  DEV_CUDA(cudaFree(to));
  return dev_gb_per_s(2.0 * bytes, us);
}

/* Reads all of it, 16 bytes a thread and step; the sum keeps the compiler from leaving the loads out. */
__global__ void dev_read_kernel(const uint4 *from, size_t count, uint32_t *sum) {
  uint32_t own = 0;
  const size_t step = static_cast<size_t>(gridDim.x) * blockDim.x;
  for (size_t i = static_cast<size_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < count; i += step) {
    const uint4 words = __ldg(from + i);
    own += words.x ^ words.y ^ words.z ^ words.w;
  }
  if (own == 0x12345678u) *sum = own;
}

/* What a kernel that only reads reaches: the limit of every scan. */
inline double dev_read_gb_per_s() {
  constexpr size_t bytes = size_t{1} << 30;
  uint8_t *from;
  DEV_CUDA(cudaMalloc(&from, bytes));
  DEV_CUDA(cudaMemset(from, 1, bytes));
  const double us = dev_device_us([&](cudaStream_t stream) {
    dev_read_kernel<<<132 * 16, 512, 0, stream>>>(reinterpret_cast<const uint4 *>(from), bytes / 16,
                                                  reinterpret_cast<uint32_t *>(from));
  });
  DEV_CUDA(cudaFree(from));
  return dev_gb_per_s(static_cast<double>(bytes), us);
}

#endif
