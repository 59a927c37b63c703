/*
 * Where the time of a re-rank call goes: packing on the host, the copy up, each kernel, the copy down, and
 * the whole call as a caller sees it beside its floor (one copy up, an empty kernel, one copy down), for
 * windows of 30 to 1,000 in batches of 1, 8 and 32, three tiers, three dimensions; then scans of a large
 * table. Tables are larger than any second-level cache, and caches are flushed before what is timed on the
 * device. One line of JSON a figure. Linked with the library's sources. Run: build/cuda/stages [quick |
 * profile]
 */
#include <string.h>
#include <random>

#include "../library-test/library-table.h"
#include "../library/launch.h"
#include "../library/pack-batch.h"
#include "measure.cuh"

extern "C" const tp_backend_api *tp_backend_entry(void);

namespace {

const tp_backend_api *api = tp_backend_entry();

constexpr uint32_t limit = 132;
/* Few enough equals that a scan for 300 can be proven. */
constexpr uint32_t distinct_rows = 20000;
constexpr int calls = 401;
constexpr int scan_calls = 31;
const char *const tier_names[] = {"f32", "f16", "int8"};

void check(const tp_backend *backend, tp_status status) {
  if (status == TP_OK) return;
  fprintf(stderr, "status %d: %s\n", status, api->last_error(backend));
  exit(1);
}

/* `count` rows that repeat some thousand random ones: no cache can know that. */
TestTable large_table(uint32_t count, uint32_t dimension, tp_tier tier, uint64_t number,
                      std::mt19937 &random) {
  TestTable table;
  tp_rows &rows = table.rows;
  rows.row_count = count;
  rows.dimension = rows.stride = dimension;
  rows.tier = tier;
  rows.table = number;
  rows.epoch = 1;
  const size_t row_bytes = dimension * tp_element_bytes(tier);
  table.vectors.resize(count * row_bytes);
  table.scales.resize(count);
  for (uint32_t row = 0; row < count; row++) {
    if (row < distinct_rows) {
      write_vector(table, row, unit_vector(dimension, random));
    } else {
      memcpy(table.vectors.data() + row * row_bytes, table.vectors.data() + (row - distinct_rows) * row_bytes,
             row_bytes);
      table.scales[row] = table.scales[row - distinct_rows];
    }
    table.tie_ranks.push_back(row);
    table.popularity.push_back(static_cast<float>(row % 1000) / 1000);
    table.recency_ms.push_back(1e12 + row * 1e5);
    table.field.push_back(row % 100);
    table.facet_starts.push_back(row * 8);
    table.facet_counts.push_back(8);
    for (uint32_t i = 0; i < 8; i++) table.facet_values.push_back(i * 25 + random() % 25);
  }
  point_at_columns(table);
  return table;
}

/* Requests with a query, preferences and rules over random rows. */
struct Call {
  std::vector<TestRequest> made;
  std::vector<tp_request> requests;
  std::vector<uint32_t> rows, selected, selected_starts, counts, dropped, dropped_starts;
  std::vector<float> column;
  tp_blocks blocks = {};
  tp_batch batch = {};
  tp_answer answer = {};

  Call(const TestTable &table, uint32_t window, uint32_t request_count, std::mt19937 &random)
      : made(request_count),
        rows(window * request_count),
        selected(limit * request_count),
        counts(request_count),
        dropped(2 * request_count),
        column(window * request_count, 0.5f) {
    for (uint32_t i = 0; i < request_count; i++) {
      TestRequest &one = made[i];
      make_request(one, table.rows.dimension, TP_LINEAR, random);
      one.request.query = one.query.data();
      one.request.taste = nullptr;
      one.request.preferences.present = 1;
      add_rules(one, random);
      one.request.first = i * window;
      one.request.count = window;
      one.request.limit = limit;
      requests.push_back(one.request);
      selected_starts.push_back(i * limit);
      dropped_starts.push_back(i * 2);
    }
    blocks = {table.rows, {}, test_codes};
    const float *values = column.data();
    batch = {request_count,
             requests.data(),
             window * request_count,
             {rows.data(), values, values, values, values}};
    answer = {selected.data(), selected_starts.data(), counts.data(), dropped.data(), dropped_starts.data()};
    draw(random);
  }
  Call(const Call &) = delete;

  void draw(std::mt19937 &random) {
    for (uint32_t &row : rows) row = static_cast<uint32_t>(random() % blocks.resident.row_count);
  }
};

struct Walls {
  double p50, p99;
};

/* Microseconds of `work` on the wall clock, `before` each time untimed. */
template <typename Before, typename Work>
Walls wall_us(int runs, Before before, Work work) {
  std::vector<double> times;
  for (int run = -5; run < runs; run++) {
    before();
    const auto start = std::chrono::steady_clock::now();
    work();
    const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - start;
    if (run >= 0) times.push_back(took.count());
  }
  std::sort(times.begin(), times.end());
  return {times[times.size() / 2], times[times.size() * 99 / 100]};
}

__global__ void empty_kernel() {}

/* One copy up, an empty kernel, one copy down and a polled event: nothing that a call does can be faster. */
double floor_us(size_t up_bytes, size_t down_bytes) {
  void *device, *up, *down;
  cudaStream_t stream;
  cudaEvent_t done;
  DEV_CUDA(cudaMalloc(&device, up_bytes + down_bytes));
  DEV_CUDA(cudaMallocHost(&up, up_bytes));
  DEV_CUDA(cudaMallocHost(&down, down_bytes));
  DEV_CUDA(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
  DEV_CUDA(cudaEventCreateWithFlags(&done, cudaEventDisableTiming));
  const double us = dev_wall_us(calls, [&] {
    DEV_CUDA(cudaMemcpyAsync(device, up, up_bytes, cudaMemcpyHostToDevice, stream));
    empty_kernel<<<1, 32, 0, stream>>>();
    DEV_CUDA(cudaMemcpyAsync(down, device, down_bytes, cudaMemcpyDeviceToHost, stream));
    DEV_CUDA(cudaEventRecord(done, stream));
    while (cudaEventQuery(done) == cudaErrorNotReady) continue;
  });
  DEV_CUDA(cudaStreamSynchronize(stream));
  DEV_CUDA(cudaFree(device));
  DEV_CUDA(cudaFreeHost(up));
  DEV_CUDA(cudaFreeHost(down));
  DEV_CUDA(cudaEventDestroy(done));
  DEV_CUDA(cudaStreamDestroy(stream));
  return us;
}

void rerank_cell(tp_backend *backend, const TestTable &table, uint32_t window, uint32_t request_count,
                 double copy, std::mt19937 &random) {
  Call call(table, window, request_count, random);
  const auto draw = [&] { call.draw(random); };
  const Walls whole = wall_us(calls, draw, [&] {
    check(backend, api->rerank(backend, &call.blocks, &call.batch, &call.answer, nullptr));
  });
  TpFailure failure;
  TpSubmitter &submitter = backend->submitter;
  std::shared_ptr<const TpGeneration> generation;
  check(backend, tp_find_generation(backend, table.rows, &generation));
  const TpDeviceBlock resident = generation->view;
  TpPackedBatch packed;
  const auto pack = [&] {
    TpPacker measure;
    check(backend, tp_pack_batch(call.blocks, call.batch, resident, &measure, &packed, &failure));
    auto kept = generation;
    check(backend, submitter.prepare(packed.extent, std::move(kept), &failure));
    TpPacker packer = submitter.packer();
    check(backend, tp_pack_batch(call.blocks, call.batch, resident, &packer, &packed, &failure));
  };
  const Walls packing = wall_us(101, draw, pack);
  const uint32_t candidates = call.batch.candidate_count;
  /* The block lies on the device as it is before the first kernel. */
  const auto up = [&](cudaStream_t) { check(backend, submitter.copy_up(packed.extent, &failure)); };
  up(nullptr);
  DEV_CUDA(cudaDeviceSynchronize());
  std::vector<uint8_t> host(packed.extent.down_to - packed.extent.down_from);
  void *down_to;
  DEV_CUDA(cudaMallocHost(&down_to, host.size()));
  void *up_from;
  DEV_CUDA(cudaMallocHost(&up_from, packed.extent.up_bytes));
  uint8_t *device = const_cast<uint8_t *>(reinterpret_cast<const uint8_t *>(packed.batch));
  memset(up_from, 0, packed.extent.up_bytes);
  DEV_CUDA(cudaMemcpy(up_from, device, packed.extent.up_bytes, cudaMemcpyDeviceToHost));
  const double up_us = dev_device_us([&](cudaStream_t stream) {
    DEV_CUDA(cudaMemcpyAsync(device, up_from, packed.extent.up_bytes, cudaMemcpyHostToDevice, stream));
  });
  const double mask_us =
      dev_device_us([&](cudaStream_t stream) { tp_hard_mask(packed.batch, candidates, stream); });
  const double dot_us =
      dev_device_us([&](cudaStream_t stream) { tp_gather_dot(packed.batch, candidates, stream); });
  const double score_us =
      dev_device_us([&](cudaStream_t stream) { tp_fused_score(packed.batch, candidates, stream); });
  const double top_us = dev_device_us([&](cudaStream_t stream) {
    tp_top_rows(packed.keys, nullptr, packed.segments, request_count, nullptr, packed.selected,
                packed.selected_counts, stream);
  });
  const double down_us = dev_device_us([&](cudaStream_t stream) {
    DEV_CUDA(cudaMemcpyAsync(down_to, reinterpret_cast<uint8_t *>(packed.dropped), host.size(),
                             cudaMemcpyDeviceToHost, stream));
  });
  DEV_CUDA(cudaDeviceSynchronize());
  uint32_t passing = 0;
  std::vector<uint8_t> passes(candidates);
  TpDeviceBatch on_device;
  DEV_CUDA(cudaMemcpy(&on_device, packed.batch, sizeof on_device, cudaMemcpyDeviceToHost));
  DEV_CUDA(cudaMemcpy(passes.data(), on_device.passes, candidates, cudaMemcpyDeviceToHost));
  for (uint8_t pass : passes) passing += pass;
  DEV_CUDA(cudaFreeHost(down_to));
  DEV_CUDA(cudaFreeHost(up_from));
  const double rate = dev_gb_per_s(
      static_cast<double>(passing) * table.rows.dimension * tp_element_bytes(table.rows.tier), dot_us);
  printf(
      "{\"tier\": \"%s\", \"dimension\": %u, \"rows\": %u, \"requests\": %u, \"p50_us\": %.1f, \"p99_us\": "
      "%.1f, "
      "\"floor_us\": %.1f, \"pack_us\": %.1f, \"up_us\": %.1f, \"mask_us\": %.1f, \"dot_us\": %.1f, "
      "\"score_us\": %.1f, "
      "\"top_us\": %.1f, \"down_us\": %.1f, \"up_bytes\": %zu, \"down_bytes\": %zu, \"passing\": %u, "
      "\"dot_gb_per_s\": %.0f, \"dot_percent_of_copy\": %.0f}\n",
      tier_names[table.rows.tier], table.rows.dimension, window, request_count, whole.p50, whole.p99,
      floor_us(packed.extent.up_bytes, host.size()), packing.p50, up_us, mask_us, dot_us, score_us, top_us,
      down_us, packed.extent.up_bytes, host.size(), passing, rate, 100 * rate / copy);
  fflush(stdout);
}

/* A scan of the whole table for the best 300 of some random vectors. */
struct Scan {
  std::vector<uint8_t> mask;
  std::vector<float> vectors;
  std::vector<uint32_t> rows, counts;
  std::vector<double> cosines;
  tp_scan scan;
  tp_hits hits;

  Scan(const TestTable &table, uint32_t queries, std::mt19937 &random)
      : mask(table.rows.row_count, 1), rows(queries * 300u), counts(queries), cosines(queries * 300u) {
    for (uint32_t i = 0; i < queries; i++) {
      const std::vector<float> vector = unit_vector(table.rows.dimension, random);
      vectors.insert(vectors.end(), vector.begin(), vector.end());
    }
    scan = {queries, vectors.data(), mask.data(), 300};
    hits = {rows.data(), cosines.data(), counts.data()};
  }
  Scan(const Scan &) = delete;
};

void scan_cell(tp_backend *backend, const TestTable &table, uint32_t queries, double copy,
               std::mt19937 &random) {
  Scan made(table, queries, random);
  const Walls whole = wall_us(
      scan_calls, [] {},
      [&] { check(backend, api->scan(backend, &table.rows, &made.scan, &made.hits, nullptr)); });
  const double bytes = static_cast<double>(table.rows.row_count) * table.rows.dimension *
                       tp_element_bytes(table.rows.tier) * ((queries + 7) / 8);
  const double rate = dev_gb_per_s(bytes, whole.p50);
  printf(
      "{\"scan\": \"%s\", \"dimension\": %u, \"rows\": %u, \"queries\": %u, \"p50_us\": %.1f, \"p99_us\": "
      "%.1f, "
      "\"gb_per_s\": %.0f, \"percent_of_copy\": %.0f}\n",
      tier_names[table.rows.tier], table.rows.dimension, table.rows.row_count, queries, whole.p50, whole.p99,
      rate, 100 * rate / copy);
  fflush(stdout);
}

/* A few calls of some sizes and nothing else: for a profiler. */
void profile(tp_backend *backend, std::mt19937 &random) {
  uint64_t number = 0;
  for (tp_tier tier : {TP_F32, TP_INT8}) {
    const TestTable table = large_table(200000, 512, tier, ++number, random);
    check(backend, api->table_sync(backend, &table.rows, nullptr, 0));
    for (const auto &cell : {std::pair<uint32_t, uint32_t>{300, 1}, {300, 8}, {1000, 32}}) {
      Call call(table, cell.first, cell.second, random);
      for (int i = 0; i < 2; i++, call.draw(random))
        check(backend, api->rerank(backend, &call.blocks, &call.batch, &call.answer, nullptr));
    }
    for (uint32_t queries : {1u, 8u}) {
      Scan made(table, queries, random);
      check(backend, api->scan(backend, &table.rows, &made.scan, &made.hits, nullptr));
    }
  }
}

}  // namespace

int main(int argc, char **argv) {
  const bool quick = argc > 1 && strcmp(argv[1], "quick") == 0;
  tp_backend *backend = nullptr;
  char text[256] = "";
  const tp_options options = {"0"};
  if (api->open(&options, &backend, text, sizeof text) != TP_OK) {
    printf("no CUDA device: %s\n", text);
    return 1;
  }
  std::mt19937 random(1);
  if (argc > 1 && strcmp(argv[1], "profile") == 0) {
    profile(backend, random);
    return 0;
  }
  const double copy = dev_copy_gb_per_s();
  printf("{\"device\": \"%s\", \"copy_gb_per_s\": %.0f, \"read_gb_per_s\": %.0f}\n", api->variant(backend),
         copy, dev_read_gb_per_s());
  uint64_t number = 0;
  for (uint32_t dimension : {512u, 768u, 1536u}) {
    for (tp_tier tier : {TP_F32, TP_F16, TP_INT8}) {
      if (quick && (dimension != 512 || tier == TP_F16)) continue;
      const TestTable table = large_table(200000, dimension, tier, ++number, random);
      const auto start = std::chrono::steady_clock::now();
      check(backend, api->table_sync(backend, &table.rows, nullptr, 0));
      const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - start;
      const double bytes = static_cast<double>(table.vectors.size());
      printf("{\"upload\": \"%s\", \"dimension\": %u, \"mib\": %.0f, \"ms\": %.1f, \"gb_per_s\": %.2f}\n",
             tier_names[tier], dimension, bytes / (1 << 20), took.count() / 1e3,
             dev_gb_per_s(bytes, took.count()));
      for (uint32_t window : {30u, 100u, 300u, 1000u})
        for (uint32_t requests : {1u, 8u, 32u}) rerank_cell(backend, table, window, requests, copy, random);
      for (uint32_t queries : {1u, 8u, 32u}) scan_cell(backend, table, queries, copy, random);
      api->table_drop(backend, number);
    }
  }
  if (!quick) {
    const TestTable table = large_table(1000000, 512, TP_F32, ++number, random);
    check(backend, api->table_sync(backend, &table.rows, nullptr, 0));
    for (uint32_t queries : {1u, 8u, 32u}) scan_cell(backend, table, queries, copy, random);
    api->table_drop(backend, number);
  }
  api->close(backend);
  return 0;
}
