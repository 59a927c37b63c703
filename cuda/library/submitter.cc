#include "submitter.h"

#include <algorithm>

tp_status TpSubmitter::open(TpDevice *device, TpFailure *failure) {
  device_ = device;
  TP_CUDA(failure, cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking));
  TP_CUDA(failure, cudaEventCreateWithFlags(&done_, cudaEventDisableTiming));
  return TP_OK;
}

void TpSubmitter::close() {
  TpFailure failure;
  if (device_->is_lost() || settle(&failure) != TP_OK) {
    device_->leave(&failure);
    in_.abandon();
    out_.abandon();
    device_memory_.abandon();
    /* Its memory stays where it is, too. */
    if (generation_ != nullptr) new std::shared_ptr<const TpGeneration>(std::move(generation_));
    return;
  }
  if (done_ != nullptr) cudaEventDestroy(done_);
  if (stream_ != nullptr) cudaStreamDestroy(stream_);
}

tp_status TpSubmitter::prepare(const TpExtent &extent, std::shared_ptr<const TpGeneration> generation,
                               TpFailure *failure) {
  TP_TRY(settle(failure));
  TP_TRY(in_.reserve(extent.up_bytes, failure));
  TP_TRY(out_.reserve(extent.down_to - extent.down_from, failure));
  TP_TRY(device_memory_.reserve(extent.total, failure));
  generation_ = std::move(generation);
  return TP_OK;
}

tp_status TpSubmitter::copy_up(const TpExtent &extent, TpFailure *failure) {
  TP_CUDA(failure, cudaMemcpyAsync(device_memory_.data(), in_.data(), extent.up_bytes, cudaMemcpyHostToDevice,
                                   stream_));
  /* From here on the device uses the blocks, whatever becomes of the call. */
  pending_ = true;
  deadline_ms_ = tp_now_ms() + tp_watchdog_ms_min;
  return TP_OK;
}

tp_status TpSubmitter::finish(const TpExtent &extent, TpLatency *latency, double floor_ms, tp_cancel cancel,
                              TpFailure *failure) {
  const size_t bytes = extent.down_to - extent.down_from;
  TP_CUDA(failure, cudaMemcpyAsync(out_.data(), device_memory_.data() + extent.down_from, bytes,
                                   cudaMemcpyDeviceToHost, stream_));
  TP_CUDA(failure, cudaEventRecord(done_, stream_));
  const double start_ms = tp_now_ms();
  const double usual_ms = tp_watchdog_factor * latency->p99_ms();
  deadline_ms_ = start_ms + floor_ms + std::max(usual_ms, tp_watchdog_ms_min);
  TP_TRY(tp_wait(done_, deadline_ms_, cancel, failure));
  latency->add(tp_now_ms() - start_ms);
  pending_ = false;
  generation_.reset();
  return TP_OK;
}

/* The end of what a call before left under way: it was cancelled, or failed between its first and its last
 * step. */
tp_status TpSubmitter::settle(TpFailure *failure) {
  if (!pending_) return TP_OK;
  TP_CUDA(failure, cudaEventRecord(done_, stream_));
  TP_TRY(tp_wait(done_, std::max(deadline_ms_, tp_now_ms() + tp_watchdog_ms_min), nullptr, failure));
  pending_ = false;
  generation_.reset();
  return TP_OK;
}
