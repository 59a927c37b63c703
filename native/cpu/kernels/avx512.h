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
constexpr uint32_t float_rows = 8;
constexpr uint32_t short_rows = 8;
constexpr uint32_t left_rows = 6;
constexpr uint32_t right_rows = 4;

using f32v = __m512;
inline f32v zero_f32() { return _mm512_setzero_ps(); }
inline f32v load(const float *p) { return _mm512_loadu_ps(p); }
inline f32v load(const uint16_t *p) { return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)p)); }
inline f32v add_product(f32v sum, f32v x, f32v y) { return _mm512_fmadd_ps(x, y, sum); }
inline float total(f32v v) {
  const __m256 high = _mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd(v), 1));
  const __m256 eight = _mm256_add_ps(_mm512_castps512_ps256(v), high);
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

using i16v = __m512i;
using i32v = __m512i;
inline i32v zero_i32() { return _mm512_setzero_si512(); }
inline i16v load_i8(const int8_t *p) { return _mm512_cvtepi8_epi16(_mm256_loadu_si256((const __m256i *)p)); }
inline i16v load_i16(const int16_t *p) { return _mm512_loadu_si512(p); }
inline i32v add_products(i32v sum, i16v x, i16v y) { return _mm512_add_epi32(sum, _mm512_madd_epi16(x, y)); }
inline int32_t total(i32v v) {
  const __m256i eight = _mm256_add_epi32(_mm512_castsi512_si256(v), _mm512_extracti64x4_epi64(v, 1));
  const __m128i four = _mm_add_epi32(_mm256_castsi256_si128(eight), _mm256_extracti128_si256(eight, 1));
  const __m128i two = _mm_add_epi32(four, _mm_shuffle_epi32(four, 0x4e));
  return _mm_cvtsi128_si32(_mm_add_epi32(two, _mm_shuffle_epi32(two, 0xb1)));
}

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

}  // namespace
