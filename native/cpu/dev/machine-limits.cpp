/*
 * What the machine can do at most, for the roofline percentages of the benches: FMA peak, read bandwidth by size of
 * the data, one-row-at-a-time dot products, std::sort, and sgemv where an OpenBLAS is installed. Prints one JSON
 * object. Its kernels are its own, so that a slow kernel of the library cannot lower the bar it is held to.
 *
 *   machine-limits COLD_MIB    size of the table that counts as cold: at least 10 x the last-level cache
 */
#include <dlfcn.h>
#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace {

constexpr size_t kDimension = 768;
constexpr size_t kRowBytes = kDimension * sizeof(float);

volatile float g_sink;

double now_s() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/* Shortest of `rounds` runs, in seconds: a limit is what the machine can do when nothing disturbs it. */
template <class F>
double best_s(int rounds, F run) {
  double best = 1e30;
  for (int i = 0; i < rounds; ++i) {
    const double start = now_s();
    run();
    best = std::min(best, now_s() - start);
  }
  return best;
}

template <class F>
double median_s(int rounds, F run) {
  std::vector<double> taken;
  for (int i = 0; i < rounds; ++i) {
    const double start = now_s();
    run();
    taken.push_back(now_s() - start);
  }
  std::nth_element(taken.begin(), taken.begin() + taken.size() / 2, taken.end());
  return taken[taken.size() / 2];
}

/* The kernels of one instruction set. FMA: `steps` x kFmaFlops floating point operations. */
struct Kernels {
  const char *name;
  float (*fma)(long steps);
  double fma_flops;
  float (*sum)(const float *values, size_t count);
  float (*dot)(const float *row, const float *query);
};

/* Twelve sums of a vector each: they hide the latency of two FMA units and leave four of sixteen registers. */
constexpr int kSums = 12;

/* Where each sum starts: known at run time only and all different, or the compiler would do the work once. */
volatile float g_starts[kSums] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};

/* Four floats each, without FMA: a multiplication and an addition. */
float fma_baseline(long steps) {
  float sums[8][4];
  for (int j = 0; j < 8; ++j)
    for (int lane = 0; lane < 4; ++lane) sums[j][lane] = g_starts[j];
  for (long i = 0; i < steps; ++i)
    for (auto &sum : sums)
      for (float &lane : sum) lane = lane * 0.999f + 0.5f;
  float total = 0;
  for (const auto &sum : sums) total += sum[0] + sum[3];
  return total;
}

float sum_baseline(const float *values, size_t count) {
  float sums[32] = {};
  for (size_t i = 0; i + 32 <= count; i += 32)
    for (int j = 0; j < 32; ++j) sums[j] += values[i + j];
  float total = 0;
  for (float sum : sums) total += sum;
  return total;
}

float dot_baseline(const float *row, const float *query) {
  float sums[16] = {};
  for (size_t i = 0; i < kDimension; i += 16)
    for (int j = 0; j < 16; ++j) sums[j] += row[i + j] * query[i + j];
  float total = 0;
  for (float sum : sums) total += sum;
  return total;
}

#if defined(__x86_64__)
__attribute__((target("avx2,fma"))) float total_avx2(const __m256 *sums, int count) {
  __m256 total = sums[0];
  for (int j = 1; j < count; ++j) total = _mm256_add_ps(total, sums[j]);
  alignas(32) float lanes[8];
  _mm256_store_ps(lanes, total);
  return ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) + ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
}

__attribute__((target("avx2,fma"))) float fma_avx2(long steps) {
  __m256 sums[kSums];
  for (int j = 0; j < kSums; ++j) sums[j] = _mm256_set1_ps(g_starts[j]);
  const __m256 a = _mm256_set1_ps(0.999f), b = _mm256_set1_ps(0.5f);
  for (long i = 0; i < steps; ++i)
    for (int j = 0; j < kSums; ++j) sums[j] = _mm256_fmadd_ps(sums[j], a, b);
  return total_avx2(sums, kSums);
}

__attribute__((target("avx2,fma"))) float sum_avx2(const float *values, size_t count) {
  __m256 sums[8] = {};
  for (size_t i = 0; i + 64 <= count; i += 64)
    for (int j = 0; j < 8; ++j) sums[j] = _mm256_add_ps(sums[j], _mm256_loadu_ps(values + i + 8 * j));
  return total_avx2(sums, 8);
}

__attribute__((target("avx2,fma"))) float dot_avx2(const float *row, const float *query) {
  __m256 sums[4] = {};
  for (size_t i = 0; i < kDimension; i += 32)
    for (int j = 0; j < 4; ++j)
      sums[j] =
          _mm256_fmadd_ps(_mm256_loadu_ps(row + i + 8 * j), _mm256_loadu_ps(query + i + 8 * j), sums[j]);
  return total_avx2(sums, 4);
}

__attribute__((target("avx512f"))) float total_avx512(const __m512 *sums, int count) {
  __m512 total = sums[0];
  for (int j = 1; j < count; ++j) total = _mm512_add_ps(total, sums[j]);
  alignas(64) float lanes[16];
  _mm512_store_ps(lanes, total);
  float all = 0;
  for (float lane : lanes) all += lane;
  return all;
}

__attribute__((target("avx512f"))) float fma_avx512(long steps) {
  __m512 sums[kSums];
  for (int j = 0; j < kSums; ++j) sums[j] = _mm512_set1_ps(g_starts[j]);
  const __m512 a = _mm512_set1_ps(0.999f), b = _mm512_set1_ps(0.5f);
  for (long i = 0; i < steps; ++i)
    for (int j = 0; j < kSums; ++j) sums[j] = _mm512_fmadd_ps(sums[j], a, b);
  return total_avx512(sums, kSums);
}

__attribute__((target("avx512f"))) float sum_avx512(const float *values, size_t count) {
  __m512 sums[4];
  for (int j = 0; j < 4; ++j) sums[j] = _mm512_setzero_ps();
  for (size_t i = 0; i + 64 <= count; i += 64)
    for (int j = 0; j < 4; ++j) sums[j] = _mm512_add_ps(sums[j], _mm512_loadu_ps(values + i + 16 * j));
  return total_avx512(sums, 4);
}

__attribute__((target("avx512f"))) float dot_avx512(const float *row, const float *query) {
  __m512 sums[4];
  for (int j = 0; j < 4; ++j) sums[j] = _mm512_setzero_ps();
  for (size_t i = 0; i < kDimension; i += 64)
    for (int j = 0; j < 4; ++j)
      sums[j] =
          _mm512_fmadd_ps(_mm512_loadu_ps(row + i + 16 * j), _mm512_loadu_ps(query + i + 16 * j), sums[j]);
  return total_avx512(sums, 4);
}
#endif

std::vector<Kernels> kernels_here() {
  std::vector<Kernels> found{{"baseline", fma_baseline, 64, sum_baseline, dot_baseline}};
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    found.push_back({"avx2", fma_avx2, 192, sum_avx2, dot_avx2});
  if (__builtin_cpu_supports("avx512f")) found.push_back({"avx512", fma_avx512, 384, sum_avx512, dot_avx512});
#endif
  return found;
}

/* Memory in huge pages where the system allows them, written once so that it exists. */
float *map_floats(size_t bytes) {
  void *at = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) {
    std::fprintf(stderr, "no memory for %zu bytes\n", bytes);
    std::exit(1);
  }
#ifdef MADV_HUGEPAGE
  madvise(at, bytes, MADV_HUGEPAGE);
#endif
  float *values = static_cast<float *>(at);
  uint32_t state = 1;
  for (size_t i = 0; i < bytes / sizeof(float); ++i) {
    state = state * 1664525u + 1013904223u;
    values[i] = static_cast<float>(state >> 8) * (1.0f / 16777216.0f) - 0.5f;
  }
  return values;
}

/* GB/s (1e9 bytes) of reading `bytes` from their start to their end, again and again for a while. */
double read_gbps(const Kernels &kernels, const float *values, size_t bytes) {
  const long repeats = std::max<long>(1, static_cast<long>((64u << 20) / bytes));
  const double seconds = best_s(bytes > (64u << 20) ? 5 : 15, [&] {
    for (long i = 0; i < repeats; ++i) g_sink = kernels.sum(values, bytes / sizeof(float));
  });
  return static_cast<double>(bytes) * repeats / seconds / 1e9;
}

/* The same by several threads at once, each with a slice of its own; they start together. */
double read_gbps_threads(const Kernels &kernels, const float *values, size_t bytes, unsigned threads) {
  const size_t slice = bytes / sizeof(float) / threads;
  double best = 0;
  for (int turn = 0; turn < 5; ++turn) {
    std::atomic<unsigned> ready{0};
    std::vector<double> ends(threads);
    std::vector<double> starts(threads);
    std::vector<float> sums(threads);
    std::vector<std::thread> running;
    for (unsigned t = 0; t < threads; ++t)
      running.emplace_back([&, t] {
        ready.fetch_add(1);
        while (ready.load() < threads) {
        }
        starts[t] = now_s();
        sums[t] = kernels.sum(values + t * slice, slice);
        ends[t] = now_s();
      });
    for (auto &thread : running) thread.join();
    for (float sum : sums) g_sink = sum;
    const double taken =
        *std::max_element(ends.begin(), ends.end()) - *std::min_element(starts.begin(), starts.end());
    best = std::max(best, static_cast<double>(slice) * sizeof(float) * threads / taken / 1e9);
  }
  return best;
}

/* Nanoseconds a row of a plain loop over random rows, one at a time. */
double one_row_ns(const Kernels &kernels, const float *table, size_t rows) {
  const size_t sample = std::min<size_t>(1000, rows);
  const std::vector<float> query(kDimension, 0.036f);
  uint64_t state = 7;
  std::vector<uint32_t> picked(sample);
  std::vector<double> taken;
  for (int turn = 0; turn < 25; ++turn) {
    for (auto &row : picked) {
      state = state * 6364136223846793005ull + 1442695040888963407ull;
      row = static_cast<uint32_t>((state >> 33) % rows);
    }
    const double start = now_s();
    float total = 0;
    for (uint32_t row : picked) total += kernels.dot(table + row * kDimension, query.data());
    g_sink = total;
    taken.push_back((now_s() - start) * 1e9 / static_cast<double>(sample));
  }
  std::nth_element(taken.begin(), taken.begin() + taken.size() / 2, taken.end());
  return taken[taken.size() / 2];
}

/* Microseconds of sorting `count` random 64-bit keys completely. */
double sort_us(size_t count) {
  std::vector<uint64_t> keys(count);
  std::vector<uint64_t> work;
  uint64_t state = 3;
  for (auto &key : keys) key = state = state * 6364136223846793005ull + 1442695040888963407ull;
  const double copy = median_s(51, [&] { work = keys; });
  const double both = median_s(51, [&] {
    work = keys;
    std::sort(work.begin(), work.end(), std::greater<uint64_t>());
  });
  return (both - copy) * 1e6;
}

using Sgemv = void (*)(int order, int transpose, int rows, int columns, float alpha, const float *matrix,
                       int stride, const float *x, int x_step, float beta, float *y, int y_step);

/* Microseconds of one sgemv over `rows` hot rows; negative without an OpenBLAS. */
double sgemv_us(const float *table, int rows) {
  static void *library = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return -1;
  auto set_threads = reinterpret_cast<void (*)(int)>(dlsym(library, "openblas_set_num_threads"));
  auto sgemv = reinterpret_cast<Sgemv>(dlsym(library, "cblas_sgemv"));
  if (sgemv == nullptr || set_threads == nullptr) return -1;
  set_threads(1);
  const std::vector<float> query(kDimension, 0.036f);
  std::vector<float> out(static_cast<size_t>(rows));
  const int row_major = 101, no_transpose = 111, dimension = static_cast<int>(kDimension);
  const auto call = [&] {
    sgemv(row_major, no_transpose, rows, dimension, 1.0f, table, dimension, query.data(), 1, 0.0f, out.data(),
          1);
  };
  call();
  return median_s(101, call) * 1e6;
}

void print_kernels(const Kernels &kernels, const float *table, size_t cold_bytes) {
  const long steps = 2'000'000;
  const double fma = kernels.fma_flops * steps / best_s(7, [&] { g_sink = kernels.fma(steps); }) / 1e9;
  std::printf("{\"isa\":\"%s\",\"fma_gflops\":%.2f,\"read_gbps\":{", kernels.name, fma);
  const size_t sizes[] = {256u << 10, 1u << 20, 4u << 20, 8u << 20, 16u << 20, 32u << 20};
  for (size_t bytes : sizes) std::printf("\"%zu\":%.2f,", bytes >> 10, read_gbps(kernels, table, bytes));
  std::printf("\"cold\":%.2f},\"read_2t_gbps\":%.2f,", read_gbps(kernels, table, cold_bytes),
              read_gbps_threads(kernels, table, cold_bytes, 2));
  std::printf("\"cold_one_row_ns\":%.1f}", one_row_ns(kernels, table, cold_bytes / kRowBytes));
}

}  // namespace

int main(int argc, char **argv) {
  const size_t cold_mib = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 0;
  if (cold_mib < 1 || cold_mib > 8192) {
    std::fprintf(stderr, "usage: machine-limits COLD_MIB (1..8192)\n");
    return 2;
  }
  // The sizes that are read must fit, whatever counts as cold.
  const size_t cold_bytes = (cold_mib << 20) / kRowBytes * kRowBytes;
  const float *table = map_floats(std::max<size_t>(cold_bytes, 32u << 20));
  std::printf("{\"cold_mib\":%zu,\"isas\":[", cold_mib);
  bool first = true;
  for (const Kernels &kernels : kernels_here()) {
    std::printf(first ? "" : ",");
    print_kernels(kernels, table, cold_bytes);
    first = false;
  }
  std::printf("],\"sort_10000_us\":%.1f,\"sgemv_us\":{\"300\":%.2f,\"1000\":%.2f}}\n", sort_us(10000),
              sgemv_us(table, 300), sgemv_us(table, 1000));
  return 0;
}
