/*
 * The device's view of a batch: plain structs of device pointers, built by the host in the pinned in-block. Kernels get
 * the address of such a struct and nothing else that changes from batch to batch, so that a captured launch stays valid.
 * Vectors lie in segments of 2^shift rows: a table grows by segments and nothing moves. Rows begin at multiples of 64
 * bytes, and everything from `dimension` to `stride` is zero, in rows and in query vectors, so loops need no tail.
 */
#ifndef TRIPTYCH_CUDA_DEVICE_VIEW_H
#define TRIPTYCH_CUDA_DEVICE_VIEW_H

#include "triptych/backend.h"

struct TpDeviceBlock {
  /* Columns are device pointers; `vectors` and `scales` are null. */
  tp_rows rows;
  /* Segment s holds rows s << shift .. (s + 1) << shift. */
  const void *const *segments;
  const float *const *scales;
  uint32_t shift;
};

struct TpDeviceBatch {
  TpDeviceBlock resident;
  /* Row 0 has the number resident.rows.row_count. */
  TpDeviceBlock transient;
  uint32_t request_count;
  uint32_t candidate_count;
  /* Query and taste vectors have `stride` f32; all pointers are device pointers. */
  const tp_request *requests;
  /* One entry per candidate: its request. */
  const uint32_t *owners;
  tp_columns columns;
  /* Working memory, one entry per candidate: 1 = passes the rules; cosines; selection key, 0 = dropped. */
  uint8_t *passes;
  float *query_cosines;
  float *taste_cosines;
  uint64_t *keys;
  /* As in tp_answer; `dropped` starts as zeros. */
  uint32_t *dropped;
  const uint32_t *dropped_starts;
};

struct TpDeviceGram {
  TpDeviceBlock resident;
  TpDeviceBlock transient;
  const uint32_t *rows;
  uint32_t count;
  /* Packed upper triangle: count * (count - 1) / 2. */
  double *out;
};

struct TpDeviceScan {
  TpDeviceBlock block;
  uint32_t query_count;
  /* query_count x block.rows.stride f32. */
  const float *queries;
  const uint8_t *mask;
  /* Selection keys of up to 8 queries, row_count each: 0 = left out. */
  uint64_t *keys;
};

/* One list to choose from: keys[first .. first + count), its best `limit` (>= 1) go to out .. out + limit. */
struct TpTopSegment {
  uint32_t first;
  uint32_t count;
  uint32_t limit;
  uint32_t out;
  /* Payload of the first key, where there are no payloads. */
  uint32_t base;
};

#endif
