/* gram: cosines of all pairs with the bits of the f64 definition, resident and transient rows mixed. */
#include <math.h>
#include <string.h>

#include "check.h"
#include "device.h"
#include "launchers.h"
#include "schedules.h"

namespace {

struct gram_fixture {
  table resident, transient;
  std::vector<uint32_t> rows;

  const table &block_of(uint32_t number, uint32_t *row) const {
    const uint32_t first = resident.shape.row_count;
    *row = number < first ? number : number - first;
    return number < first ? resident : transient;
  }
};

/* Term i to sum i mod 8, folded in halves; int8: the first row's scale, then the second's. */
double exact_cosine(const gram_fixture &of, uint32_t a, uint32_t b) {
  uint32_t row_a, row_b;
  const table &block_a = of.block_of(a, &row_a);
  const table &block_b = of.block_of(b, &row_b);
  double s[8] = {};
  for (uint32_t i = 0; i < of.resident.shape.dimension; i++)
    s[i % 8] += block_a.stored(row_a, i) * block_b.stored(row_b, i);
  const double sum = ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
  return sum * block_a.scale(row_a) * block_b.scale(row_b);
}

std::vector<double> run_gram(const gram_fixture &of, uint32_t shift) {
  device_scope scope;
  const auto count = static_cast<uint32_t>(of.rows.size());
  const size_t pairs = static_cast<size_t>(count) * (count - 1) / 2;
  TpDeviceGram view = {};
  view.resident = device_block(scope, of.resident, shift);
  view.transient = device_block(scope, of.transient, 31);
  view.rows = scope.input("rows", of.rows);
  view.count = count;
  view.out = scope.output<double>("cosines", pairs);
  tp_gram(scope.input("gram", std::vector<TpDeviceGram>{view}), count, nullptr);
  return std::vector<double>(view.out, view.out + pairs);
}

void run_case(const table_shape &shape, uint32_t count, uint64_t seed) {
  const std::string name = std::to_string(count) + " rows of " + std::to_string(shape.dimension) + ", tier " +
                           std::to_string(shape.tier) + ", seed " + std::to_string(seed);
  check::run_case(name, [&] {
    random_source random(seed);
    table_shape few = shape;
    few.row_count = 7;
    gram_fixture of{make_table(random, shape), make_table(random, few, shape.row_count), {}};
    for (uint32_t i = 0; i < count; i++) of.rows.push_back(random.below(shape.row_count + few.row_count));
    /* Long rows take one schedule each. */
    for (const simt::schedule &how : all_schedules) {
      if (shape.dimension > 500 && how.seed != seed % 3 + 1) continue;
      simt::use_schedule(how);
      const std::vector<double> cosines = run_gram(of, 3);
      size_t at = 0;
      for (uint32_t i = 0; i < count; i++)
        for (uint32_t j = i + 1; j < count; j++, at++) {
          const double expected = exact_cosine(of, of.rows[i], of.rows[j]);
          CHECK(memcmp(&cosines[at], &expected, sizeof expected) == 0,
                "pair " << i << ", " << j << ": " << cosines[at] << ", not " << expected);
        }
    }
  });
}

}  // namespace

int main() {
  uint64_t seed = 1;
  for (const tp_tier tier : {TP_F32, TP_F16, TP_INT8}) {
    for (const uint32_t count : {2u, 3u, 15u, 16u, 17u, 31u, 32u, 33u, 50u})
      run_case({tier, 40, 30, table_style::plain}, count, seed++);
    for (const uint32_t dimension : {1u, 7u, 8u, 9u, 31u, 32u, 33u, 48u, 100u, 513u, 4096u})
      run_case({tier, dimension, 30, table_style::plain}, 18, seed++);
    run_case({tier, 64, 30, table_style::zero_vectors}, 20, seed++);
    run_case({tier, 64, 30, table_style::near_ties}, 20, seed++);
  }
  return check::finish();
}
