/*
 * The f64 dot product of src/domain/vector.ts (dotRow) over the three tiers, in its order of operations: term
 * i goes to running sum i mod 8, then the sums are folded in halves. A product of two f32 is exact in f64, so
 * a fused multiply-add changes nothing here. Compiled by the host compiler and by nvcc.
 */
#ifndef TRIPTYCH_DOT_H
#define TRIPTYCH_DOT_H

#include <stdint.h>
#include <string.h>

#include "triptych/backend.h"

#ifndef TP_HD
#ifdef __CUDACC__
#define TP_HD __host__ __device__ inline
#else
#define TP_HD inline
#endif
#endif

/* f32 with these bits. */
TP_HD float tp_float_of_bits(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

TP_HD uint32_t tp_bits_of_float(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

TP_HD double tp_double_of_bits(uint64_t bits) {
  double value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

TP_HD double tp_nan() { return tp_double_of_bits(0x7ff8000000000000ull); }

/* IEEE 754 binary16 to binary32, exact: subnormal numbers, infinities and NaN included. */
TP_HD float tp_float_of_half(uint16_t half) {
  const uint32_t sign = (uint32_t)(half & 0x8000u) << 16;
  const uint32_t exponent = (half >> 10) & 31u;
  const uint32_t fraction = half & 0x3ffu;
  if (exponent == 0) {
    const float magnitude = (float)fraction * 0x1p-24f;
    return sign != 0 ? -magnitude : magnitude;
  }
  if (exponent == 31) return tp_float_of_bits(sign | 0x7f800000u | (fraction << 13));
  return tp_float_of_bits(sign | ((exponent + 112u) << 23) | (fraction << 13));
}

/* Component as stored: what the sums are over. For int8 the scale comes in at the end. */
TP_HD double tp_component(float value) { return (double)value; }
TP_HD double tp_component(uint16_t half) { return (double)tp_float_of_half(half); }
TP_HD double tp_component(int8_t value) { return (double)value; }

/* The fold of eight running sums. */
TP_HD double tp_fold(const double *s) {
  return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

/* Sum over i < dimension of row[i] * vector[i]; Stored is float, uint16_t (f16 bits) or int8_t. */
template <typename Stored>
TP_HD double tp_dot(const Stored *row, const float *vector, uint32_t dimension) {
  double sums[8] = {0, 0, 0, 0, 0, 0, 0, 0};
  const uint32_t whole = dimension & ~7u;
  for (uint32_t i = 0; i < whole; i += 8)
    for (uint32_t lane = 0; lane < 8; lane++)
      sums[lane] += tp_component(row[i + lane]) * (double)vector[i + lane];
  for (uint32_t i = whole; i < dimension; i++) sums[i - whole] += tp_component(row[i]) * (double)vector[i];
  return tp_fold(sums);
}

/* Exact cosine of a row (numbered within its block) with a vector of the block's dimension, both of unit
 * length. */
TP_HD double tp_cosine(const tp_rows *rows, uint32_t row, const float *vector) {
  const uint64_t start = (uint64_t)row * rows->stride;
  if (rows->tier == TP_F32) return tp_dot((const float *)rows->vectors + start, vector, rows->dimension);
  if (rows->tier == TP_F16) return tp_dot((const uint16_t *)rows->vectors + start, vector, rows->dimension);
  return tp_dot((const int8_t *)rows->vectors + start, vector, rows->dimension) * (double)rows->scales[row];
}

/* The block that a row number of a batch leads to, and the row's number within it. */
TP_HD const tp_rows *tp_locate(const tp_blocks *blocks, uint32_t number, uint32_t *row) {
  const uint32_t first = blocks->resident.row_count;
  if (number < first) {
    *row = number;
    return &blocks->resident;
  }
  *row = number - first;
  return &blocks->transient;
}

#endif
