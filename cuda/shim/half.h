/* __half as storage: kernels convert it and compute in f32, so no half arithmetic is offered. */
#ifndef TRIPTYCH_SIMT_HALF_H
#define TRIPTYCH_SIMT_HALF_H

#include <stdint.h>
#include <string.h>

#include "vector_types.h"

struct alignas(2) __half {
  uint16_t bits;
};
struct alignas(4) __half2 {
  __half x, y;
};
using half = __half;
using half2 = __half2;
struct alignas(2) __half_raw {
  uint16_t x;
};

/* IEEE 754 binary16 to binary32, exact; subnormals, infinities and NaN included. */
inline float __half2float(__half value) {
  const uint32_t sign = static_cast<uint32_t>(value.bits & 0x8000u) << 16;
  const uint32_t exponent = (value.bits >> 10) & 0x1fu;
  uint32_t fraction = value.bits & 0x3ffu;
  uint32_t bits;
  if (exponent == 0x1fu) {
    bits = sign | 0x7f800000u | (fraction << 13);
  } else if (exponent != 0) {
    bits = sign | ((exponent + 112u) << 23) | (fraction << 13);
  } else if (fraction == 0) {
    bits = sign;
  } else {
    uint32_t shifted = 113u;
    while ((fraction & 0x400u) == 0) {
      fraction <<= 1;
      shifted--;
    }
    bits = sign | (shifted << 23) | ((fraction & 0x3ffu) << 13);
  }
  float out;
  memcpy(&out, &bits, sizeof out);
  return out;
}

inline float2 __half22float2(__half2 value) { return {__half2float(value.x), __half2float(value.y)}; }
inline float __low2float(__half2 value) { return __half2float(value.x); }
inline float __high2float(__half2 value) { return __half2float(value.y); }
inline __half __ushort_as_half(unsigned short bits) { return {bits}; }
inline unsigned short __half_as_ushort(__half value) { return value.bits; }

#endif
