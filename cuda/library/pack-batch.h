/* A batch as it lies in the block of a submitter. */
#ifndef TRIPTYCH_CUDA_PACK_BATCH_H
#define TRIPTYCH_CUDA_PACK_BATCH_H

#include "instance.h"

struct TpPackedBatch {
  TpExtent extent;
  /* Device addresses. */
  const TpDeviceBatch *batch = nullptr;
  const TpTopSegment *segments = nullptr;
  uint64_t *keys = nullptr;
  uint32_t *dropped = nullptr;
  uint32_t *selected = nullptr;
  uint32_t *selected_counts = nullptr;
  /* From `dropped` and `selected`: where each request's entries begin. */
  std::vector<uint32_t> dropped_starts;
  std::vector<uint32_t> selected_starts;
};

/* TP_INVALID or TP_TOO_LARGE where the batch is not one that the kernels take. */
tp_status tp_check_batch(const tp_batch &batch, TpFailure *failure);

/* Measures or fills, as the packer does. */
tp_status tp_pack_batch(const tp_blocks &blocks, const tp_batch &batch, const TpDeviceBlock &resident,
                        TpPacker *packer, TpPackedBatch *out, TpFailure *failure);

#endif
