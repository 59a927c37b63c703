/* Waiting for the device with an end to it: an event is polled, never waited for. */
#ifndef TRIPTYCH_CUDA_WAIT_H
#define TRIPTYCH_CUDA_WAIT_H

#include "failure.h"

/* The least that a watchdog allows, and how many times the usual duration it allows. */
constexpr double tp_watchdog_ms_min = 250;
constexpr double tp_watchdog_factor = 5;

/* Milliseconds on a clock that never goes back. */
double tp_now_ms();

/*
 * TP_OK once the event is there; TP_LOST at `deadline_ms` (on tp_now_ms), TP_CANCELLED when the flag is seen:
 * the work goes on then. Spins for the first 200 us, then sleeps a little between polls.
 */
tp_status tp_wait(cudaEvent_t event, double deadline_ms, tp_cancel cancel, TpFailure *failure);

#endif
