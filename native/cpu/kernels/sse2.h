/* SSE2, which every x86-64 has: 4 f32 or 2 f64 a register, 16 registers, no fused multiply-add. */
#include <emmintrin.h>

#include "triptych/backend.h"

namespace {

constexpr uint32_t floats = 4;
constexpr uint32_t shorts = 8;
constexpr uint32_t near_rows = 8;
constexpr uint32_t short_rows = 4;
constexpr uint32_t left_rows = 2;
constexpr uint32_t right_rows = 1;

using f32v = __m128;
inline f32v zero_f32() { return _mm_setzero_ps(); }
inline f32v load(const float *p) { return _mm_loadu_ps(p); }
/*
 * Four f16 to f32, exact where they are finite, as the components of unit vectors are: the bits moved to
 * their places are the value times 2^-112, subnormal numbers included.
 */
inline f32v load(const uint16_t *p) {
  const __m128i halves = _mm_loadl_epi64((const __m128i *)p);
  const __m128i wide = _mm_unpacklo_epi16(_mm_setzero_si128(), halves);
  const __m128i bits = _mm_and_si128(_mm_srai_epi32(wide, 3), _mm_set1_epi32((int)0x8fffe000u));
  return _mm_mul_ps(_mm_castsi128_ps(bits), _mm_set1_ps(0x1p112f));
}
inline f32v add_product(f32v sum, f32v x, f32v y) { return _mm_add_ps(sum, _mm_mul_ps(x, y)); }
inline float total(f32v v) {
  const __m128 two = _mm_add_ps(v, _mm_movehl_ps(v, v));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps(two, two, 1)));
}

using i16v = __m128i;
/* A type of its own: sums and operands would be one type otherwise. */
using i32v = __m128i;
inline i32v zero_i32() { return _mm_setzero_si128(); }
inline i16v load_i8(const int8_t *p) {
  const __m128i eight = _mm_loadl_epi64((const __m128i *)p);
  return _mm_srai_epi16(_mm_unpacklo_epi8(eight, eight), 8);
}
inline i16v load_i16(const int16_t *p) { return _mm_loadu_si128((const __m128i *)p); }
inline i32v add_products(i32v sum, i16v x, i16v y) { return _mm_add_epi32(sum, _mm_madd_epi16(x, y)); }
inline int32_t total(i32v v) {
  const __m128i two = _mm_add_epi32(v, _mm_shuffle_epi32(v, 0x4e));
  return _mm_cvtsi128_si32(_mm_add_epi32(two, _mm_shuffle_epi32(two, 0xb1)));
}

/* The eight running sums of dot.h. */
constexpr uint32_t parts = 4;
constexpr uint32_t part = 2;
using f64v = __m128d;
inline f64v zero_f64() { return _mm_setzero_pd(); }
inline f64v load(const double *p) { return _mm_loadu_pd(p); }
inline f64v widen(const float *p) { return _mm_set_pd((double)p[1], (double)p[0]); }
inline f64v widen(const uint16_t *p) {
  const uint32_t two = (uint32_t)p[0] << 16;
  const uint32_t other = (uint32_t)p[1] << 16;
  const __m128i wide = _mm_set_epi32(0, 0, (int)other, (int)two);
  const __m128i bits = _mm_and_si128(_mm_srai_epi32(wide, 3), _mm_set1_epi32((int)0x8fffe000u));
  return _mm_cvtps_pd(_mm_mul_ps(_mm_castsi128_ps(bits), _mm_set1_ps(0x1p112f)));
}
inline f64v widen(const int8_t *p) { return _mm_set_pd((double)p[1], (double)p[0]); }
inline f64v add_product(f64v sum, f64v x, f64v y) { return _mm_add_pd(sum, _mm_mul_pd(x, y)); }
inline void store(double *p, f64v v) { _mm_storeu_pd(p, v); }
/* ((s0 + s4) + (s2 + s6)) + ((s1 + s5) + (s3 + s7)) */
inline double fold(const f64v *sums) {
  const __m128d two = _mm_add_pd(_mm_add_pd(sums[0], sums[2]), _mm_add_pd(sums[1], sums[3]));
  return _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)));
}

inline void four_totals(const f32v *v, float *out) {
  for (uint32_t row = 0; row < 4; row++) out[row] = total(v[row]);
}
inline void four_totals(const i32v *v, int32_t *out) {
  for (uint32_t row = 0; row < 4; row++) out[row] = total(v[row]);
}

}  // namespace
