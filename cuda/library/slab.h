/* The columns of one state of a table, in one piece of device memory: where each lies, and how they get
 * there. */
#ifndef TRIPTYCH_CUDA_SLAB_H
#define TRIPTYCH_CUDA_SLAB_H

#include "device-table.h"

/* Bytes of the slab for these rows and segments. */
size_t tp_slab_bytes(const tp_rows &rows, const TpSegments &segments);

/* Uploads all columns; returns the block as kernels see it in `view`. */
tp_status tp_fill_slab(const tp_rows &rows, const TpSegments &segments, uint8_t *slab, TpUploader *uploader,
                       TpDeviceBlock *view, TpFailure *failure);

#endif
