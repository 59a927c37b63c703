#include "launch.h"
#include "pack-batch.h"

namespace {

/* Hard rules before dots: rows that are dropped are not read. */
tp_status launch(const TpPackedBatch &packed, uint32_t candidates, uint32_t requests, cudaStream_t stream,
                 TpFailure *failure) {
  if (candidates > 0) {
    TP_CUDA(failure, tp_hard_mask(packed.batch, candidates, stream));
    TP_CUDA(failure, tp_gather_dot(packed.batch, candidates, stream));
    TP_CUDA(failure, tp_fused_score(packed.batch, candidates, stream));
  }
  TP_CUDA(failure, tp_top_rows(packed.keys, nullptr, packed.segments, requests, nullptr, packed.selected,
                               packed.selected_counts, stream));
  return TP_OK;
}

void write_answer(const TpSubmitter &submitter, const TpPackedBatch &packed, const tp_batch &batch,
                  tp_answer *answer) {
  const uint32_t *selected = submitter.answer(packed.extent, packed.selected);
  const uint32_t *counts = submitter.answer(packed.extent, packed.selected_counts);
  const uint32_t *dropped = submitter.answer(packed.extent, packed.dropped);
  for (uint32_t i = 0; i < batch.request_count; i++) {
    answer->selected_counts[i] = counts[i];
    memcpy(answer->selected + answer->selected_starts[i], selected + packed.selected_starts[i],
           counts[i] * sizeof(uint32_t));
    const uint32_t rules = batch.requests[i].mask.rule_count;
    if (rules > 0)
      memcpy(answer->dropped + answer->dropped_starts[i], dropped + packed.dropped_starts[i],
             rules * sizeof(uint32_t));
  }
}

}  // namespace

tp_status tp_cuda_rerank(tp_backend *backend, const tp_blocks *blocks, const tp_batch *batch,
                         tp_answer *answer, tp_cancel cancel) {
  TpFailure *failure = &backend->failure;
  TpSubmitter &submitter = backend->submitter;
  if (batch->request_count == 0) return TP_OK;
  TP_TRY(tp_check_batch(*batch, failure));
  std::shared_ptr<const TpGeneration> generation;
  TP_TRY(tp_find_generation(backend, blocks->resident, &generation));
  const TpDeviceBlock resident = generation->view;
  TpPackedBatch packed;
  TpPacker measure;
  TP_TRY(tp_pack_batch(*blocks, *batch, resident, &measure, &packed, failure));
  TP_TRY(submitter.prepare(packed.extent, std::move(generation), failure));
  TpPacker packer = submitter.packer();
  TP_TRY(tp_pack_batch(*blocks, *batch, resident, &packer, &packed, failure));
  TP_TRY(submitter.copy_up(packed.extent, failure));
  TP_TRY(launch(packed, batch->candidate_count, batch->request_count, submitter.stream(), failure));
  TP_TRY(submitter.finish(packed.extent, &backend->rerank_latency, 0, cancel, failure));
  write_answer(submitter, packed, *batch, answer);
  return TP_OK;
}
