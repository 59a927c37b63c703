/* The exact scan against a sort of all rows by their f64 cosine. */
#include <algorithm>

#include "fixture.h"
#include "triptych/cpu.h"
#include "variants.h"

namespace {

struct hit {
  double cosine;
  uint32_t tie_rank;
  uint32_t row;
};

std::vector<hit> expect(const tp_rows *rows, const float *query, const std::vector<uint8_t> &mask,
                        uint32_t limit) {
  std::vector<hit> hits;
  for (uint32_t row = 0; row < rows->row_count; row++)
    if (mask[row] != 0) hits.push_back({tp_cosine(rows, row, query), rows->tie_ranks[row], row});
  std::sort(hits.begin(), hits.end(), [](const hit &a, const hit &b) {
    return a.cosine != b.cosine ? a.cosine > b.cosine : a.tie_rank < b.tie_rank;
  });
  hits.resize(std::min<size_t>(hits.size(), limit));
  return hits;
}

struct scan_case {
  uint32_t query_count;
  uint32_t limit;
  bool masked;
};

void check_scan(random_numbers &random, tp_backend *backend, const tp_rows *rows, scan_case shape) {
  std::vector<float> queries;
  for (uint32_t i = 0; i < shape.query_count; i++) {
    const std::vector<float> query = random_unit(random, rows->dimension);
    queries.insert(queries.end(), query.begin(), query.end());
  }
  std::vector<uint8_t> mask(rows->row_count);
  for (uint8_t &bit : mask) bit = shape.masked ? random.chance(0.3) : 1;
  const size_t room = static_cast<size_t>(shape.query_count) * shape.limit;
  std::vector<uint32_t> out_rows(room);
  std::vector<double> cosines(room);
  std::vector<uint32_t> counts(shape.query_count);
  const tp_scan scan = {shape.query_count, queries.data(), shape.masked ? mask.data() : nullptr, shape.limit};
  tp_hits hits = {out_rows.data(), cosines.data(), counts.data()};
  CHECK(triptych::scan(backend, rows, &scan, &hits, nullptr) == TP_OK, "%s", backend->reason);
  for (uint32_t query = 0; query < shape.query_count; query++) {
    const std::vector<hit> expected =
        expect(rows, queries.data() + query * rows->dimension, mask, shape.limit);
    CHECK(counts[query] == expected.size(), "%u rows, not %zu", counts[query], expected.size());
    for (uint32_t i = 0; i < counts[query]; i++) {
      const size_t at = static_cast<size_t>(query) * shape.limit + i;
      CHECK(out_rows[at] == expected[i].row, "%s %s dimension %u: place %u of query %u is row %u, not %u",
            backend->kernels->name, tier_name(rows->tier), rows->dimension, i, query, out_rows[at],
            expected[i].row);
      CHECK(cosines[at] == expected[i].cosine, "place %u: %.17g, not %.17g", i, cosines[at],
            expected[i].cosine);
    }
  }
}

/* Rows that f32 cannot tell apart, more of them than contenders have room at first. */
void check_near_ties(random_numbers &random, tp_backend *backend, tp_tier tier) {
  block_owner block(random, tier, 48, 6000, 0);
  const size_t bytes = 48 * (tier == TP_F32 ? 4 : tier == TP_F16 ? 2 : 1);
  const size_t stride = block.rows.stride * (tier == TP_F32 ? 4 : tier == TP_F16 ? 2 : 1);
  for (uint32_t row = 1; row < 6000; row++) {
    memcpy(block.vectors.get() + row * stride, block.vectors.get(), bytes);
    if (tier == TP_INT8) block.scales[row] = block.scales[0];
    /* The last bit of one component: a difference of about 1e-8 in the cosine. */
    if (tier == TP_F32 && row % 3 != 0) block.vectors[row * stride + 4 * random.below(48)] ^= 1;
  }
  for (const uint32_t limit : {1u, 40u, 900u}) check_scan(random, backend, &block.rows, {2, limit, false});
}

void check_cancel(random_numbers &random, tp_backend *backend) {
  block_owner block(random, TP_F32, 16, 100, 0);
  const std::vector<float> query = random_unit(random, 16);
  const int32_t cancel = 1;
  uint32_t row;
  uint32_t count;
  double cosine;
  const tp_scan scan = {1, query.data(), nullptr, 1};
  tp_hits hits = {&row, &cosine, &count};
  CHECK(triptych::scan(backend, &block.rows, &scan, &hits, &cancel) == TP_CANCELLED, "not cancelled");
}

void check_warm_calls(random_numbers &random, tp_backend *backend) {
  block_owner block(random, TP_F32, 32, 3000, 0);
  check_scan(random, backend, &block.rows, {3, 200, false});
  const uint64_t before = tp_cpu_allocation_count();
  check_scan(random, backend, &block.rows, {3, 200, false});
  CHECK(tp_cpu_allocation_count() == before, "%s: a warm scan asked for memory", backend->kernels->name);
}

void check_variants() {
  const tp_backend_api *api = tp_cpu_backend();
  char text[64] = "";
  tp_backend *backend = nullptr;
  const tp_options unknown = {"mmx"};
  CHECK(api->abi_version == TP_ABI_VERSION, "ABI");
  CHECK(api->open(&unknown, &backend, text, sizeof text) == TP_UNAVAILABLE && backend == nullptr,
        "mmx opened");
  CHECK(text[0] != '\0', "no reason");
  const tp_options best = {"auto"};
  CHECK(api->open(&best, &backend, text, sizeof text) == TP_OK, "%s", text);
  printf("auto: %s\n", api->variant(backend));
  api->close(backend);
}

}  // namespace

int main() {
  random_numbers random(test_seed());
  check_variants();
  for (const tp_kernels *kernels : kernels_under_test()) {
    tp_backend *backend = triptych::open_with(kernels);
    for (const tp_tier tier : {TP_F32, TP_F16, TP_INT8}) {
      for (const uint32_t dimension : {1u, 7u, 64u, 100u, 512u, 1500u}) {
        block_owner block(random, tier, dimension, dimension < 600 ? 700 : 150, 0);
        for (const uint32_t limit : {0u, 1u, 30u, 1000u})
          for (const uint32_t query_count : {0u, 1u, 3u})
            check_scan(random, backend, &block.rows, {query_count, limit, limit == 30});
      }
      check_near_ties(random, backend, tier);
    }
    check_cancel(random, backend);
    check_warm_calls(random, backend);
    delete backend;
  }
  printf("scan: passed\n");
  return 0;
}
