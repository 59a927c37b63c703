/*
 * What the kernels reach, against the limits of the machine in the same run:
 *   cmake -S native/cpu/dev -B build/cpu-bench && cmake --build build/cpu-bench &&
 * build/cpu-bench/triptych_cpu_bench Arguments: a variant ("auto"), the bytes of the cold table in MiB (320:
 * ten times a level-3 cache of 32 MiB).
 */
#include <string.h>

#include <initializer_list>
#include <memory>

#include "backend.h"
#include "measure.h"
#include "triptych/cpu.h"

namespace {

constexpr tp_tier tiers[] = {TP_F32, TP_F16, TP_INT8};
constexpr const char *tier_names[] = {"f32", "f16", "int8"};
constexpr size_t element_bytes[] = {4, 2, 1};

uint64_t state = 20260601;
uint64_t next_number() {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state;
}

/* A table of one tier over memory that all tiers share; every bit pattern in it is a plausible component. */
struct table {
  tp_rows rows = {};
  std::vector<float> scales;
  std::vector<uint32_t> tie_ranks;

  table(const void *memory, size_t bytes, tp_tier tier, uint32_t dimension) {
    const size_t row_bytes = dimension * element_bytes[tier];
    const uint32_t count = static_cast<uint32_t>(bytes / row_bytes);
    scales.assign(count, 0.001f);
    tie_ranks.resize(count);
    for (uint32_t i = 0; i < count; i++) tie_ranks[i] = i;
    rows.row_count = count;
    rows.dimension = dimension;
    rows.stride = dimension;
    rows.tier = tier;
    rows.vectors = memory;
    rows.scales = scales.data();
    rows.tie_ranks = tie_ranks.data();
  }
};

/* Plausible in each tier: 1..2 as f16, 0.008..0.03 as f32, anything as int8. */
void fill(void *memory, size_t bytes) {
  uint16_t *halves = static_cast<uint16_t *>(memory);
  for (size_t i = 0; i < bytes / 2; i++) {
    const uint16_t bits = static_cast<uint16_t>(next_number() >> 20);
    halves[i] = static_cast<uint16_t>((bits & 0x81ffu) | 0x3c00u);
  }
}

std::vector<uint32_t> random_rows(uint32_t count, uint32_t end) {
  std::vector<uint32_t> rows(count);
  for (uint32_t &row : rows) row = static_cast<uint32_t>(next_number() % end);
  return rows;
}

struct machine {
  void *memory;
  size_t bytes;
  double streaming;
  double peak_f32;
  double peak_f64;
};

void hot(tp_backend *backend, const machine &machine, uint32_t dimension, uint32_t count) {
  contest_timer timer(4);
  std::vector<float> query(dimension, 0.03f);
  std::vector<float> out(count);
  float *columns[1] = {out.data()};
  std::vector<uint32_t> order(count);
  for (uint32_t i = 0; i < count; i++) order[i] = i;
  for (uint32_t i = count; i > 1; i--) std::swap(order[i - 1], order[next_number() % i]);
  backend->vectors.reserve(1, dimension, true);
  backend->vectors.set(0, query.data());
  std::unique_ptr<table> tables[3];
  for (const tp_tier tier : tiers)
    tables[tier].reset(new table(machine.memory, count * dimension * element_bytes[tier], tier, dimension));
  for (uint32_t round = 0; round < 15; round++) {
    for (const tp_tier tier : tiers) {
      const auto work = [&] {
        backend->kernels->dots(&tables[tier]->rows, order.data(), count, backend->vectors.all(), 1, columns);
      };
      work();
      timer.time(tier, 1 + 20000 / count, work);
    }
    const float *rows = static_cast<const float *>(machine.memory);
    const auto work = [&] {
      one_row_dots(rows, dimension, order.data(), count, query.data(), dimension, out.data());
      keep(out.data());
    };
    work();
    timer.time(3, 1 + 20000 / count, work);
  }
  const double f32 = timer.quartile_ns(TP_F32) / count;
  printf("hot  %4u-d N=%-6u", dimension, count);
  for (const tp_tier tier : tiers) {
    const double ns = timer.quartile_ns(tier) / count;
    printf("  %s %6.1f ns/row (%.2fx)", tier_names[tier], ns, f32 / ns);
  }
  printf("  one row at a time %.1f; f32 at %.0f %% of FMA peak\n", timer.quartile_ns(3) / count,
         100 * 2 * dimension / f32 / machine.peak_f32);
}

void cold(tp_backend *backend, const machine &machine, uint32_t dimension) {
  constexpr uint32_t count = 1000;
  contest_timer timer(4);
  std::vector<float> query(dimension, 0.03f);
  std::vector<float> out(count);
  float *columns[1] = {out.data()};
  backend->vectors.reserve(1, dimension, true);
  backend->vectors.set(0, query.data());
  std::unique_ptr<table> tables[3];
  for (const tp_tier tier : tiers)
    tables[tier].reset(new table(machine.memory, machine.bytes, tier, dimension));
  for (uint32_t round = 0; round < 40; round++) {
    for (const tp_tier tier : tiers) {
      const std::vector<uint32_t> rows = random_rows(count, tables[tier]->rows.row_count);
      timer.time(tier, 1, [&] {
        backend->kernels->dots(&tables[tier]->rows, rows.data(), count, backend->vectors.all(), 1, columns);
      });
    }
    const std::vector<uint32_t> rows = random_rows(count, tables[TP_F32]->rows.row_count);
    timer.time(3, 1, [&] {
      one_row_dots(static_cast<const float *>(machine.memory), dimension, rows.data(), count, query.data(),
                   dimension, out.data());
      keep(out.data());
    });
  }
  const double f32 = timer.quartile_ns(TP_F32) / count;
  printf("cold %4u-d N=%-6u", dimension, count);
  for (const tp_tier tier : tiers) {
    const double ns = timer.quartile_ns(tier) / count;
    printf("  %s %6.1f ns/row (%.2fx, %.0f %% of streaming)", tier_names[tier], ns, f32 / ns,
           100 * dimension * element_bytes[tier] / ns / machine.streaming);
  }
  printf("  one row at a time %.1f\n", timer.quartile_ns(3) / count);
}

void gram(tp_backend *backend, const machine &machine, uint32_t dimension, uint32_t count) {
  contest_timer timer(3);
  std::vector<double> out(static_cast<size_t>(count) * count / 2);
  const std::vector<uint32_t> rows = random_rows(count, 2000);
  for (uint32_t round = 0; round < 15; round++)
    for (const tp_tier tier : tiers) {
      const table table(machine.memory, size_t{2000} * dimension * element_bytes[tier], tier, dimension);
      const tp_blocks blocks = {table.rows, {}, 0};
      timer.time(tier, 1, [&] { triptych::gram(backend, &blocks, rows.data(), count, out.data()); });
    }
  printf("gram %4u-d M=%-6u", dimension, count);
  const double operations = static_cast<double>(count) * (count - 1) * dimension;
  for (const tp_tier tier : tiers) {
    const double ns = timer.quartile_ns(tier);
    printf("  %s %.2f ms (%.0f %% of f64 FMA peak)", tier_names[tier], ns / 1e6,
           100 * operations / ns / machine.peak_f64);
  }
  printf("\n");
}

void exact(tp_backend *backend, const machine &machine, uint32_t dimension) {
  constexpr uint32_t count = 132;
  contest_timer timer(3);
  std::vector<double> query(dimension + 8, 0.03);
  std::vector<double> out(count);
  const std::vector<uint32_t> rows = random_rows(count, 304);
  for (uint32_t round = 0; round < 15; round++)
    for (const tp_tier tier : tiers) {
      const table table(machine.memory, size_t{304} * dimension * element_bytes[tier], tier, dimension);
      timer.time(tier, 200, [&] {
        backend->kernels->cosines(&table.rows, rows.data(), count, query.data(), out.data());
      });
    }
  printf("exact cosines, %4u-d N=%u", dimension, count);
  for (const tp_tier tier : tiers)
    printf("  %s %.1f ns/row", tier_names[tier], timer.quartile_ns(tier) / count);
  printf("\n");
}

void scan(tp_backend *backend, const machine &machine, uint32_t query_count) {
  constexpr uint32_t dimension = 512;
  constexpr uint32_t limit = 100;
  contest_timer timer(3);
  std::vector<float> queries(static_cast<size_t>(dimension) * query_count);
  for (float &value : queries)
    value = static_cast<float>(static_cast<double>(next_number() >> 11) * 0x1p-53 - 0.5) / 13;
  std::vector<uint32_t> rows(static_cast<size_t>(limit) * query_count);
  std::vector<double> cosines(rows.size());
  std::vector<uint32_t> counts(query_count);
  tp_hits hits = {rows.data(), cosines.data(), counts.data()};
  const tp_scan scan = {query_count, queries.data(), nullptr, limit};
  for (uint32_t round = 0; round < 5; round++)
    for (const tp_tier tier : tiers) {
      table table(machine.memory, machine.bytes, tier, dimension);
      table.rows.row_count = std::min(table.rows.row_count, 100000u);
      timer.time(tier, 1, [&] { triptych::scan(backend, &table.rows, &scan, &hits, nullptr); });
    }
  printf("scan %u queries of 100,000 rows x %u, best %u:", query_count, dimension, limit);
  for (const tp_tier tier : tiers) printf("  %s %.2f ms", tier_names[tier], timer.quartile_ns(tier) / 1e6);
  printf("\n");
}

/* A whole request of `count` candidates: all signals of weight, preferences, one rule, R = 100. */
void whole(tp_backend *backend, const machine &machine, uint32_t count, uint32_t facets) {
  constexpr uint32_t dimension = 512;
  constexpr uint32_t codes = 4000;
  table table(machine.memory, size_t{count} * dimension * 4, TP_F32, dimension);
  std::vector<float> column(count, 0.5f);
  std::vector<float> popularity(count);
  std::vector<double> recency(count);
  std::vector<uint32_t> starts(count);
  std::vector<uint32_t> counts(count, facets);
  std::vector<uint32_t> values;
  for (uint32_t row = 0; row < count; row++) {
    popularity[row] = static_cast<float>(static_cast<double>(next_number() >> 11) * 0x1p-53);
    recency[row] = 1.7e12 - static_cast<double>(next_number() >> 24);
    starts[row] = row * facets;
    for (uint32_t i = 0; i < facets; i++) values.push_back(static_cast<uint32_t>(next_number() % codes));
  }
  tp_rows &rows = table.rows;
  rows.popularity = popularity.data();
  rows.recency_ms = recency.data();
  rows.facet_starts = starts.data();
  rows.facet_counts = counts.data();
  rows.facet_values = values.data();
  rows.facet_value_count = values.size();
  std::vector<uint32_t> codes_of;
  std::vector<double> preference_values;
  std::vector<uint8_t> facet_of;
  for (uint32_t code = 0; code < codes; code += 62) {
    codes_of.push_back(code);
    preference_values.push_back(0.25);
    facet_of.push_back(static_cast<uint8_t>(code % 4));
  }
  const double facet_weights[4] = {1, 1, 1, 1};
  const uint32_t rule_starts[2] = {0, 1};
  const double bounds[2] = {0.01, 1};
  const int32_t code[4] = {TP_RANGE, 0, 0, 0};
  const std::vector<double> field(count, 0.5);
  const double *fields[1] = {field.data()};
  rows.fields = fields;
  rows.field_count = 1;
  std::vector<float> query(dimension, 0.044f);
  tp_request request = {};
  request.query = query.data();
  request.preferences = {1,
                         static_cast<uint32_t>(codes_of.size()),
                         codes_of.data(),
                         preference_values.data(),
                         facet_of.data(),
                         4,
                         facet_weights};
  request.mask = {1, rule_starts, code, nullptr, bounds};
  request.params = {TP_LINEAR, 100, {1, 1, 1, 1, 1, 1, 1, 1, 1}, -1, 1, 1.7e12, 1e9, 0, 2};
  request.count = count;
  request.limit = 132;
  const std::vector<uint32_t> order = random_rows(count, count);
  const tp_blocks blocks = {rows, {}, codes};
  const tp_batch batch = {
      1, &request, count, {order.data(), column.data(), column.data(), column.data(), column.data()}};
  std::vector<uint32_t> selected(request.limit);
  uint32_t selected_count = 0;
  uint32_t dropped = 0;
  const uint32_t start = 0;
  tp_answer answer = {selected.data(), &start, &selected_count, &dropped, &start};
  std::vector<float> out(count);
  float *columns[1] = {out.data()};
  contest_timer timer(3);
  for (uint32_t round = 0; round < 15; round++) {
    timer.time(0, 20, [&] { triptych::rerank(backend, &blocks, &batch, &answer, nullptr); });
    timer.time(1, 20, [&] {
      backend->kernels->dots(&rows, order.data(), count, backend->vectors.all(), 1, columns);
    });
    timer.time(2, 20, [&] {
      triptych::select_best(backend->keys.data(), backend->positions.data(), count, request.limit,
                            backend->order.data(), selected.data());
    });
  }
  const double all = timer.quartile_ns(0);
  printf(
      "whole request, f32 %u-d N=%u, %u facet values a row: %.1f us, dots alone %.1f us (%.2fx), selection "
      "%.1f us\n",
      dimension, count, facets, all / 1e3, timer.quartile_ns(1) / 1e3, all / timer.quartile_ns(1),
      timer.quartile_ns(2) / 1e3);
}

}  // namespace

int main(int argument_count, char **arguments) {
  const tp_options options = {argument_count > 1 ? arguments[1] : "auto"};
  char text[256];
  tp_backend *backend = nullptr;
  if (tp_cpu_backend()->open(&options, &backend, text, sizeof text) != TP_OK) {
    fprintf(stderr, "%s\n", text);
    return 1;
  }
  machine machine = {};
  machine.bytes = static_cast<size_t>(argument_count > 2 ? atol(arguments[2]) : 320) << 20;
  machine.memory = map_bytes(machine.bytes);
  fill(machine.memory, machine.bytes);
  machine.streaming = streaming_bytes_per_ns(machine.memory, machine.bytes);
  machine.peak_f32 = peak_f32_per_ns();
  machine.peak_f64 = peak_f64_per_ns();
  printf("variant %s; streaming read %.1f GB/s, FMA peak (AVX2) f32 %.0f, f64 %.0f GFLOP/s; one thread\n",
         tp_cpu_backend()->variant(backend), machine.streaming, machine.peak_f32, machine.peak_f64);
  for (const uint32_t dimension : {512u, 768u}) {
    for (const uint32_t count : {304u, 1000u, 10000u}) hot(backend, machine, dimension, count);
    cold(backend, machine, dimension);
    exact(backend, machine, dimension);
    for (const uint32_t count : {100u, 300u}) gram(backend, machine, dimension, count);
  }
  for (const uint32_t count : {300u, 1000u, 10000u})
    for (const uint32_t facets : {0u, 8u, 15u}) whole(backend, machine, count, facets);
  for (const uint32_t query_count : {1u, 8u}) scan(backend, machine, query_count);
  tp_cpu_backend()->close(backend);
  return 0;
}
