/* AVX-512 F, BW, DQ, VL: 16 f32 or 8 f64 a register, 32 registers. */
#ifdef TP_EMULATE
#include "emulated_avx512.h"
#else
#include <immintrin.h>
#endif

#include "triptych/backend.h"

namespace {

constexpr uint32_t floats = 16;
constexpr uint32_t shorts = 32;
constexpr uint32_t near_rows = 4;
constexpr uint32_t short_rows = 8;
constexpr uint32_t left_rows = 6;
constexpr uint32_t right_rows = 4;

using f32v = __m512;
inline f32v zero_f32() { return _mm512_setzero_ps(); }
inline f32v load(const float *p) { return _mm512_loadu_ps(p); }
inline f32v load(const uint16_t *p) { return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)p)); }
inline f32v add_product(f32v sum, f32v x, f32v y) { return _mm512_fmadd_ps(x, y, sum); }
using i16v = __m512i;
using i32v = __m512i;
inline i32v zero_i32() { return _mm512_setzero_si512(); }
inline i16v load_i8(const int8_t *p) { return _mm512_cvtepi8_epi16(_mm256_loadu_si256((const __m256i *)p)); }
inline i16v load_i16(const int16_t *p) { return _mm512_loadu_si512(p); }
inline i32v add_products(i32v sum, i16v x, i16v y) { return _mm512_add_epi32(sum, _mm512_madd_epi16(x, y)); }
/* The eight running sums of dot.h. */
constexpr uint32_t parts = 1;
constexpr uint32_t part = 8;
using f64v = __m512d;
inline f64v zero_f64() { return _mm512_setzero_pd(); }
inline f64v load(const double *p) { return _mm512_loadu_pd(p); }
inline f64v widen(const float *p) { return _mm512_cvtps_pd(_mm256_loadu_ps(p)); }
inline f64v widen(const uint16_t *p) {
  return _mm512_cvtps_pd(_mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p)));
}
inline f64v widen(const int8_t *p) {
  return _mm512_cvtepi32_pd(_mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)p)));
}
inline f64v add_product(f64v sum, f64v x, f64v y) { return _mm512_fmadd_pd(x, y, sum); }
inline void store(double *p, f64v v) { _mm512_storeu_pd(p, v); }
/* ((s0 + s4) + (s2 + s6)) + ((s1 + s5) + (s3 + s7)) */
inline double fold(const f64v *sums) {
  const __m256d four = _mm256_add_pd(_mm512_castpd512_pd256(sums[0]), _mm512_extractf64x4_pd(sums[0], 1));
  const __m128d two = _mm_add_pd(_mm256_castpd256_pd128(four), _mm256_extractf128_pd(four, 1));
  return _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)));
}

inline __m256 halved(f32v v) {
  const __m256 high = _mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd(v), 1));
  return _mm256_add_ps(_mm512_castps512_ps256(v), high);
}
inline __m256i halved(i32v v) {
  return _mm256_add_epi32(_mm512_castsi512_si256(v), _mm512_extracti64x4_epi64(v, 1));
}

/* Sums within each of 4 registers, all at once: the additions of a register's lanes are the same in every
 * place. */
inline void four_totals(const f32v *v, float *out) {
  const __m256 ab = _mm256_hadd_ps(halved(v[0]), halved(v[1]));
  const __m256 cd = _mm256_hadd_ps(halved(v[2]), halved(v[3]));
  const __m256 a = _mm256_hadd_ps(ab, cd);
  _mm_storeu_ps(out, _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1)));
}
inline void four_totals(const i32v *v, int32_t *out) {
  const __m256i ab = _mm256_hadd_epi32(halved(v[0]), halved(v[1]));
  const __m256i cd = _mm256_hadd_epi32(halved(v[2]), halved(v[3]));
  const __m256i a = _mm256_hadd_epi32(ab, cd);
  _mm_storeu_si128((__m128i *)out, _mm_add_epi32(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1)));
}

}  // namespace
