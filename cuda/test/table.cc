#include "table.h"

#include <math.h>
#include <string.h>

#include <algorithm>
#include <numeric>

namespace {

/* binary16 to f64 by its definition, apart from every conversion of the kernels and of the shim. */
double value_of_half(uint16_t bits) {
  const int exponent = bits >> 10 & 31;
  const int fraction = bits & 1023;
  const double magnitude = exponent == 0 ? ldexp(fraction, -24) : ldexp(1024 + fraction, exponent - 25);
  return (bits & 0x8000) != 0 ? -magnitude : magnitude;
}

/* The nearest binary16 of |value| <= 1, ties to even. */
uint16_t half_of(double value) {
  const double magnitude = fabs(value);
  if (magnitude == 0) return 0;
  int exponent = 0;
  frexp(magnitude, &exponent);
  const int shift = std::max(exponent - 11, -24);
  const auto steps = static_cast<int>(nearbyint(ldexp(magnitude, -shift)));
  /* Steps of 2^shift: a mantissa of 11 bits, or a subnormal number; a carry moves to the next exponent by
   * itself. */
  const int bits = shift == -24 ? steps : (shift + 24) * 1024 + steps;
  return static_cast<uint16_t>(bits | (value < 0 ? 0x8000 : 0));
}

void store(table &made, uint32_t row, const std::vector<float> &vector) {
  const size_t at = static_cast<size_t>(row) * made.stride;
  const uint32_t dimension = made.shape.dimension;
  if (made.shape.tier == TP_F32)
    memcpy(made.vectors.data() + at * sizeof(float), vector.data(), dimension * sizeof(float));
  if (made.shape.tier == TP_F16)
    for (uint32_t i = 0; i < dimension; i++) {
      const uint16_t half = half_of(static_cast<double>(vector[i]));
      memcpy(made.vectors.data() + (at + i) * sizeof half, &half, sizeof half);
    }
  if (made.shape.tier != TP_INT8) return;
  float largest = 0;
  for (const float value : vector) largest = std::max(largest, fabsf(value));
  const float scale = largest > 0 ? largest / 127 : 1;
  made.scales[row] = scale;
  for (uint32_t i = 0; i < dimension; i++)
    made.vectors[at + i] = static_cast<uint8_t>(static_cast<int8_t>(nearbyintf(vector[i] / scale)));
}

std::vector<std::vector<float>> vectors_of(random_source &random, const table_shape &shape) {
  std::vector<std::vector<float>> vectors(shape.row_count);
  const std::vector<float> center = unit_vector(random, shape.dimension);
  for (uint32_t row = 0; row < shape.row_count; row++) {
    if (shape.style == table_style::near_ties)
      vectors[row] = unit_vector(random, shape.dimension, &center, 1e-6);
    else if (shape.style == table_style::zero_vectors && row % 3 != 1)
      vectors[row].assign(shape.dimension, 0.0f);
    else if (shape.style == table_style::duplicates && row >= 3)
      vectors[row] = vectors[random.below(3)];
    else
      vectors[row] = unit_vector(random, shape.dimension);
  }
  return vectors;
}

/* Distinct codes per row, in no order. */
void make_facets(random_source &random, table &made) {
  const bool heavy = made.shape.style == table_style::heavy_facets;
  for (uint32_t row = 0; row < made.shape.row_count; row++) {
    const uint32_t count = heavy && row % 4 == 0 ? 900 + random.below(101) : random.below(9);
    made.facet_starts.push_back(static_cast<uint32_t>(made.facet_values.size()));
    made.facet_counts.push_back(count);
    const uint32_t first = random.below(facet_code_count);
    /* 7 has no common factor with the number of codes: no code comes twice. */
    for (uint32_t i = 0; i < count; i++) made.facet_values.push_back((first + i * 7) % facet_code_count);
  }
}

}  // namespace

uint32_t element_bytes(tp_tier tier) { return tier == TP_F32 ? 4 : tier == TP_F16 ? 2 : 1; }

uint32_t padded_stride(tp_tier tier, uint32_t dimension) {
  const uint32_t line = 64 / element_bytes(tier);
  return (dimension + line - 1) / line * line;
}

double table::stored(uint32_t row, uint32_t i) const {
  const uint8_t *at = vectors.data() + (static_cast<size_t>(row) * stride + i) * element_bytes(shape.tier);
  if (shape.tier == TP_INT8) return static_cast<int8_t>(*at);
  if (shape.tier == TP_F16) {
    uint16_t half;
    memcpy(&half, at, sizeof half);
    return value_of_half(half);
  }
  float value;
  memcpy(&value, at, sizeof value);
  return static_cast<double>(value);
}

double table::cosine(uint32_t row, const float *vector) const {
  double sum = 0;
  for (uint32_t i = 0; i < shape.dimension; i++) sum += stored(row, i) * static_cast<double>(vector[i]);
  return sum * scale(row);
}

std::vector<float> unit_vector(random_source &random, uint32_t dimension, const std::vector<float> *near,
                               double distance) {
  std::vector<double> values(dimension);
  double squares = 0;
  while (squares < 1e-6) {
    squares = 0;
    for (uint32_t i = 0; i < dimension; i++) {
      const double noise = random.within(-1, 1);
      values[i] = near == nullptr ? noise : static_cast<double>((*near)[i]) + distance * noise;
      squares += values[i] * values[i];
    }
  }
  std::vector<float> unit(dimension);
  for (uint32_t i = 0; i < dimension; i++) unit[i] = static_cast<float>(values[i] / sqrt(squares));
  return unit;
}

table make_table(random_source &random, const table_shape &shape, uint32_t first_rank) {
  table made;
  made.shape = shape;
  made.stride = padded_stride(shape.tier, shape.dimension);
  made.vectors.resize(static_cast<size_t>(shape.row_count) * made.stride * element_bytes(shape.tier));
  if (shape.tier == TP_INT8) made.scales.resize(shape.row_count);
  const auto vectors = vectors_of(random, shape);
  for (uint32_t row = 0; row < shape.row_count; row++) {
    store(made, row, vectors[row]);
    made.popularity.push_back(random.chance(0.2) ? NAN : static_cast<float>(random.unit()));
    made.recency_ms.push_back(random.chance(0.2) ? NAN : 1.6e12 + random.within(0, 1.2e11));
    for (auto &field : made.fields) field.push_back(random.chance(0.1) ? NAN : random.below(20));
  }
  make_facets(random, made);
  made.tie_ranks.resize(shape.row_count);
  std::iota(made.tie_ranks.begin(), made.tie_ranks.end(), first_rank);
  random.shuffle(made.tie_ranks);
  return made;
}
