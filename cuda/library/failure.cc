#include "failure.h"

#include <atomic>
#include <mutex>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

namespace {

struct PlantedFault {
  /* The call, from 1, that fails; 0: none. */
  std::atomic<uint64_t> at{0};
  std::atomic<bool> hangs{false};
  std::atomic<int> code{0};
  std::atomic<uint64_t> calls{0};
  std::atomic<uint64_t> polls{0};
};

PlantedFault planted;

}  // namespace

tp_status tp_fail(TpFailure *failure, tp_status status, const char *format, ...) {
  failure->status = status;
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(failure->text, sizeof failure->text, format, arguments);
  va_end(arguments);
  return status;
}

tp_status tp_status_of(cudaError_t error) {
  switch (error) {
    case cudaSuccess:
      return TP_OK;
    case cudaErrorMemoryAllocation:
      return TP_OUT_OF_MEMORY;
    case cudaErrorInsufficientDriver:
    case cudaErrorNoDevice:
    case cudaErrorInitializationError:
    case cudaErrorInvalidDevice:
    case cudaErrorNoKernelImageForDevice:
    case cudaErrorUnsupportedPtxVersion:
    case cudaErrorInvalidPtx:
    case cudaErrorDevicesUnavailable:
    case cudaErrorSystemNotReady:
    case cudaErrorSystemDriverMismatch:
      return TP_UNAVAILABLE;
    /* Refused before anything ran: the context is as it was. */
    case cudaErrorInvalidValue:
    case cudaErrorInvalidConfiguration:
    case cudaErrorInvalidDeviceFunction:
    case cudaErrorNotSupported:
      return TP_INTERNAL;
    /* Everything else may have ended the context, and CUDA answers so from then on. */
    default:
      return TP_LOST;
  }
}

void tp_plant_fault() {
  const char *text = getenv("TRIPTYCH_CUDA_FAULT");
  planted.calls = 0;
  planted.polls = 0;
  planted.at = 0;
  if (text == nullptr) return;
  char *rest = nullptr;
  const uint64_t at = strtoull(text, &rest, 10);
  if (rest == text || *rest != ':') return;
  planted.hangs = strcmp(rest + 1, "hang") == 0;
  planted.code = planted.hangs ? 0 : atoi(rest + 1);
  planted.at = at;
}

cudaError_t tp_planted_fault() {
  if (planted.at == 0 || planted.hangs) return cudaSuccess;
  const uint64_t call = ++planted.calls;
  const auto code = static_cast<cudaError_t>(planted.code.load());
  const bool stays = tp_status_of(code) == TP_LOST && call > planted.at;
  return call == planted.at || stays ? code : cudaSuccess;
}

cudaError_t tp_planted_poll() {
  if (planted.at == 0 || !planted.hangs) return cudaSuccess;
  return ++planted.polls >= planted.at ? cudaErrorNotReady : cudaSuccess;
}

bool tp_checked(cudaError_t error, const char *call, TpFailure *failure) {
  if (error == cudaSuccess) return true;
  /* Takes the error off the thread, so that the next check does not see it again. */
  cudaGetLastError();
  tp_fail(failure, tp_status_of(error), "%s (%d) from %.120s", cudaGetErrorName(error),
          static_cast<int>(error), call);
  return false;
}
