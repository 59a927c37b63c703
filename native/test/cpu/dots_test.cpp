/* First-pass dot products: near the f64 oracle, and the same bits whatever stands around a row. */
#include <math.h>

#include "fixture.h"
#include "variants.h"

namespace {

double bound_of(uint32_t dimension) { return 4e-7 + dimension * 2e-10; }

void check_dimension(random_numbers &random, const tp_kernels *kernels, tp_tier tier, uint32_t dimension) {
  const uint32_t count = 67;
  block_owner block(random, tier, dimension, count, 0);
  triptych::prepared_vectors vectors;
  CHECK(vectors.reserve(2, dimension, tier == TP_INT8), "no memory");
  const std::vector<float> query = random_unit(random, dimension);
  const std::vector<float> taste = random_unit(random, dimension);
  vectors.set(0, query.data());
  vectors.set(1, taste.data());
  std::vector<float> alone(count);
  for (uint32_t row = 0; row < count; row++) {
    float *out[1] = {&alone[row]};
    kernels->dots(&block.rows, &row, 1, vectors.all(), 1, out);
    const double exact = tp_cosine(&block.rows, row, query.data());
    CHECK(fabs(static_cast<double>(alone[row]) - exact) <= bound_of(dimension),
          "%s %s dimension %u row %u: %.9g, not %.9g", kernels->name, tier_name(tier), dimension, row,
          static_cast<double>(alone[row]), exact);
  }
  /* As if the block had many more rows: it is read in another way then. */
  tp_rows far = block.rows;
  far.row_count = UINT32_MAX;
  for (uint32_t length = 1; length <= count; length++) {
    std::vector<uint32_t> indices(length);
    for (uint32_t &index : indices) index = random.below(count);
    std::vector<float> first(length + 1, 7.0f);
    std::vector<float> second(length + 1, 7.0f);
    float *out[2] = {first.data(), second.data()};
    kernels->dots(length % 3 == 0 ? &far : &block.rows, indices.data(), length, vectors.all(), 1 + length % 2,
                  out);
    for (uint32_t i = 0; i < length; i++)
      CHECK(tp_bits_of_float(first[i]) == tp_bits_of_float(alone[indices[i]]),
            "%s %s dimension %u: row %u has other bits at %u of %u", kernels->name, tier_name(tier),
            dimension, indices[i], i, length);
    CHECK(first[length] == 7.0f && second[length] == 7.0f, "written beyond the end");
  }
}

/* The largest sums that int8 rows can have: all components at their limit, all of one sign. */
void check_extremes(const tp_kernels *kernels) {
  const uint32_t dimension = 4096;
  random_numbers random(1);
  block_owner block(random, TP_INT8, dimension, 2, 0);
  memset(block.vectors.get(), 127, dimension);
  memset(block.vectors.get() + dimension, -127, dimension);
  std::vector<float> query(dimension, 1.0f / 64);
  triptych::prepared_vectors vectors;
  CHECK(vectors.reserve(1, dimension, true), "no memory");
  vectors.set(0, query.data());
  const uint32_t indices[2] = {0, 1};
  float sums[2];
  float *out[1] = {sums};
  kernels->dots(&block.rows, indices, 2, vectors.all(), 1, out);
  for (uint32_t row = 0; row < 2; row++) {
    const double exact = tp_cosine(&block.rows, row, query.data());
    CHECK(fabs(static_cast<double>(sums[row]) - exact) <= 1e-7 * fabs(exact), "%s: %.9g, not %.9g",
          kernels->name, static_cast<double>(sums[row]), exact);
  }
}

}  // namespace

int main() {
  random_numbers random(test_seed());
  for (const tp_kernels *kernels : kernels_under_test()) {
    for (const tp_tier tier : {TP_F32, TP_F16, TP_INT8}) {
      for (uint32_t dimension = 1; dimension <= 70; dimension++)
        check_dimension(random, kernels, tier, dimension);
      for (const uint32_t dimension : {127u, 512u, 768u, 1000u, 1024u, 1025u, 2050u, 4096u})
        check_dimension(random, kernels, tier, dimension);
    }
    check_extremes(kernels);
  }
  printf("dots: passed\n");
  return 0;
}
