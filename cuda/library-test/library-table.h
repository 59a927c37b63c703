/* Random tables and batches for the tests of the library, and the oracle: triptych/score.h, one row after the
 * other. */
#ifndef TRIPTYCH_CUDA_LIBRARY_TABLE_H
#define TRIPTYCH_CUDA_LIBRARY_TABLE_H

#include <algorithm>
#include <math.h>
#include <random>
#include <vector>

#include "triptych/score.h"

struct TestTable {
  tp_rows rows = {};
  std::vector<uint8_t> vectors;
  std::vector<float> scales;
  std::vector<uint32_t> tie_ranks, facet_starts, facet_counts, facet_values;
  std::vector<float> popularity;
  std::vector<double> recency_ms, field;
  std::vector<const double *> fields;
};

constexpr uint32_t test_codes = 200;

inline uint16_t half_of(float value) {
  /* Small magnitudes only: the nearest f16 with a normal exponent, else 0. */
  uint32_t bits = tp_bits_of_float(value);
  const uint32_t sign = (bits >> 16) & 0x8000u;
  bits &= 0x7fffffffu;
  if (bits < 0x38800000u) return static_cast<uint16_t>(sign);
  return static_cast<uint16_t>(sign | ((bits - 0x38000000u + 0x1000u) >> 13));
}

inline std::vector<float> unit_vector(uint32_t dimension, std::mt19937 &random) {
  std::normal_distribution<float> normal;
  std::vector<float> vector(dimension);
  double square = 0;
  for (float &component : vector) {
    component = normal(random);
    square += double{component} * component;
  }
  for (float &component : vector) component = static_cast<float>(component / sqrt(square));
  return vector;
}

/* Writes one row's vector in the table's tier. */
inline void write_vector(TestTable &table, uint32_t row, const std::vector<float> &vector) {
  const size_t start = size_t{row} * table.rows.stride;
  float largest = 0;
  for (float component : vector) largest = std::max(largest, fabsf(component));
  if (table.rows.tier == TP_INT8) table.scales[row] = largest / 127;
  for (uint32_t i = 0; i < vector.size(); i++) {
    if (table.rows.tier == TP_F32) reinterpret_cast<float *>(table.vectors.data())[start + i] = vector[i];
    if (table.rows.tier == TP_F16)
      reinterpret_cast<uint16_t *>(table.vectors.data())[start + i] = half_of(vector[i]);
    if (table.rows.tier == TP_INT8)
      reinterpret_cast<int8_t *>(table.vectors.data())[start + i] =
          static_cast<int8_t>(lrintf(vector[i] / largest * 127));
  }
}

inline void write_facets(TestTable &table, uint32_t row, uint32_t count, std::mt19937 &random) {
  table.facet_starts[row] = static_cast<uint32_t>(table.facet_values.size());
  table.facet_counts[row] = count;
  std::vector<uint32_t> codes(test_codes);
  for (uint32_t code = 0; code < test_codes; code++) codes[code] = code;
  std::shuffle(codes.begin(), codes.end(), random);
  table.facet_values.insert(table.facet_values.end(), codes.begin(), codes.begin() + count);
}

inline void point_at_columns(TestTable &table) {
  table.rows.vectors = table.vectors.data();
  table.rows.scales = table.rows.tier == TP_INT8 ? table.scales.data() : nullptr;
  table.rows.tie_ranks = table.tie_ranks.data();
  table.rows.popularity = table.popularity.data();
  table.rows.recency_ms = table.recency_ms.data();
  table.rows.facet_starts = table.facet_starts.data();
  table.rows.facet_counts = table.facet_counts.data();
  table.rows.facet_values = table.facet_values.data();
  table.rows.facet_value_count = table.facet_values.size();
  table.fields = {table.field.data()};
  table.rows.fields = table.fields.data();
  table.rows.field_count = 1;
}

/* What lies between two rows is filled with ones: nobody may read it. Every seventh row repeats the one
 * before. */
inline TestTable make_table(uint32_t count, uint32_t dimension, tp_tier tier, uint32_t first_tie_rank,
                            std::mt19937 &random) {
  TestTable table;
  table.rows.row_count = count;
  table.rows.dimension = dimension;
  table.rows.stride = dimension + 3;
  table.rows.tier = tier;
  table.vectors.assign(size_t{count} * table.rows.stride * 4, 0x3f);
  table.scales.resize(count);
  table.popularity.resize(count);
  table.recency_ms.resize(count);
  table.field.resize(count);
  table.facet_starts.resize(count);
  table.facet_counts.resize(count);
  for (uint32_t row = 0; row < count; row++) table.tie_ranks.push_back(first_tie_rank + row);
  std::shuffle(table.tie_ranks.begin(), table.tie_ranks.end(), random);
  std::vector<float> vector;
  for (uint32_t row = 0; row < count; row++) {
    if (row % 7 != 1) vector = unit_vector(dimension, random);
    write_vector(table, row, vector);
    table.popularity[row] = row % 11 == 0 ? NAN : static_cast<float>(random() % 1000) / 1000;
    table.recency_ms[row] = row % 13 == 0 ? NAN : 1e12 + random() % 1000000 * 1e5;
    table.field[row] = row % 5 == 0 ? NAN : random() % 100;
    write_facets(table, row, row % 9 == 0 ? 0 : random() % 20, random);
  }
  point_at_columns(table);
  return table;
}

/* One request with its own memory. */
struct TestRequest {
  tp_request request = {};
  std::vector<float> query, taste;
  std::vector<uint32_t> codes, rule_starts, lists;
  std::vector<double> values, weights, constants;
  std::vector<uint8_t> facets;
  std::vector<int32_t> code;
};

inline void add_rules(TestRequest &made, std::mt19937 &random) {
  /* Rule 0: field in [10, 80) or one of some facets; rule 1: none of the first bits. */
  made.lists = {3, 17, 40, 90, static_cast<uint32_t>(random()) & 0x0000ffffu, 0};
  made.constants = {10, 80};
  made.code = {TP_RANGE,      0, 0, 2, TP_FACET_ANY, 0, 4, 0, TP_OR, 2, 0, 0,
               TP_FACET_BITS, 4, 2, 0, TP_NOT,       0, 0, 0};
  made.rule_starts = {0, 3, 5};
  made.request.mask = {2, made.rule_starts.data(), made.code.data(), made.lists.data(),
                       made.constants.data()};
}

inline void make_request(TestRequest &made, uint32_t dimension, tp_formula formula, std::mt19937 &random) {
  made.query = unit_vector(dimension, random);
  made.taste = unit_vector(dimension, random);
  made.request.query = random() % 4 == 0 ? nullptr : made.query.data();
  made.request.taste = random() % 2 == 0 ? nullptr : made.taste.data();
  for (uint32_t code = random() % 3; code < test_codes; code += 1 + random() % 5) {
    made.codes.push_back(code);
    made.values.push_back((static_cast<double>(random() % 2001) - 1000) / 1024);
    made.facets.push_back(static_cast<uint8_t>(code % 10));
  }
  for (uint32_t facet = 0; facet < 10; facet++) made.weights.push_back(0.1 * facet);
  const auto count = static_cast<uint32_t>(made.codes.size());
  const uint32_t present = random() % 4 != 0 ? 1 : 0;
  made.request.preferences = {
      present, count, made.codes.data(), made.values.data(), made.facets.data(), 10, made.weights.data()};
  if (random() % 3 != 0) add_rules(made, random);
  tp_params &params = made.request.params;
  params.formula = formula;
  params.rank_depth = 20;
  for (double &weight : params.weights) weight = 1.0 / TP_SIGNAL_COUNT;
  params.lo = -0.2;
  params.hi = 0.9;
  params.reference_ms = 1.2e12;
  params.half_life_ms = 3e10;
  params.product_min = 0.25;
  params.product_max = 4;
}

/* The score of a row in f64, before it is rounded. */
inline double oracle_score(const tp_request &request, const tp_rows &rows, uint32_t row, tp_candidate own) {
  double sums[TP_FACETS_MAX];
  uint32_t known[TP_FACETS_MAX];
  double factors[TP_FACET_VALUES_MAX];
  double signals[TP_SIGNAL_COUNT];
  double contributions[TP_SIGNAL_COUNT];
  const tp_find_by_search find = {&request.preferences};
  const bool preferred = request.preferences.present != 0;
  const double query = request.query == nullptr ? NAN : tp_cosine(&rows, row, request.query);
  const double taste = request.taste == nullptr ? NAN : tp_cosine(&rows, row, request.taste);
  const double preference =
      preferred ? tp_preference(&request.preferences, &rows, row, find, sums, known) : NAN;
  const double product =
      preferred ? tp_preference_product(&request.preferences, &rows, row, find, factors) : 1;
  tp_fill_signals(&request.params, &rows, row, own, query, taste, preference, signals);
  return tp_contribute(&request.params, signals, product, contributions);
}

#endif
