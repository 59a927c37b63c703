/* AVX2 + FMA + F16C: 8 f32 or 4 f64 a register, 16 registers. */
#include <immintrin.h>

#include "triptych/backend.h"

namespace {

constexpr uint32_t floats = 8;
constexpr uint32_t shorts = 16;
/*
 * Rows side by side: eight chains of additions of 4 cycles fill both FMA pipes; four are enough for f32 rows
 * out of the second cache (near_rows: see dots.h). int8 has two sums a row.
 */
constexpr uint32_t near_rows = 4;
constexpr uint32_t short_rows = 4;
/* Block of the Gram: 3 x 2 pairs of two registers and their operands are 15 registers. */
constexpr uint32_t left_rows = 3;
constexpr uint32_t right_rows = 2;

using f32v = __m256;
inline f32v zero_f32() { return _mm256_setzero_ps(); }
inline f32v load(const float *p) { return _mm256_loadu_ps(p); }
inline f32v load(const uint16_t *p) { return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p)); }
inline f32v add_product(f32v sum, f32v x, f32v y) { return _mm256_fmadd_ps(x, y, sum); }
using i16v = __m256i;
using i32v = __m256i;
inline i32v zero_i32() { return _mm256_setzero_si256(); }
inline i16v load_i8(const int8_t *p) { return _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)p)); }
inline i16v load_i16(const int16_t *p) { return _mm256_loadu_si256((const __m256i *)p); }
inline i32v add_products(i32v sum, i16v x, i16v y) { return _mm256_add_epi32(sum, _mm256_madd_epi16(x, y)); }
/* The eight running sums of dot.h. */
constexpr uint32_t parts = 2;
constexpr uint32_t part = 4;
using f64v = __m256d;
inline f64v zero_f64() { return _mm256_setzero_pd(); }
inline f64v load(const double *p) { return _mm256_loadu_pd(p); }
inline f64v widen(const float *p) { return _mm256_cvtps_pd(_mm_loadu_ps(p)); }
inline f64v widen(const uint16_t *p) {
  return _mm256_cvtps_pd(_mm_cvtph_ps(_mm_loadl_epi64((const __m128i *)p)));
}
inline f64v widen(const int8_t *p) {
  int32_t four;
  __builtin_memcpy(&four, p, sizeof four);
  return _mm256_cvtepi32_pd(_mm_cvtepi8_epi32(_mm_cvtsi32_si128(four)));
}
inline f64v add_product(f64v sum, f64v x, f64v y) { return _mm256_fmadd_pd(x, y, sum); }
inline void store(double *p, f64v v) { _mm256_storeu_pd(p, v); }
/* ((s0 + s4) + (s2 + s6)) + ((s1 + s5) + (s3 + s7)) */
inline double fold(const f64v *sums) {
  const __m256d four = _mm256_add_pd(sums[0], sums[1]);
  const __m128d two = _mm_add_pd(_mm256_castpd256_pd128(four), _mm256_extractf128_pd(four, 1));
  return _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)));
}

/* Sums within each of 4 registers, all at once: the additions of a register's lanes are the same in every
 * place. */
inline void four_totals(const f32v *v, float *out) {
  const f32v a = _mm256_hadd_ps(_mm256_hadd_ps(v[0], v[1]), _mm256_hadd_ps(v[2], v[3]));
  _mm_storeu_ps(out, _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1)));
}
inline void four_totals(const i32v *v, int32_t *out) {
  const i32v a = _mm256_hadd_epi32(_mm256_hadd_epi32(v[0], v[1]), _mm256_hadd_epi32(v[2], v[3]));
  _mm_storeu_si128((__m128i *)out, _mm_add_epi32(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1)));
}

}  // namespace
