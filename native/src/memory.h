/*
 * Memory that JavaScript and kernels share: zeroed, 64-byte aligned, from 2 MiB on in huge pages where the
 * system allows. A block lives until its ArrayBuffer is gone and nobody has it pinned, so a buffer that is
 * given away during a job takes nothing from under it.
 */
#ifndef TRIPTYCH_MEMORY_H
#define TRIPTYCH_MEMORY_H

#include <cstddef>
#include <memory>

namespace triptych {

class Memory {
 public:
  /* Null where there is none; bytes > 0. */
  static std::shared_ptr<Memory> allocate(size_t bytes);
  /* The block that holds this address; null: the memory is somebody else's. */
  static std::shared_ptr<Memory> find(const void *address);

  ~Memory();
  Memory(const Memory &) = delete;
  Memory &operator=(const Memory &) = delete;

  void *data() const { return data_; }
  size_t bytes() const { return bytes_; }

 private:
  Memory(void *data, size_t bytes, size_t mapped_bytes)
      : data_(data), bytes_(bytes), mapped_bytes_(mapped_bytes) {}

  void *data_;
  size_t bytes_;
  /* 0: from the heap. */
  size_t mapped_bytes_;
};

}  // namespace triptych

#endif
