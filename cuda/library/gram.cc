#include "instance.h"
#include "launch.h"

namespace {

/* The most rows of one Gram; lists have at most some hundreds. */
constexpr uint32_t rows_max = 4096;

struct PackedGram {
  TpExtent extent;
  const TpDeviceGram *gram = nullptr;
  double *out = nullptr;
};

size_t pairs_of(uint32_t count) { return size_t{count} * (count - 1) / 2; }

tp_status pack(const tp_blocks &blocks, const TpDeviceBlock &resident, const uint32_t *rows, uint32_t count,
               TpPacker *packer, PackedGram *out, TpFailure *failure) {
  TpDeviceGram *host = packer->room<TpDeviceGram>(1, &out->gram);
  TpDeviceGram packed = {};
  packed.resident = resident;
  packed.count = count;
  packed.rows = packer->copy(rows, count);
  TP_TRY(tp_pack_transient(blocks.transient, resident, packer, &packed.transient, failure));
  out->extent.up_bytes = out->extent.down_from = packer->used();
  out->out = packed.out = packer->scratch<double>(pairs_of(count));
  out->extent.down_to = out->extent.total = packer->used();
  if (host != nullptr) *host = packed;
  return TP_OK;
}

}  // namespace

tp_status tp_cuda_gram(tp_backend *backend, const tp_blocks *blocks, const uint32_t *rows, uint32_t count,
                       double *out) {
  TpFailure *failure = &backend->failure;
  TpSubmitter &submitter = backend->submitter;
  if (count < 2) return TP_OK;
  if (count > rows_max) return tp_fail(failure, TP_TOO_LARGE, "rows: %u are more than %u", count, rows_max);
  std::shared_ptr<const TpGeneration> generation;
  TP_TRY(tp_find_generation(backend, blocks->resident, &generation));
  const TpDeviceBlock resident = generation->view;
  PackedGram packed;
  TpPacker measure;
  TP_TRY(pack(*blocks, resident, rows, count, &measure, &packed, failure));
  TP_TRY(submitter.prepare(packed.extent, std::move(generation), failure));
  TpPacker packer = submitter.packer();
  TP_TRY(pack(*blocks, resident, rows, count, &packer, &packed, failure));
  TP_TRY(submitter.copy_up(packed.extent, failure));
  TP_CUDA(failure, tp_gram(packed.gram, count, submitter.stream()));
  TP_TRY(submitter.finish(packed.extent, &backend->gram_latency, 0, nullptr, failure));
  memcpy(out, submitter.answer(packed.extent, packed.out), pairs_of(count) * sizeof(double));
  return TP_OK;
}
