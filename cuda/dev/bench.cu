/*
 * The experiment that decides what a GPU is used for: whole re-rank calls through the C ABI (a window of 300
 * or 1,000, batches of 1, 8 and 32), the floor of such a call (one copy up, an empty kernel, one copy down,
 * polled), and flat scans of 100,000 and 1,000,000 rows. f32, 512 components. One line a figure. Run:
 * build/cuda/bench, beside libtriptych_cuda.so
 */
#include <dlfcn.h>
#include <math.h>
#include <random>
#include <stdint.h>
#include <string>

#include "measure.cuh"
#include "triptych/backend.h"

namespace {

constexpr uint32_t dimension = 512;
constexpr uint32_t limit = 132;
constexpr int calls = 201;
constexpr int scan_calls = 21;

struct Table {
  std::vector<float> vectors, popularity;
  std::vector<double> recency_ms;
  std::vector<uint32_t> tie_ranks, facet_starts, facet_counts, facet_values;
  tp_rows rows = {};
};

/* Random directions with 8 facet values a row. */
void fill(Table &table, uint32_t count, uint64_t number, std::mt19937 &random) {
  std::uniform_real_distribution<float> uniform(-1.0f, 1.0f);
  const float scale = sqrtf(3.0f / dimension);
  table.vectors.resize(static_cast<size_t>(count) * dimension);
  for (float &component : table.vectors) component = uniform(random) * scale;
  for (uint32_t row = 0; row < count; row++) {
    table.tie_ranks.push_back(row);
    table.popularity.push_back(static_cast<float>(row % 1000) / 1000);
    table.recency_ms.push_back(1e12 + row * 1e5);
    table.facet_starts.push_back(row * 8);
    table.facet_counts.push_back(8);
    for (uint32_t i = 0; i < 8; i++) table.facet_values.push_back(i * 100 + random() % 100);
  }
  tp_rows &rows = table.rows;
  rows.row_count = count;
  rows.dimension = rows.stride = dimension;
  rows.tier = TP_F32;
  rows.vectors = table.vectors.data();
  rows.tie_ranks = table.tie_ranks.data();
  rows.popularity = table.popularity.data();
  rows.recency_ms = table.recency_ms.data();
  rows.facet_starts = table.facet_starts.data();
  rows.facet_counts = table.facet_counts.data();
  rows.facet_values = table.facet_values.data();
  rows.facet_value_count = table.facet_values.size();
  rows.table = number;
  rows.epoch = 1;
}

const tp_backend_api *load(const char *program) {
  const std::string path = program;
  const std::string library = path.substr(0, path.find_last_of('/') + 1) + "libtriptych_cuda.so";
  void *handle = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    fprintf(stderr, "%s\n", dlerror());
    exit(1);
  }
  return reinterpret_cast<tp_backend_entry_fn>(dlsym(handle, "tp_backend_entry"))();
}

void check(const tp_backend_api *api, const tp_backend *backend, tp_status status) {
  if (status == TP_OK) return;
  fprintf(stderr, "status %d: %s\n", status, api->last_error(backend));
  exit(1);
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

/* One call of `requests` windows of `window` random rows; other rows in every call. */
void bench_rerank(const tp_backend_api *api, tp_backend *backend, const Table &table, uint32_t window,
                  uint32_t requests, std::mt19937 &random) {
  const uint32_t candidates = window * requests;
  std::vector<uint32_t> rows(candidates), selected(limit * requests), starts, counts(requests), dropped(1);
  std::vector<float> column(candidates, 0.5f);
  std::vector<tp_request> packed(requests);
  for (uint32_t i = 0; i < requests; i++) {
    tp_request &request = packed[i];
    request.query = table.vectors.data() + static_cast<size_t>(random() % table.rows.row_count) * dimension;
    request.params = {TP_LINEAR, 100, {0.5, 0, 0.2, 0.1, 0, 0, 0.1, 0.1, 1}, 0, 1, 1e12, 1e10, 0.25, 4};
    request.first = i * window;
    request.count = window;
    request.limit = limit;
    starts.push_back(i * limit);
  }
  const std::vector<uint32_t> no_drops(requests, 0);
  const tp_blocks blocks = {table.rows, {}, 800};
  const float *values = column.data();
  const tp_batch batch = {requests, packed.data(), candidates, {rows.data(), values, values, values, values}};
  tp_answer answer = {selected.data(), starts.data(), counts.data(), dropped.data(), no_drops.data()};
  const double us = dev_wall_us(calls, [&] {
    for (uint32_t &row : rows) row = static_cast<uint32_t>(random() % table.rows.row_count);
    check(api, backend, api->rerank(backend, &blocks, &batch, &answer, nullptr));
  });
  const double drawing = dev_wall_us(calls, [&] {
    for (uint32_t &row : rows) row = static_cast<uint32_t>(random() % table.rows.row_count);
  });
  const size_t up = candidates * 28u + requests * 2600u;
  const double least = floor_us(up, (limit + 2) * 4u * requests);
  printf(
      "rerank window %4u batch %2u: %8.1f us a call, %7.1f us a request, floor %6.1f us, %.2f M "
      "candidates/s\n",
      window, requests, us - drawing, (us - drawing) / requests, least, candidates / (us - drawing));
}

void bench_scan(const tp_backend_api *api, tp_backend *backend, const Table &table, uint32_t queries,
                double copy) {
  const std::vector<uint8_t> mask(table.rows.row_count, 1);
  std::vector<uint32_t> rows(queries * 300u), counts(queries);
  std::vector<double> cosines(queries * 300u);
  const tp_scan scan = {queries, table.vectors.data() + dimension * 7u, mask.data(), 300};
  tp_hits hits = {rows.data(), cosines.data(), counts.data()};
  const double us = dev_wall_us(
      scan_calls, [&] { check(api, backend, api->scan(backend, &table.rows, &scan, &hits, nullptr)); });
  const double bytes = static_cast<double>(table.rows.row_count) * dimension * 4 * ((queries + 7) / 8);
  const double rate = dev_gb_per_s(bytes, us);
  printf("scan rows %7u queries %2u: %9.1f us a call, %8.1f us a query, %5.0f GB/s (%3.0f %% of a copy)\n",
         table.rows.row_count, queries, us, us / queries, rate, 100 * rate / copy);
}

}  // namespace

int main(int, char **argv) {
  const tp_backend_api *api = load(argv[0]);
  tp_backend *backend = nullptr;
  char text[256] = "";
  const tp_options options = {"0"};
  if (api->open(&options, &backend, text, sizeof text) != TP_OK) {
    printf("no CUDA device: %s\n", text);
    return 1;
  }
  const double copy = dev_copy_gb_per_s();
  printf("device %s, copy within it %.0f GB/s\n", api->variant(backend), copy);
  std::mt19937 random(1);
  for (uint32_t count : {100000u, 1000000u}) {
    Table table;
    fill(table, count, count, random);
    check(api, backend, api->table_sync(backend, &table.rows, nullptr, 0));
    if (count == 100000)
      for (uint32_t window : {300u, 1000u})
        for (uint32_t requests : {1u, 8u, 32u}) bench_rerank(api, backend, table, window, requests, random);
    for (uint32_t queries : {1u, 8u, 32u}) bench_scan(api, backend, table, queries, copy);
    api->table_drop(backend, count);
  }
  api->close(backend);
  return 0;
}
