/*
 * Copies host memory to the device on a stream of its own, through two pinned pieces: one is filled while the
 * other is on its way. One thread at a time.
 */
#ifndef TRIPTYCH_CUDA_UPLOADER_H
#define TRIPTYCH_CUDA_UPLOADER_H

#include "memory.h"
#include "wait.h"

class TpUploader {
 public:
  tp_status open(TpFailure *failure);

  /* What is appended from here on goes to `device` and the bytes behind it. */
  tp_status seek(uint8_t *device, TpFailure *failure);
  tp_status append(const void *source, size_t bytes, TpFailure *failure);
  /* Zeros. */
  tp_status pad(size_t bytes, TpFailure *failure);
  /* Sets memory to zero in the order of the copies. */
  tp_status clear(uint8_t *device, size_t bytes, TpFailure *failure);
  /* Returns once everything is on the device. */
  tp_status finish(TpFailure *failure);

 private:
  struct Piece {
    TpPinnedMemory memory;
    cudaEvent_t done = nullptr;
    bool pending = false;
  };

  tp_status write(const void *source, size_t bytes, TpFailure *failure);
  tp_status flush(TpFailure *failure);
  tp_status wait(Piece *piece, TpFailure *failure);

  cudaStream_t stream_ = nullptr;
  Piece pieces_[2];
  Piece *current_ = &pieces_[0];
  size_t filled_ = 0;
  uint8_t *target_ = nullptr;
};

#endif
