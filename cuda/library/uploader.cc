#include "uploader.h"

#include <algorithm>
#include <string.h>

namespace {

constexpr size_t piece_bytes = size_t{4} << 20;

}  // namespace

tp_status TpUploader::open(TpFailure *failure) {
  if (stream_ != nullptr) return TP_OK;
  for (Piece &piece : pieces_) {
    TP_TRY(piece.memory.reserve(piece_bytes, failure));
    if (piece.done == nullptr)
      TP_CUDA(failure, cudaEventCreateWithFlags(&piece.done, cudaEventDisableTiming));
  }
  TP_CUDA(failure, cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking));
  return TP_OK;
}

tp_status TpUploader::seek(uint8_t *device, TpFailure *failure) {
  TP_TRY(flush(failure));
  target_ = device;
  return TP_OK;
}

tp_status TpUploader::append(const void *source, size_t bytes, TpFailure *failure) {
  return write(source, bytes, failure);
}

tp_status TpUploader::pad(size_t bytes, TpFailure *failure) { return write(nullptr, bytes, failure); }

tp_status TpUploader::clear(uint8_t *device, size_t bytes, TpFailure *failure) {
  TP_CUDA(failure, cudaMemsetAsync(device, 0, bytes, stream_));
  return TP_OK;
}

tp_status TpUploader::finish(TpFailure *failure) {
  TP_TRY(flush(failure));
  Piece *last = current_ == &pieces_[0] ? &pieces_[1] : &pieces_[0];
  /* Something may have been cleared after the last copy. */
  TP_TRY(wait(last, failure));
  TP_CUDA(failure, cudaEventRecord(last->done, stream_));
  last->pending = true;
  return wait(last, failure);
}

tp_status TpUploader::write(const void *source, size_t bytes, TpFailure *failure) {
  const auto *from = static_cast<const uint8_t *>(source);
  while (bytes > 0) {
    if (filled_ == piece_bytes) TP_TRY(flush(failure));
    if (filled_ == 0) TP_TRY(wait(current_, failure));
    const size_t part = std::min(bytes, piece_bytes - filled_);
    uint8_t *to = current_->memory.data() + filled_;
    if (from == nullptr)
      memset(to, 0, part);
    else
      memcpy(to, from, part);
    if (from != nullptr) from += part;
    filled_ += part;
    bytes -= part;
  }
  return TP_OK;
}

tp_status TpUploader::flush(TpFailure *failure) {
  if (filled_ == 0) return TP_OK;
  TP_CUDA(failure,
          cudaMemcpyAsync(target_, current_->memory.data(), filled_, cudaMemcpyHostToDevice, stream_));
  TP_CUDA(failure, cudaEventRecord(current_->done, stream_));
  current_->pending = true;
  target_ += filled_;
  filled_ = 0;
  current_ = current_ == &pieces_[0] ? &pieces_[1] : &pieces_[0];
  return TP_OK;
}

tp_status TpUploader::wait(Piece *piece, TpFailure *failure) {
  if (!piece->pending) return TP_OK;
  TP_TRY(tp_wait(piece->done, tp_now_ms() + tp_watchdog_ms_min, nullptr, failure));
  piece->pending = false;
  return TP_OK;
}
