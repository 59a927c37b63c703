/*
 * One submitter: a stream, a pinned block in, a pinned block out, and their counterpart on the device with
 * the working memory behind it. A call packs everything into the block in, copies it once, launches, copies
 * the answers once and polls an event.
 *
 * Layout on the device: [in | answers that start as given | answers | working memory]; in and the first
 * answers are copied up, all answers are copied down.
 */
#ifndef TRIPTYCH_CUDA_SUBMITTER_H
#define TRIPTYCH_CUDA_SUBMITTER_H

#include <memory>

#include "device-table.h"
#include "latency.h"
#include "memory.h"
#include "packer.h"
#include "wait.h"

/* Where the parts of a packed call end. */
struct TpExtent {
  size_t up_bytes = 0;
  size_t down_from = 0;
  size_t down_to = 0;
  size_t total = 0;
};

class TpSubmitter {
 public:
  tp_status open(TpDevice *device, TpFailure *failure);
  /* Waits for what is under way; memory that a lost device may still write to is not freed. */
  void close();

  /*
   * Makes the blocks large enough, once the work of a call before that was given up has ended. The generation
   * is kept until the work of this call has ended.
   */
  tp_status prepare(const TpExtent &extent, std::shared_ptr<const TpGeneration> generation,
                    TpFailure *failure);
  TpPacker packer() { return TpPacker(in_.data(), device_memory_.data()); }

  tp_status copy_up(const TpExtent &extent, TpFailure *failure);
  /* Copies the answers down and waits. `floor_ms` is added to what the watchdog allows. */
  tp_status finish(const TpExtent &extent, TpLatency *latency, double floor_ms, tp_cancel cancel,
                   TpFailure *failure);

  cudaStream_t stream() const { return stream_; }
  /* The answer at this device address, after finish. */
  template <typename T>
  const T *answer(const TpExtent &extent, const T *device) const {
    const auto *at = reinterpret_cast<const uint8_t *>(device);
    return reinterpret_cast<const T *>(out_.data() + (at - device_memory_.data() - extent.down_from));
  }

 private:
  tp_status settle(TpFailure *failure);

  TpDevice *device_ = nullptr;
  cudaStream_t stream_ = nullptr;
  cudaEvent_t done_ = nullptr;
  TpPinnedMemory in_;
  TpPinnedMemory out_;
  TpDeviceMemory device_memory_;
  std::shared_ptr<const TpGeneration> generation_;
  bool pending_ = false;
  double deadline_ms_ = 0;
};

#endif
