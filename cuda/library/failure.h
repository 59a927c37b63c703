/*
 * Why a call failed, and the macro that every CUDA call goes through. The macro is also the place where a
 * fault can be planted: TRIPTYCH_CUDA_FAULT="n:code" in the environment at the time of the first open makes
 * the n-th call from then on answer `code` without being made; a code that CUDA never recovers from is then
 * the answer to every later call. "n:hang" makes the n-th and all later polls of an event answer that the
 * work is not done.
 */
#ifndef TRIPTYCH_CUDA_FAILURE_H
#define TRIPTYCH_CUDA_FAILURE_H

#include <stddef.h>

#include "runtime.h"
#include "triptych/backend.h"

struct TpFailure {
  tp_status status = TP_OK;
  char text[256] = "";
};

/* Sets status and text (printf); answers the status. */
tp_status tp_fail(TpFailure *failure, tp_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* What an error of the runtime means for the caller. */
tp_status tp_status_of(cudaError_t error);

/* Reads TRIPTYCH_CUDA_FAULT again and counts from 0. */
void tp_plant_fault();
/* The planted answer to the next call, or cudaSuccess: make the call. */
cudaError_t tp_planted_fault();
/* The same for the next poll of an event. */
cudaError_t tp_planted_poll();

/* Notes a CUDA error; answers whether there was none. */
bool tp_checked(cudaError_t error, const char *call, TpFailure *failure);

/* Makes a CUDA call; where it fails, notes the reason in `failure` and leaves the function with the status.
 */
#define TP_CUDA(failure, call)                                                        \
  do {                                                                                \
    const cudaError_t tp_planted = tp_planted_fault();                                \
    if (!tp_checked(tp_planted != cudaSuccess ? tp_planted : (call), #call, failure)) \
      return (failure)->status;                                                       \
  } while (0)

/* Leaves the function with a status that is not TP_OK. */
#define TP_TRY(call)                        \
  do {                                      \
    const tp_status tp_tried = (call);      \
    if (tp_tried != TP_OK) return tp_tried; \
  } while (0)

#endif
