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
#include "table.h"
#include "triptych/cpu.h"

namespace {

constexpr tp_tier tiers[] = {TP_F32, TP_F16, TP_INT8};
constexpr const char *tier_names[] = {"f32", "f16", "int8"};

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
  for (const uint32_t count : {300u, 1000u, 10000u}) {
    whole(backend, machine, 768, count, 8);
    whole(backend, machine, 512, count, 15);
  }
  for (const uint32_t query_count : {1u, 8u}) scan(backend, machine, query_count);
  tp_cpu_backend()->close(backend);
  return 0;
}
