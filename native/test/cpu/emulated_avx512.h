/* What avx512.h uses, over SIMDe: portable C with the meaning of each intrinsic. */
#ifndef TRIPTYCH_TEST_EMULATED_AVX512_H
#define TRIPTYCH_TEST_EMULATED_AVX512_H

#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/x86/avx512.h>
#include <simde/x86/f16c.h>
#include <simde/x86/fma.h>

/* SIMDe 0.7.4 lacks these four: made of what it has. */
#undef _mm512_madd_epi16

inline __m512i _mm512_madd_epi16(__m512i x, __m512i y) {
  const __m256i low = _mm256_madd_epi16(_mm512_castsi512_si256(x), _mm512_castsi512_si256(y));
  const __m256i high = _mm256_madd_epi16(_mm512_extracti64x4_epi64(x, 1), _mm512_extracti64x4_epi64(y, 1));
  return _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
}

inline __m512 _mm512_cvtph_ps(__m256i x) {
  const __m256 low = _mm256_cvtph_ps(_mm256_castsi256_si128(x));
  const __m256 high = _mm256_cvtph_ps(_mm256_extracti128_si256(x, 1));
  return _mm512_castpd_ps(
      _mm512_insertf64x4(_mm512_castps_pd(_mm512_castps256_ps512(low)), _mm256_castps_pd(high), 1));
}

inline __m512d joined_halves(__m256d low, __m256d high) {
  return _mm512_insertf64x4(_mm512_castpd256_pd512(low), high, 1);
}

inline __m512d _mm512_cvtps_pd(__m256 x) {
  return joined_halves(_mm256_cvtps_pd(_mm256_castps256_ps128(x)),
                       _mm256_cvtps_pd(_mm256_extractf128_ps(x, 1)));
}

inline __m512d _mm512_cvtepi32_pd(__m256i x) {
  return joined_halves(_mm256_cvtepi32_pd(_mm256_castsi256_si128(x)),
                       _mm256_cvtepi32_pd(_mm256_extracti128_si256(x, 1)));
}

#endif
