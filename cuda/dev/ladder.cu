/*
 * The ladder of gather-dot: cosines of gathered f32 rows with one vector.
 *   1 one thread a row, scalar loads
 *   2 one warp a row, scalar loads
 *   3 one warp a row, 16-byte loads, four running sums (what kernels/gather-dot.cuh does)
 *   4 one warp for two rows, 16-byte loads: the vector is loaded once for both
 * Each rung is checked against f64 on the host, then timed over block sizes with cold caches. Bytes counted:
 * the rows, the row numbers, the answers. Run: build/cuda/ladder
 */
#include <math.h>
#include <random>

#include "../kernels/row-chunk.cuh"
#include "measure.cuh"

namespace {

constexpr uint32_t dimension = 512;
constexpr uint32_t table_rows = 200000;
constexpr double tolerance = 2e-6;

struct Gather {
  const float *table;
  const uint32_t *rows;
  const float *vector;
  uint32_t count;
  float *out;
};

__device__ const float *row_of(const Gather &gather, uint32_t i) {
  return gather.table + static_cast<uint64_t>(gather.rows[i]) * dimension;
}

__global__ void thread_a_row_kernel(Gather gather) {
  const uint32_t i = tp_thread();
  if (i >= gather.count) return;
  const float *row = row_of(gather, i);
  float sum = 0.0f;
  for (uint32_t k = 0; k < dimension; k++) sum = fmaf(row[k], gather.vector[k], sum);
  gather.out[i] = sum;
}

__global__ void warp_a_row_kernel(Gather gather) {
  const uint32_t i = tp_thread() / TP_WARP;
  if (i >= gather.count) return;
  const float *row = row_of(gather, i);
  float sum = 0.0f;
  for (uint32_t k = threadIdx.x % TP_WARP; k < dimension; k += TP_WARP)
    sum = fmaf(row[k], gather.vector[k], sum);
  const double whole = tp_warp_sum(static_cast<double>(sum));
  if (threadIdx.x % TP_WARP == 0) gather.out[i] = static_cast<float>(whole);
}

__global__ void warp_a_row_vector_kernel(Gather gather) {
  const uint32_t i = tp_thread() / TP_WARP;
  if (i >= gather.count) return;
  const float *row = row_of(gather, i);
  float sums[4] = {0.0f, 0.0f, 0.0f, 0.0f};
  for (uint32_t k = threadIdx.x % TP_WARP * 4; k < dimension; k += TP_WARP * 4)
    tp_add_products(tp_load_chunk(row + k), gather.vector + k, sums);
  const double even = static_cast<double>(sums[0]) + static_cast<double>(sums[2]);
  const double odd = static_cast<double>(sums[1]) + static_cast<double>(sums[3]);
  const double whole = tp_warp_sum(even + odd);
  if (threadIdx.x % TP_WARP == 0) gather.out[i] = static_cast<float>(whole);
}

__global__ void warp_two_rows_kernel(Gather gather) {
  const uint32_t i = tp_thread() / TP_WARP * 2;
  if (i >= gather.count) return;
  const uint32_t second = i + 1 < gather.count ? i + 1 : i;
  const float *a = row_of(gather, i);
  const float *b = row_of(gather, second);
  float sum_a = 0.0f;
  float sum_b = 0.0f;
  for (uint32_t k = threadIdx.x % TP_WARP * 4; k < dimension; k += TP_WARP * 4) {
    const TpChunk<float> chunk_a = tp_load_chunk(a + k);
    const TpChunk<float> chunk_b = tp_load_chunk(b + k);
    sum_a = tp_add_products_to_one(chunk_a, gather.vector + k, sum_a);
    sum_b = tp_add_products_to_one(chunk_b, gather.vector + k, sum_b);
  }
  const double whole_a = tp_warp_sum(static_cast<double>(sum_a));
  const double whole_b = tp_warp_sum(static_cast<double>(sum_b));
  if (threadIdx.x % TP_WARP != 0) return;
  gather.out[i] = static_cast<float>(whole_a);
  gather.out[second] = static_cast<float>(second == i ? whole_a : whole_b);
}

struct Rung {
  const char *name;
  void (*kernel)(Gather);
  /* Threads for two rows. */
  uint32_t threads_for_two;
};

const Rung rungs[] = {{"1 thread a row", thread_a_row_kernel, 2},
                      {"2 warp a row", warp_a_row_kernel, 64},
                      {"3 warp a row, 16 bytes", warp_a_row_vector_kernel, 64},
                      {"4 warp for two rows", warp_two_rows_kernel, 32}};

template <typename T>
T *to_device(const std::vector<T> &values) {
  T *memory;
  DEV_CUDA(cudaMalloc(&memory, values.size() * sizeof(T)));
  DEV_CUDA(cudaMemcpy(memory, values.data(), values.size() * sizeof(T), cudaMemcpyHostToDevice));
  return memory;
}

void launch(const Rung &rung, const Gather &gather, uint32_t block, cudaStream_t stream) {
  const uint64_t threads = static_cast<uint64_t>(gather.count + 1) / 2 * rung.threads_for_two;
  rung.kernel<<<tp_grid(threads, block), block, 0, stream>>>(gather);
}

double worst_error(const Gather &gather, const std::vector<double> &exact) {
  std::vector<float> out(gather.count);
  DEV_CUDA(cudaMemcpy(out.data(), gather.out, gather.count * sizeof(float), cudaMemcpyDeviceToHost));
  double worst = 0;
  for (uint32_t i = 0; i < gather.count; i++) worst = std::max(worst, fabs(out[i] - exact[i]));
  return worst;
}

/* One rung in one block size; ends the program where it is wrong. */
void climb(const Rung &rung, const Gather &gather, const std::vector<double> &exact, uint32_t block,
           double copy) {
  launch(rung, gather, block, nullptr);
  DEV_CUDA(cudaDeviceSynchronize());
  const double error = worst_error(gather, exact);
  if (error > tolerance) {
    fprintf(stderr, "%s, block %u: off by %g\n", rung.name, block, error);
    exit(1);
  }
  const double us = dev_device_us([&](cudaStream_t stream) { launch(rung, gather, block, stream); });
  const double rate = dev_gb_per_s(gather.count * (dimension * 4.0 + 8), us);
  printf("%-24s rows %6u block %3u: %8.2f us %6.0f GB/s (%3.0f %% of a copy), off by %.1e\n", rung.name,
         gather.count, block, us, rate, 100 * rate / copy, error);
}

}  // namespace

int main() {
  std::mt19937 random(1);
  std::normal_distribution<float> normal(0.0f, 1.0f / sqrtf(dimension));
  std::vector<float> table(static_cast<size_t>(table_rows) * dimension);
  for (float &component : table) component = normal(random);
  std::vector<float> vector(dimension);
  for (float &component : vector) component = normal(random);
  const double copy = dev_copy_gb_per_s();
  printf("copy within the device: %.0f GB/s\n", copy);
  Gather gather = {to_device(table), nullptr, to_device(vector), 0, nullptr};
  for (uint32_t count : {300u, 1000u, 32000u, 100000u}) {
    std::vector<uint32_t> rows(count);
    std::vector<double> exact(count);
    for (uint32_t i = 0; i < count; i++) {
      rows[i] = static_cast<uint32_t>(random() % table_rows);
      const float *row = table.data() + static_cast<size_t>(rows[i]) * dimension;
      for (uint32_t k = 0; k < dimension; k++) exact[i] += static_cast<double>(row[k]) * vector[k];
    }
    gather.rows = to_device(rows);
    gather.out = to_device(std::vector<float>(count));
    gather.count = count;
    for (const Rung &rung : rungs)
      for (uint32_t block : {128u, 256u, 512u}) climb(rung, gather, exact, block, copy);
    DEV_CUDA(cudaFree(const_cast<uint32_t *>(gather.rows)));
    DEV_CUDA(cudaFree(gather.out));
  }
  return 0;
}
