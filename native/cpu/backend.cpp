#include "backend.h"

#include <stdio.h>
#include <stdlib.h>

#include <atomic>
#include <new>

#include "triptych/cpu.h"

namespace triptych {

namespace {

std::atomic<uint64_t> allocation_count{0};

tp_status open(const tp_options *options, tp_backend **out, char *text, size_t text_bytes) {
  *out = nullptr;
  const tp_kernels *kernels = find_kernels(options != nullptr ? options->variant : nullptr, text, text_bytes);
  if (kernels == nullptr) return TP_UNAVAILABLE;
  *out = open_with(kernels);
  if (*out != nullptr) return TP_OK;
  snprintf(text, text_bytes, "no memory for a backend");
  return TP_OUT_OF_MEMORY;
}

void close(tp_backend *backend) { delete backend; }

const char *variant_of(const tp_backend *backend) { return backend->kernels->name; }

const char *last_error(const tp_backend *backend) { return backend->reason; }

const tp_backend_api api = {TP_ABI_VERSION, "native", open,    close, variant_of, last_error,
                            rerank,         scan,     rescore, gram,  nullptr,    nullptr};

}  // namespace

void *allocate(size_t bytes) {
  allocation_count.fetch_add(1, std::memory_order_relaxed);
  return aligned_alloc(64, (bytes + 63) / 64 * 64);
}

void release(void *memory) { free(memory); }

tp_status fail(tp_backend *backend, tp_status status, const char *reason) {
  snprintf(backend->reason, sizeof backend->reason, "%s", reason);
  return status;
}

tp_status out_of_memory(tp_backend *backend, const char *what) {
  snprintf(backend->reason, sizeof backend->reason, "no memory for %s", what);
  return TP_OUT_OF_MEMORY;
}

tp_backend *open_with(const tp_kernels *kernels) {
  tp_backend *backend = new (std::nothrow) tp_backend;
  if (backend != nullptr) backend->kernels = kernels;
  return backend;
}

}  // namespace triptych

extern "C" const tp_backend_api *tp_cpu_backend(void) { return &triptych::api; }

extern "C" uint64_t tp_cpu_allocation_count(void) {
  return triptych::allocation_count.load(std::memory_order_relaxed);
}
