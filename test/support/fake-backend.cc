/*
 * A scoring library that answers as it is told. The variant says how, as words after one another:
 *   crash, sleep, refuse        what open does
 *   oom=N                       rerank has no memory for more than N requests
 *   lost=N                      from the N-th rerank on the device is lost
 *   large                       a table is larger than the device
 * Every call is written to the file in TRIPTYCH_FAKE_LOG, one line each. What it selects are the first
 * candidates of each request.
 */
#include <map>
#include <mutex>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <string>
#include <unistd.h>

#include "triptych/backend.h"

struct tp_backend {
  std::string variant;
  std::string reason;

  /* The value behind `name=`, or null. */
  const char *value(const char *name) const {
    const size_t at = variant.find(std::string(name) + "=");
    return at == std::string::npos ? nullptr : variant.c_str() + at + strlen(name) + 1;
  }
  bool says(const char *word) const { return variant.find(word) != std::string::npos; }
  void log(const std::string &line) const {
    const char *path = getenv("TRIPTYCH_FAKE_LOG");
    FILE *file = path == nullptr ? nullptr : fopen(path, "a");
    if (file == nullptr) return;
    fprintf(file, "%s\n", line.c_str());
    fclose(file);
  }
  tp_status fail(tp_status status, const char *text) {
    reason = text;
    return status;
  }
};

namespace {

/* Reranks by variant, over all threads: how the instances of one device share its fate. */
int count_rerank(const std::string &variant) {
  static std::mutex mutex;
  static std::map<std::string, int> counts;
  const std::lock_guard<std::mutex> lock(mutex);
  return ++counts[variant];
}

tp_status fake_open(const tp_options *options, tp_backend **out, char *text, size_t text_bytes) {
  auto *backend = new tp_backend{options->variant, ""};
  if (backend->says("crash")) abort();
  if (backend->says("sleep")) sleep(60);
  if (backend->says("refuse")) {
    snprintf(text, text_bytes, "the driver sees no device");
    delete backend;
    return TP_UNAVAILABLE;
  }
  *out = backend;
  return TP_OK;
}

void fake_close(tp_backend *backend) { delete backend; }
const char *fake_variant(const tp_backend *) { return "fake device"; }
const char *fake_last_error(const tp_backend *backend) { return backend->reason.c_str(); }

tp_status fake_rerank(tp_backend *backend, const tp_blocks *, const tp_batch *batch, tp_answer *answer,
                      tp_cancel) {
  const int call = count_rerank(backend->variant);
  backend->log("rerank " + std::to_string(batch->request_count));
  const char *lost = backend->value("lost");
  if (lost != nullptr && call >= atoi(lost)) return backend->fail(TP_LOST, "the device fell off the bus");
  const char *most = backend->value("oom");
  if (most != nullptr && batch->request_count > static_cast<uint32_t>(atoi(most)))
    return backend->fail(TP_OUT_OF_MEMORY, "out of device memory");
  for (uint32_t i = 0; i < batch->request_count; i++) {
    const tp_request &request = batch->requests[i];
    const uint32_t count = request.limit < request.count ? request.limit : request.count;
    answer->selected_counts[i] = count;
    for (uint32_t k = 0; k < count; k++) answer->selected[answer->selected_starts[i] + k] = k;
    for (uint32_t k = 0; k < request.mask.rule_count; k++) answer->dropped[answer->dropped_starts[i] + k] = 0;
  }
  return TP_OK;
}

tp_status fake_sync(tp_backend *backend, const tp_rows *rows, const uint32_t *changed, uint32_t count) {
  const std::string how = changed == nullptr ? "all" : std::to_string(count);
  backend->log("sync " + std::to_string(rows->row_count) + " rows, " + how);
  return backend->says("large") ? backend->fail(TP_TOO_LARGE, "the table takes 9 GiB, 8 are free") : TP_OK;
}

void fake_drop(tp_backend *backend, uint64_t) { backend->log("drop"); }

const tp_backend_api api = {TP_ABI_VERSION, "cuda",  fake_open, fake_close, fake_variant, fake_last_error,
                            fake_rerank,    nullptr, nullptr,   nullptr,    fake_sync,    fake_drop};

}  // namespace

extern "C" __attribute__((visibility("default"))) const tp_backend_api *tp_backend_entry(void) {
  return &api;
}
