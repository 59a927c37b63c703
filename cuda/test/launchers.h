/* The launchers of the shipped kernels, as library/launch.h declares them; shipped-kernels.cc has them for
 * the shim. */
#ifndef TRIPTYCH_SHIM_LAUNCHERS_H
#define TRIPTYCH_SHIM_LAUNCHERS_H

#include "../kernels/device-view.h"
#include "simt.h"

cudaError_t tp_hard_mask(const TpDeviceBatch *batch, uint32_t candidate_count, cudaStream_t stream);
cudaError_t tp_gather_dot(const TpDeviceBatch *batch, uint32_t candidate_count, cudaStream_t stream);
cudaError_t tp_fused_score(const TpDeviceBatch *batch, uint32_t candidate_count, cudaStream_t stream);
cudaError_t tp_top_rows(const uint64_t *keys, const uint32_t *payloads, const TpTopSegment *segments,
                        uint32_t segment_count, uint64_t *out_keys, uint32_t *out_payloads,
                        uint32_t *out_counts, cudaStream_t stream);
cudaError_t tp_flat_scan(const TpDeviceScan *scan, uint32_t row_count, uint32_t first_query,
                         uint32_t query_count, cudaStream_t stream);
cudaError_t tp_exact_dot(const TpDeviceScan *scan, uint32_t query_count, const uint32_t *rows,
                         const uint32_t *counts, uint32_t limit, double *cosines, cudaStream_t stream);
cudaError_t tp_gram(const TpDeviceGram *gram, uint32_t count, cudaStream_t stream);

#endif
