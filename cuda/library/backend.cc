/* The C ABI of the library: every entry makes the device current, and latches what is beyond repair. */
#include <new>
#include <stdio.h>

#include "instance.h"

namespace {

/* Runs a call on the instance's device. No exception leaves: what allocates answers that memory ran out. */
template <typename Call>
tp_status entered(tp_backend *backend, Call call) {
  backend->failure = TpFailure();
  try {
    if (backend->device->enter(&backend->failure) == TP_OK) backend->failure.status = call();
  } catch (const std::bad_alloc &) {
    tp_fail(&backend->failure, TP_OUT_OF_MEMORY, "the host's memory ran out");
  }
  return backend->device->leave(&backend->failure);
}

tp_status open_instance(const tp_options *options, tp_backend *backend, TpFailure *failure) {
  const char *ordinal = options == nullptr || options->variant == nullptr ? "0" : options->variant;
  TP_TRY(tp_open_device(ordinal, &backend->device, failure));
  return backend->submitter.open(backend->device, failure);
}

tp_status cuda_open(const tp_options *options, tp_backend **out, char *text, size_t text_bytes) {
  TpFailure failure;
  auto *backend = new (std::nothrow) tp_backend();
  if (backend == nullptr) tp_fail(&failure, TP_OUT_OF_MEMORY, "the host's memory ran out");
  try {
    if (backend != nullptr) failure.status = open_instance(options, backend, &failure);
  } catch (const std::bad_alloc &) {
    tp_fail(&failure, TP_OUT_OF_MEMORY, "the host's memory ran out");
  }
  if (failure.status != TP_OK) {
    if (text != nullptr && text_bytes > 0) snprintf(text, text_bytes, "%s", failure.text);
    if (backend != nullptr && backend->device != nullptr) {
      backend->device->leave(&failure);
      backend->submitter.close();
    }
    delete backend;
    return failure.status;
  }
  *out = backend;
  return TP_OK;
}

void cuda_close(tp_backend *backend) {
  TpFailure failure;
  backend->device->enter(&failure);
  backend->submitter.close();
  delete backend;
}

const char *cuda_variant(const tp_backend *backend) { return backend->device->variant; }

const char *cuda_last_error(const tp_backend *backend) { return backend->failure.text; }

tp_status cuda_rerank(tp_backend *backend, const tp_blocks *blocks, const tp_batch *batch, tp_answer *answer,
                      tp_cancel cancel) {
  return entered(backend, [&] { return tp_cuda_rerank(backend, blocks, batch, answer, cancel); });
}

tp_status cuda_scan(tp_backend *backend, const tp_rows *rows, const tp_scan *scan, tp_hits *hits,
                    tp_cancel cancel) {
  return entered(backend, [&] { return tp_cuda_scan(backend, rows, scan, hits, cancel); });
}

tp_status cuda_gram(tp_backend *backend, const tp_blocks *blocks, const uint32_t *rows, uint32_t count,
                    double *out) {
  return entered(backend, [&] { return tp_cuda_gram(backend, blocks, rows, count, out); });
}

tp_status cuda_table_sync(tp_backend *backend, const tp_rows *rows, const uint32_t *changed,
                          uint32_t changed_count) {
  return entered(backend, [&] {
    return backend->device->tables->sync(*rows, changed, changed_count, &backend->failure);
  });
}

void cuda_table_drop(tp_backend *backend, uint64_t table) {
  entered(backend, [&] {
    backend->device->tables->drop(table);
    return TP_OK;
  });
}

/* rescore is null: exact scores come from the CPU library, so that lists are the same on every backend. */
const tp_backend_api api = {TP_ABI_VERSION, "cuda",          cuda_open,       cuda_close,
                            cuda_variant,   cuda_last_error, cuda_rerank,     cuda_scan,
                            nullptr,        cuda_gram,       cuda_table_sync, cuda_table_drop};

}  // namespace

extern "C" __attribute__((visibility("default"))) const tp_backend_api *tp_backend_entry(void) {
  return &api;
}
