/*
 * The CPU library. Its backends are "native", in the variants "baseline" (SSE2), "avx2" (with FMA and F16C),
 * "avx512" (F, BW, DQ, VL) and "neon"; "auto" is the best that the processor and the operating system offer.
 */
#ifndef TRIPTYCH_CPU_H
#define TRIPTYCH_CPU_H

#include "triptych/backend.h"

#ifdef __cplusplus
extern "C" {
#endif

const tp_backend_api *tp_cpu_backend(void);

/* Times that any instance has asked for memory since the process began: a test's proof that warm calls do
 * not. */
uint64_t tp_cpu_allocation_count(void);

#ifdef __cplusplus
}
#endif

#endif
