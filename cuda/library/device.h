/*
 * What all instances on one device share: whether the device can still be used, and the tables that lie on
 * it. Devices live as long as the process: their memory must outlast whatever the device may still be doing.
 */
#ifndef TRIPTYCH_CUDA_DEVICE_H
#define TRIPTYCH_CUDA_DEVICE_H

#include <atomic>
#include <mutex>
#include <stddef.h>

#include "failure.h"

class TpTables;

struct TpDevice {
  int ordinal = 0;
  /* "sm_90 NVIDIA H100". */
  char variant[128] = "";
  /* Bytes that tables leave free for batches and for others on the device. */
  size_t reserve_bytes = 0;
  TpTables *tables = nullptr;

  bool is_lost() const { return lost_.load(std::memory_order_acquire); }
  /* Notes that the device cannot be used any more in this process; the first reason stays. */
  void lose(const char *reason);
  /* TP_LOST with the reason where it is lost, otherwise makes the device current on this thread. */
  tp_status enter(TpFailure *failure);
  /* Latches what is beyond repair; answers the status. */
  tp_status leave(const TpFailure *failure);

 private:
  std::atomic<bool> lost_{false};
  std::mutex mutex_;
  char reason_[256] = "";
};

/* The device with that ordinal, looked at once: driver, device, capability, and code for it in this library.
 */
tp_status tp_open_device(const char *ordinal, TpDevice **out, TpFailure *failure);

#endif
