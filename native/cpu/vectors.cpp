#include "vectors.h"

#include <math.h>

namespace triptych {

namespace {

constexpr int32_t digit_base = 16384;
/* The largest component becomes high = 8,191, low = 0. */
constexpr double largest_number = 8191.0 * digit_base;

double largest_magnitude(const float *vector, uint32_t dimension) {
  double largest = 0;
  for (uint32_t i = 0; i < dimension; i++) {
    const double magnitude = fabs(static_cast<double>(vector[i]));
    largest = magnitude > largest ? magnitude : largest;
  }
  return largest;
}

/* Fixed point of 28 bits in two digits of 15: within max |x| * 2^-28, where f32 itself has 2^-25 of each
 * component. */
double split(const float *vector, uint32_t dimension, int16_t *high, int16_t *low) {
  const double step = largest_magnitude(vector, dimension) / largest_number;
  for (uint32_t i = 0; i < dimension; i++) {
    const int32_t number = step > 0 ? static_cast<int32_t>(lrint(static_cast<double>(vector[i]) / step)) : 0;
    const int32_t rounded = number + digit_base / 2;
    /* Floor division: >> of a negative number is arithmetic in every compiler that this is built with. */
    const int32_t digit = rounded >> 14;
    high[i] = static_cast<int16_t>(digit);
    low[i] = static_cast<int16_t>(number - digit * digit_base);
  }
  return step;
}

}  // namespace

bool prepared_vectors::reserve(uint32_t count, uint32_t dimension, bool digits) {
  dimension_ = dimension;
  padded_ = padded(dimension);
  digits_ = digits;
  const size_t numbers = static_cast<size_t>(count) * padded_;
  return vectors_.reserve(count) && values_.reserve(numbers) &&
         (!digits || (high_.reserve(numbers) && low_.reserve(numbers)));
}

void prepared_vectors::set(uint32_t index, const float *vector) {
  const size_t at = static_cast<size_t>(index) * padded_;
  const uint32_t rest = padded_ - dimension_;
  float *values = values_.data() + at;
  memcpy(values, vector, dimension_ * sizeof(float));
  memset(values + dimension_, 0, rest * sizeof(float));
  tp_vector &prepared = vectors_[index];
  prepared = {values, nullptr, nullptr, 0};
  if (!digits_) return;
  int16_t *high = high_.data() + at;
  int16_t *low = low_.data() + at;
  prepared.step = split(vector, dimension_, high, low);
  memset(high + dimension_, 0, rest * sizeof(int16_t));
  memset(low + dimension_, 0, rest * sizeof(int16_t));
  prepared.high = high;
  prepared.low = low;
}

const double *widen_vector(growing<double> *into, const float *vector, uint32_t dimension) {
  const uint32_t length = padded(dimension);
  if (!into->reserve(length)) return nullptr;
  double *wide = into->data();
  for (uint32_t i = 0; i < dimension; i++) wide[i] = static_cast<double>(vector[i]);
  for (uint32_t i = dimension; i < length; i++) wide[i] = 0;
  return wide;
}

}  // namespace triptych
