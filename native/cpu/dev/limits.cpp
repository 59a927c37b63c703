/* The machine's limits. Built with AVX2 where the architecture has it; asked for at run time. */
#include "measure.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define WITH_AVX2 __attribute__((target("avx2,fma")))

namespace {

bool has_avx2() { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }

WITH_AVX2 __m256i read_all(const __m256i *at, size_t count) {
  __m256i a = _mm256_setzero_si256();
  __m256i b = a;
  __m256i c = a;
  __m256i d = a;
  for (size_t i = 0; i + 4 <= count; i += 4) {
    a = _mm256_xor_si256(a, _mm256_load_si256(at + i));
    b = _mm256_xor_si256(b, _mm256_load_si256(at + i + 1));
    c = _mm256_xor_si256(c, _mm256_load_si256(at + i + 2));
    d = _mm256_xor_si256(d, _mm256_load_si256(at + i + 3));
  }
  return _mm256_xor_si256(_mm256_xor_si256(a, b), _mm256_xor_si256(c, d));
}

constexpr uint32_t chains = 12;
constexpr uint32_t steps = 1u << 20;

WITH_AVX2 void multiply_f32() {
  __m256 sums[chains];
  for (auto &sum : sums) sum = _mm256_set1_ps(1);
  const __m256 x = _mm256_set1_ps(1.0000001f);
  for (uint32_t i = 0; i < steps; i++) {
#pragma GCC unroll 12
    for (uint32_t chain = 0; chain < chains; chain++) sums[chain] = _mm256_fmadd_ps(sums[chain], x, x);
  }
  keep(sums);
}

WITH_AVX2 void multiply_f64() {
  __m256d sums[chains];
  for (auto &sum : sums) sum = _mm256_set1_pd(1);
  const __m256d x = _mm256_set1_pd(1.0000001);
  for (uint32_t i = 0; i < steps; i++) {
#pragma GCC unroll 12
    for (uint32_t chain = 0; chain < chains; chain++) sums[chain] = _mm256_fmadd_pd(sums[chain], x, x);
  }
  keep(sums);
}

template <typename Work>
double best_ns(Work work) {
  double best = 1e300;
  for (uint32_t i = 0; i < 7; i++) {
    const double start = now_ns();
    work();
    best = std::min(best, now_ns() - start);
  }
  return best;
}

WITH_AVX2 float one_row(const float *row, const float *vector, uint32_t dimension) {
  __m256 sums[4] = {_mm256_setzero_ps(), _mm256_setzero_ps(), _mm256_setzero_ps(), _mm256_setzero_ps()};
  for (uint32_t i = 0; i + 32 <= dimension; i += 32)
#pragma GCC unroll 4
    for (uint32_t chain = 0; chain < 4; chain++) {
      const __m256 x = _mm256_loadu_ps(vector + i + 8 * chain);
      sums[chain] = _mm256_fmadd_ps(_mm256_loadu_ps(row + i + 8 * chain), x, sums[chain]);
    }
  float lanes[8];
  _mm256_storeu_ps(lanes, _mm256_add_ps(_mm256_add_ps(sums[0], sums[1]), _mm256_add_ps(sums[2], sums[3])));
  float total = 0;
  for (const float lane : lanes) total += lane;
  return total;
}

}  // namespace

WITH_AVX2 double streaming_bytes_per_ns(const void *memory, size_t bytes) {
  if (!has_avx2()) return 0;
  const double ns = best_ns([&] {
    const __m256i sum = read_all(static_cast<const __m256i *>(memory), bytes / sizeof(__m256i));
    keep(&sum);
  });
  return static_cast<double>(bytes) / ns;
}

double peak_f32_per_ns() { return has_avx2() ? 2.0 * 8 * chains * steps / best_ns(multiply_f32) : 0; }
double peak_f64_per_ns() { return has_avx2() ? 2.0 * 4 * chains * steps / best_ns(multiply_f64) : 0; }

bool one_row_dots(const float *rows, size_t stride, const uint32_t *indices, uint32_t count,
                  const float *vector, uint32_t dimension, float *out) {
  if (!has_avx2() || dimension % 32 != 0) return false;
  for (uint32_t i = 0; i < count; i++) out[i] = one_row(rows + indices[i] * stride, vector, dimension);
  return true;
}
#else
double streaming_bytes_per_ns(const void *, size_t) { return 0; }
double peak_f32_per_ns() { return 0; }
double peak_f64_per_ns() { return 0; }
bool one_row_dots(const float *, size_t, const uint32_t *, uint32_t, const float *, uint32_t, float *) {
  return false;
}
#endif
