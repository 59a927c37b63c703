/* Generated rows of a table on the host, in every tier, and the components that their stored bits mean. */
#ifndef TRIPTYCH_SHIM_TABLE_H
#define TRIPTYCH_SHIM_TABLE_H

#include <stdint.h>

#include <vector>

#include "random.h"
#include "triptych/backend.h"

/* What is special about a table's rows. */
enum class table_style {
  plain,
  /* All rows within 1e-6 of each other. */
  near_ties,
  /* A handful of distinct rows, repeated. */
  duplicates,
  zero_vectors,
  /* Up to 1,000 facet values a row. */
  heavy_facets
};

struct table_shape {
  tp_tier tier = TP_F32;
  uint32_t dimension = 1;
  uint32_t row_count = 0;
  table_style style = table_style::plain;
};

constexpr uint32_t facet_code_count = 1500;
constexpr uint32_t field_count = 2;

struct table {
  table_shape shape;
  /* Elements from row to row: rows begin at multiples of 64 bytes, zeros behind the dimension. */
  uint32_t stride;
  /* row_count x stride elements of the tier. */
  std::vector<uint8_t> vectors;
  std::vector<float> scales;
  std::vector<uint32_t> tie_ranks;
  std::vector<float> popularity;
  std::vector<double> recency_ms;
  std::vector<uint32_t> facet_starts, facet_counts, facet_values;
  std::vector<double> fields[field_count];

  /* The component that the stored bits mean, int8 without its scale. */
  double stored(uint32_t row, uint32_t i) const;
  double scale(uint32_t row) const { return shape.tier == TP_INT8 ? static_cast<double>(scales[row]) : 1.0; }
  /* f64 cosine, terms in ascending order. */
  double cosine(uint32_t row, const float *vector) const;
};

uint32_t element_bytes(tp_tier tier);
uint32_t padded_stride(tp_tier tier, uint32_t dimension);

/* A unit vector, f32; `near`: within about `distance` of it where not null. */
std::vector<float> unit_vector(random_source &random, uint32_t dimension,
                               const std::vector<float> *near = nullptr, double distance = 0);

/* tie_ranks are first_rank + a permutation of the rows. */
table make_table(random_source &random, const table_shape &shape, uint32_t first_rank = 0);

#endif
