/* Blocks and requests made of random numbers, with what makes a scorer stumble: ties, zeros, NaN, odd
 * dimensions. */
#ifndef TRIPTYCH_TEST_FIXTURE_H
#define TRIPTYCH_TEST_FIXTURE_H

#include <math.h>

#include <memory>
#include <string>
#include <vector>

#include "check.h"
#include "triptych/score.h"

/* Nearest f16, ties to even, as src/domain/half-float.ts; finite numbers below 65,504 alone. */
inline uint16_t half_of(float value) {
  const float magnitude = fabsf(value);
  const uint16_t sign = signbit(value) ? 0x8000 : 0;
  int exponent = magnitude > 0 ? ilogbf(magnitude) : -15;
  if (exponent < -14) exponent = -14;
  const double step = ldexp(1.0, exponent - 10);
  const double rounded = nearbyint(static_cast<double>(magnitude) / step) * step;
  if (rounded == 0) return sign;
  exponent = ilogb(rounded) < -14 ? -14 : ilogb(rounded);
  const uint32_t fraction = static_cast<uint32_t>(rounded / ldexp(1.0, exponent - 10));
  return static_cast<uint16_t>(sign |
                               (fraction < 1024 ? fraction : ((exponent + 15) << 10) + (fraction - 1024)));
}

inline std::vector<float> random_unit(random_numbers &random, uint32_t dimension) {
  std::vector<float> vector(dimension);
  double squares = 0;
  for (float &value : vector) {
    value = static_cast<float>(random.between(-1, 1) * random.uniform());
    squares += static_cast<double>(value) * static_cast<double>(value);
  }
  for (float &value : vector) value = static_cast<float>(static_cast<double>(value) / sqrt(squares));
  return vector;
}

constexpr uint32_t code_count = 300;
constexpr uint32_t field_count = 3;

/* The owner of a tp_rows. Every allocation is of the exact size, so that a sanitizer sees a read beyond a
 * row. */
struct block_owner {
  tp_rows rows = {};
  std::unique_ptr<unsigned char[]> vectors;
  std::vector<float> scales;
  std::vector<uint32_t> tie_ranks;
  std::vector<float> popularity;
  std::vector<double> recency_ms;
  std::vector<uint32_t> facet_starts;
  std::vector<uint32_t> facet_counts;
  std::vector<uint32_t> facet_values;
  std::vector<std::vector<double>> fields;
  std::vector<const double *> field_starts;

  block_owner(random_numbers &random, tp_tier tier, uint32_t dimension, uint32_t count,
              uint32_t first_tie_rank, uint32_t facets_max = 12) {
    const uint32_t bytes = tier == TP_F32 ? 4 : tier == TP_F16 ? 2 : 1;
    const uint32_t stride = (dimension * bytes + 63) / 64 * 64 / bytes;
    const size_t elements = count == 0 ? 0 : static_cast<size_t>(count - 1) * stride + dimension;
    vectors.reset(new unsigned char[elements * bytes]);
    for (size_t i = 0; i < elements * bytes; i++) vectors[i] = static_cast<unsigned char>(random.next());
    for (uint32_t row = 0; row < count; row++) add_row(random, tier, dimension, stride, row, facets_max);
    fields.resize(field_count);
    for (auto &field : fields) {
      for (uint32_t row = 0; row < count; row++) field.push_back(random.chance(0.1) ? NAN : random.below(10));
      field_starts.push_back(field.data());
    }
    for (uint32_t row = 0; row < count; row++) tie_ranks.push_back(first_tie_rank + row);
    for (uint32_t row = count; row > 1; row--) std::swap(tie_ranks[row - 1], tie_ranks[random.below(row)]);
    rows = {count,
            dimension,
            stride,
            tier,
            vectors.get(),
            tier == TP_INT8 ? scales.data() : nullptr,
            tie_ranks.data(),
            popularity.data(),
            recency_ms.data(),
            facet_starts.data(),
            facet_counts.data(),
            facet_values.data(),
            facet_values.size(),
            field_starts.data(),
            field_count,
            0,
            0};
  }

 private:
  void add_row(random_numbers &random, tp_tier tier, uint32_t dimension, uint32_t stride, uint32_t row,
               uint32_t facets_max) {
    std::vector<float> vector = random_unit(random, dimension);
    if (random.chance(0.03)) vector.assign(dimension, 0.0f);
    store(vector, tier, static_cast<size_t>(row) * stride);
    /* Duplicates: equal vectors under other tie ranks. */
    if (row > 0 && random.chance(0.1)) copy_row(tier, dimension, stride, random.below(row), row);
    popularity.push_back(random.chance(0.1) ? NAN : static_cast<float>(random.uniform()));
    const double age_ms = random.uniform() * random.uniform() * 1e12 - 1e9;
    recency_ms.push_back(random.chance(0.1) ? NAN : 1.7e12 - age_ms);
    facet_starts.push_back(static_cast<uint32_t>(facet_values.size()));
    facet_counts.push_back(0);
    for (uint32_t code = random.below(20); code < code_count && facet_counts[row] < facets_max;
         code += 1 + random.below(40)) {
      facet_values.push_back(code);
      facet_counts[row]++;
    }
  }

  void store(const std::vector<float> &vector, tp_tier tier, size_t start) {
    float largest = 0;
    for (const float value : vector) largest = fmaxf(largest, fabsf(value));
    const float scale = static_cast<float>(static_cast<double>(largest) / 127);
    if (tier == TP_INT8) scales.push_back(scale);
    for (size_t i = 0; i < vector.size(); i++) {
      if (tier == TP_F32) reinterpret_cast<float *>(vectors.get())[start + i] = vector[i];
      if (tier == TP_F16) reinterpret_cast<uint16_t *>(vectors.get())[start + i] = half_of(vector[i]);
      if (tier != TP_INT8) continue;
      const double steps =
          scale == 0 ? 0 : floor(static_cast<double>(vector[i]) / static_cast<double>(scale) + 0.5);
      reinterpret_cast<int8_t *>(vectors.get())[start + i] =
          static_cast<int8_t>(fmin(127, fmax(-127, steps)));
    }
  }

  void copy_row(tp_tier tier, uint32_t dimension, uint32_t stride, uint32_t from, uint32_t to) {
    const size_t bytes = tier == TP_F32 ? 4 : tier == TP_F16 ? 2 : 1;
    memcpy(vectors.get() + to * stride * bytes, vectors.get() + from * stride * bytes, dimension * bytes);
    if (tier == TP_INT8) scales[to] = scales[from];
  }
};

struct block_shape {
  tp_tier tier;
  uint32_t dimension;
  uint32_t resident;
  uint32_t transient;
};

struct blocks_owner {
  block_owner resident;
  block_owner transient;
  tp_blocks blocks;

  blocks_owner(random_numbers &random, block_shape shape, uint32_t facets_max = 12)
      : resident(random, shape.tier, shape.dimension, shape.resident, 0, facets_max),
        transient(random, shape.tier, shape.dimension, shape.transient, shape.resident, facets_max),
        blocks({resident.rows, transient.rows, code_count}) {}

  uint32_t row_count() const { return blocks.resident.row_count + blocks.transient.row_count; }
};

inline const char *tier_name(tp_tier tier) {
  return tier == TP_F32 ? "f32" : tier == TP_F16 ? "f16" : "int8";
}

#endif
