/* NEON, which every aarch64 has: 4 f32 or 2 f64 a register, 32 registers. */
#include <arm_neon.h>

#include "triptych/backend.h"

namespace {

constexpr uint32_t floats = 4;
constexpr uint32_t shorts = 8;
constexpr uint32_t near_rows = 8;
constexpr uint32_t short_rows = 8;
constexpr uint32_t left_rows = 3;
constexpr uint32_t right_rows = 2;

using f32v = float32x4_t;
inline f32v zero_f32() { return vdupq_n_f32(0); }
inline f32v load(const float *p) { return vld1q_f32(p); }
inline f32v load(const uint16_t *p) { return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p))); }
inline f32v add_product(f32v sum, f32v x, f32v y) { return vfmaq_f32(sum, x, y); }
inline float total(f32v v) { return vaddvq_f32(v); }

using i16v = int16x8_t;
using i32v = int32x4_t;
inline i32v zero_i32() { return vdupq_n_s32(0); }
inline i16v load_i8(const int8_t *p) { return vmovl_s8(vld1_s8(p)); }
inline i16v load_i16(const int16_t *p) { return vld1q_s16(p); }
inline i32v add_products(i32v sum, i16v x, i16v y) {
  return vmlal_high_s16(vmlal_s16(sum, vget_low_s16(x), vget_low_s16(y)), x, y);
}
inline int32_t total(i32v v) { return vaddvq_s32(v); }

/* The eight running sums of dot.h. */
constexpr uint32_t parts = 4;
constexpr uint32_t part = 2;
using f64v = float64x2_t;
inline f64v zero_f64() { return vdupq_n_f64(0); }
inline f64v load(const double *p) { return vld1q_f64(p); }
inline f64v widen(const float *p) { return vcvt_f64_f32(vld1_f32(p)); }
inline f64v widen(const uint16_t *p) {
  const uint16x4_t two = {p[0], p[1], 0, 0};
  return vcvt_f64_f32(vget_low_f32(vcvt_f32_f16(vreinterpret_f16_u16(two))));
}
inline f64v widen(const int8_t *p) {
  const int64x2_t two = {p[0], p[1]};
  return vcvtq_f64_s64(two);
}
inline f64v add_product(f64v sum, f64v x, f64v y) { return vfmaq_f64(sum, x, y); }
inline void store(double *p, f64v v) { vst1q_f64(p, v); }
/* ((s0 + s4) + (s2 + s6)) + ((s1 + s5) + (s3 + s7)) */
inline double fold(const f64v *sums) {
  return vaddvq_f64(vaddq_f64(vaddq_f64(sums[0], sums[2]), vaddq_f64(sums[1], sums[3])));
}

inline void four_totals(const f32v *v, float *out) {
  for (uint32_t row = 0; row < 4; row++) out[row] = total(v[row]);
}
inline void four_totals(const i32v *v, int32_t *out) {
  for (uint32_t row = 0; row < 4; row++) out[row] = total(v[row]);
}

}  // namespace
