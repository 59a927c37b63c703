/*
 * Lays the parts of a batch out in one block: the same code first measures (no memory), then fills the pinned
 * block, and answers where each part will lie on the device. Parts begin at multiples of 64 bytes.
 */
#ifndef TRIPTYCH_CUDA_PACKER_H
#define TRIPTYCH_CUDA_PACKER_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

class TpPacker {
 public:
  /* Measures. */
  TpPacker() = default;
  /* Fills `host`; the block will lie at `device`. */
  TpPacker(uint8_t *host, uint8_t *device) : host_(host), device_(device) {}

  bool measures() const { return host_ == nullptr; }

  /* Room for `count` elements: where the host fills them in (null when measuring). */
  template <typename T>
  T *room(size_t count, const T **device) {
    const size_t at = used_;
    used_ += (count * sizeof(T) + 63) / 64 * 64;
    *device = reinterpret_cast<const T *>(device_ + at);
    return host_ == nullptr ? nullptr : reinterpret_cast<T *>(host_ + at);
  }

  /* Room that only the device writes. */
  template <typename T>
  T *scratch(size_t count) {
    const T *device;
    room(count, &device);
    return const_cast<T *>(device);
  }

  /* A copy of `count` elements; null stays null. */
  template <typename T>
  const T *copy(const T *source, size_t count) {
    if (source == nullptr) return nullptr;
    const T *device;
    T *host = room(count, &device);
    if (host != nullptr && count > 0) memcpy(host, source, count * sizeof(T));
    return device;
  }

  /* A copy with zeros up to `padded` elements. */
  template <typename T>
  const T *copy_padded(const T *source, size_t count, size_t padded) {
    if (source == nullptr) return nullptr;
    const T *device;
    T *host = room(padded, &device);
    if (host != nullptr) {
      memcpy(host, source, count * sizeof(T));
      memset(host + count, 0, (padded - count) * sizeof(T));
    }
    return device;
  }

  size_t used() const { return used_; }

 private:
  uint8_t *host_ = nullptr;
  uint8_t *device_ = nullptr;
  size_t used_ = 0;
};

#endif
