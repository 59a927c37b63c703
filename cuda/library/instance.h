/* One instance of the backend: what tp_backend is in this library. */
#ifndef TRIPTYCH_CUDA_INSTANCE_H
#define TRIPTYCH_CUDA_INSTANCE_H

#include <vector>

#include "submitter.h"

struct tp_backend {
  TpDevice *device = nullptr;
  TpSubmitter submitter;
  TpLatency rerank_latency;
  TpLatency scan_latency;
  TpLatency gram_latency;
  TpFailure failure;
};

/* The table's state on the device, or TP_INVALID. */
tp_status tp_find_generation(tp_backend *backend, const tp_rows &rows,
                             std::shared_ptr<const TpGeneration> *out);

/*
 * A block that is not resident: its vectors are packed with everything else. Its segments array has one
 * entry. Leaves an empty block where row_count is 0.
 */
tp_status tp_pack_transient(const tp_rows &rows, const TpDeviceBlock &resident, TpPacker *packer,
                            TpDeviceBlock *out, TpFailure *failure);

tp_status tp_cuda_rerank(tp_backend *backend, const tp_blocks *blocks, const tp_batch *batch,
                         tp_answer *answer, tp_cancel cancel);
tp_status tp_cuda_scan(tp_backend *backend, const tp_rows *rows, const tp_scan *scan, tp_hits *hits,
                       tp_cancel cancel);
tp_status tp_cuda_gram(tp_backend *backend, const tp_blocks *blocks, const uint32_t *rows, uint32_t count,
                       double *out);

#endif
