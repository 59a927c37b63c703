/*
 * flat-scan, top-rows level by level and exact-dot: keys within the scan's error bound, lists identical to a
 * full sort of the kernels' own keys, exact cosines with the bits of the f64 definition.
 */
#include <math.h>
#include <string.h>

#include <algorithm>

#include "../library/scan-plan.h"
#include "check.h"
#include "device.h"
#include "kernel-run.h"
#include "launchers.h"
#include "schedules.h"

namespace {

struct scan_shape {
  tp_tier tier;
  uint32_t dimension;
  uint32_t rows;
  uint32_t queries;
  uint32_t places;
  double kept;
  table_style style = table_style::plain;
};

struct scan_fixture {
  table rows;
  std::vector<std::vector<float>> queries;
  std::vector<uint8_t> mask;
};

scan_fixture make_scan(random_source &random, const scan_shape &shape) {
  scan_fixture made{make_table(random, {shape.tier, shape.dimension, shape.rows, shape.style}), {}, {}};
  for (uint32_t q = 0; q < shape.queries; q++) made.queries.push_back(unit_vector(random, shape.dimension));
  for (uint32_t row = 0; row < shape.rows; row++) made.mask.push_back(random.chance(shape.kept) ? 1 : 0);
  return made;
}

/* The definition of src/domain/vector.ts: term i to sum i mod 8, folded in halves; int8 scaled once at the
 * end. */
double exact_cosine(const table &rows, uint32_t row, const std::vector<float> &query) {
  double s[8] = {};
  for (uint32_t i = 0; i < rows.shape.dimension; i++)
    s[i % 8] += rows.stored(row, i) * static_cast<double>(query[i]);
  return (((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]))) * rows.scale(row);
}

/* Keys of up to eight queries: each row's score, and 0 where the mask says so. */
void check_keys(const scan_fixture &of, const uint64_t *keys, uint32_t first, uint32_t count) {
  const uint32_t row_count = of.rows.shape.row_count;
  const double bound = tp_scan_error(of.rows.stride) + 0x1p-24;
  for (uint32_t q = 0; q < count; q++)
    for (uint32_t row = 0; row < row_count; row++) {
      const uint64_t key = keys[static_cast<size_t>(q) * row_count + row];
      CHECK((key == 0) == (of.mask[row] == 0), "row " << row << " of query " << first + q);
      if (key == 0) continue;
      const double expected = of.rows.cosine(row, of.queries[first + q].data());
      CHECK(fabs(score_of(key) - expected) <= std::min(bound, 2e-6),
            "row " << row << ", query " << first + q << ": " << score_of(key) << ", not " << expected);
      CHECK(static_cast<uint32_t>(key) == ~of.rows.tie_ranks[row], "tie rank of row " << row);
    }
}

struct scan_answer {
  std::vector<std::vector<uint32_t>> rows;
  std::vector<double> cosines;
};

void check_lists(const scan_fixture &of, const std::vector<uint64_t> &keys, uint32_t count, uint32_t places,
                 const uint32_t *rows, const uint32_t *counts) {
  const uint32_t row_count = of.rows.shape.row_count;
  for (uint32_t q = 0; q < count; q++) {
    const std::vector<uint32_t> expected = best_of(keys, q * row_count, row_count, places);
    const std::vector<uint32_t> found(rows + q * places, rows + q * places + counts[q]);
    CHECK(found == expected,
          "list of query " << q << " with " << counts[q] << " rows, not " << expected.size());
  }
}

/* As the library does it (library/scan.cc): eight queries at a time, levels of lists, then exact cosines. */
scan_answer run_scan(const scan_fixture &of, uint32_t places, uint32_t shift) {
  device_scope scope;
  const auto query_count = static_cast<uint32_t>(of.queries.size());
  const uint32_t row_count = of.rows.shape.row_count;
  const uint32_t at_once = std::min(query_count, 8u);
  TpDeviceScan view = {};
  view.block = device_block(scope, of.rows, shift);
  view.query_count = query_count;
  std::vector<float> queries;
  for (const auto &query : of.queries) {
    const std::vector<float> wide = padded(query, of.rows.stride);
    queries.insert(queries.end(), wide.begin(), wide.end());
  }
  view.queries = scope.input("queries", queries);
  view.mask = scope.input("mask", of.mask);
  uint64_t *keys = view.keys = scope.output<uint64_t>("keys", static_cast<size_t>(at_once) * row_count);
  const TpDeviceScan *device = scope.input("scan", std::vector<TpDeviceScan>{view});
  uint32_t *rows = scope.output<uint32_t>("rows", static_cast<size_t>(query_count) * places);
  uint64_t *row_keys = scope.output<uint64_t>("row keys", static_cast<size_t>(query_count) * places);
  uint32_t *counts = scope.output<uint32_t>("counts", query_count);
  const std::vector<TpScanLevel> levels = tp_scan_levels(row_count, at_once, places);
  for (uint32_t first = 0; first < query_count; first += 8) {
    const uint32_t count = std::min(8u, query_count - first);
    tp_flat_scan(device, row_count, first, count, nullptr);
    check_keys(of, keys, first, count);
    const uint64_t *level_keys = keys;
    const uint32_t *level_rows = nullptr;
    for (size_t i = 0; i < levels.size(); i++) {
      const bool last = i + 1 == levels.size();
      const uint32_t lists = count * levels[i].per_query;
      uint64_t *out_keys =
          last ? row_keys + first * places : scope.output<uint64_t>("level keys", lists * places);
      uint32_t *out_rows =
          last ? rows + first * places : scope.output<uint32_t>("level rows", lists * places);
      uint32_t *out_counts = last ? counts + first : scope.output<uint32_t>("level counts", lists);
      tp_top_rows(level_keys, level_rows, scope.input("level", levels[i].segments), lists, out_keys, out_rows,
                  out_counts, nullptr);
      level_keys = out_keys;
      level_rows = out_rows;
    }
    const std::vector<uint64_t> host_keys(keys, keys + static_cast<size_t>(count) * row_count);
    check_lists(of, host_keys, count, places, rows + first * places, counts + first);
  }
  double *cosines = scope.output<double>("cosines", static_cast<size_t>(query_count) * places);
  tp_exact_dot(device, query_count, rows, counts, places, cosines, nullptr);
  scan_answer answer;
  for (uint32_t q = 0; q < query_count; q++) {
    answer.rows.emplace_back(rows + q * places, rows + q * places + counts[q]);
    for (uint32_t i = 0; i < counts[q]; i++) {
      const double expected = exact_cosine(of.rows, rows[q * places + i], of.queries[q]);
      CHECK(memcmp(&cosines[q * places + i], &expected, sizeof expected) == 0,
            "exact cosine " << i << " of query " << q << ": " << cosines[q * places + i] << ", not "
                            << expected);
      answer.cosines.push_back(cosines[q * places + i]);
    }
  }
  return answer;
}

void run_case(const scan_shape &shape, uint64_t seed, size_t schedules) {
  const std::string name = std::to_string(shape.rows) + " rows of " + std::to_string(shape.dimension) +
                           ", tier " + std::to_string(shape.tier) + ", " + std::to_string(shape.queries) +
                           " queries, " + std::to_string(shape.places) + " places, seed " +
                           std::to_string(seed);
  check::run_case(name, [&] {
    random_source random(seed);
    const scan_fixture of = make_scan(random, shape);
    scan_answer first;
    for (size_t i = 0; i < schedules; i++) {
      simt::use_schedule(all_schedules[(i + seed) % 3]);
      const scan_answer answer = run_scan(of, shape.places, 4 + static_cast<uint32_t>(seed % 4));
      if (i == 0) first = answer;
      CHECK(answer.rows == first.rows && answer.cosines == first.cosines, "the scan depends on the schedule");
    }
  });
}

}  // namespace

int main() {
  uint64_t seed = 1;
  for (const tp_tier tier : {TP_F32, TP_F16, TP_INT8}) {
    for (const uint32_t rows : {1u, 2u, 3u, 15u, 16u, 17u, 31u, 33u, 300u})
      run_case({tier, 40, rows, 1 + rows % 4, 5, 0.8}, seed++, 3);
    for (const uint32_t queries : {1u, 7u, 8u, 9u, 17u})
      run_case({tier, 33, 70, queries, 40, 0.7}, seed++, 2);
    for (const uint32_t dimension : {1u, 7u, 8u, 9u, 63u, 64u, 65u, 512u, 1023u, 4096u})
      run_case({tier, dimension, 35, 2, 12, 0.9}, seed++, 1);
    run_case({tier, 24, 100, 3, 30, 0}, seed++, 1);
    run_case({tier, 24, 100, 3, 30, 1, table_style::near_ties}, seed++, 2);
    run_case({tier, 24, 100, 3, 30, 1, table_style::duplicates}, seed++, 2);
    run_case({tier, 24, 100, 3, 30, 1, table_style::zero_vectors}, seed++, 2);
  }
  /* More than one list a query: 16,384 keys each. */
  run_case({TP_F32, 4, 17000, 2, 50, 0.9}, seed++, 1);
  run_case({TP_INT8, 4, 33000, 1, 2048, 0.5}, seed++, 1);
  return check::finish();
}
