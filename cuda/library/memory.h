/* Device and pinned memory with an owner. Growth frees the old memory first: contents are not kept. */
#ifndef TRIPTYCH_CUDA_MEMORY_H
#define TRIPTYCH_CUDA_MEMORY_H

#include <stddef.h>
#include <stdint.h>

#include "failure.h"

/* Where memory lies. */
enum class TpPlace { device, pinned };

template <TpPlace place>
class TpMemory {
 public:
  TpMemory() = default;
  TpMemory(const TpMemory &) = delete;
  TpMemory &operator=(const TpMemory &) = delete;
  TpMemory(TpMemory &&other) noexcept : data_(other.data_), bytes_(other.bytes_) { other.abandon(); }
  ~TpMemory() { release(); }

  /* At least `bytes`, half as much again when it grows. Nothing on the device may use the old memory any
   * more. */
  tp_status reserve(size_t bytes, TpFailure *failure) {
    if (bytes <= bytes_) return TP_OK;
    const size_t larger = bytes_ + bytes_ / 2;
    return allocate(bytes > larger ? bytes : larger, failure);
  }

  tp_status allocate(size_t bytes, TpFailure *failure) {
    release();
    void *fresh = nullptr;
    if constexpr (place == TpPlace::device)
      TP_CUDA(failure, cudaMalloc(&fresh, bytes));
    else
      TP_CUDA(failure, cudaMallocHost(&fresh, bytes));
    data_ = static_cast<uint8_t *>(fresh);
    bytes_ = bytes;
    return TP_OK;
  }

  /* Forgets the memory without freeing it: after a lost device that may still write to it. */
  void abandon() {
    data_ = nullptr;
    bytes_ = 0;
  }

  uint8_t *data() const { return data_; }
  size_t bytes() const { return bytes_; }

 private:
  /* A failure to free means a lost context, whose memory is gone with it. */
  void release() {
    if (data_ == nullptr) return;
    if constexpr (place == TpPlace::device)
      cudaFree(data_);
    else
      cudaFreeHost(data_);
    abandon();
  }

  uint8_t *data_ = nullptr;
  size_t bytes_ = 0;
};

using TpDeviceMemory = TpMemory<TpPlace::device>;
using TpPinnedMemory = TpMemory<TpPlace::pinned>;

#endif
