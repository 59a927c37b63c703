/* Device memory of tests: arrays between guard pages, with the launches' rights on them. */
#ifndef TRIPTYCH_SIMT_MEMORY_H
#define TRIPTYCH_SIMT_MEMORY_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <string>
#include <vector>

namespace simt {

enum class rights : uint8_t {
  /* Filled by the host, only read by kernels. */
  input,
  /* Filled by the host, read and written by kernels. */
  in_out,
  /* Poisoned; a kernel must write before it reads. */
  output
};

/* Allocates `bytes` at a multiple of 256 like cudaMalloc; `grain`: bytes of the smallest element. */
void *allocate_device(const char *name, size_t bytes, size_t grain, rights allowed);
void free_device(void *memory);
/* True for element `index` of an output that no kernel has written. */
bool never_written(const void *memory, size_t offset);

template <class T>
class device_array {
 public:
  /* What kernels only read. */
  device_array(const char *name, const std::vector<T> &values, rights allowed = rights::input)
      : count_(values.size()), memory_(allocate_device(name, count_ * sizeof(T), sizeof(T), allowed)) {
    if (count_ > 0) memcpy(memory_, values.data(), count_ * sizeof(T));
  }
  /* `count` elements that a kernel is to write. */
  device_array(const char *name, size_t count)
      : count_(count), memory_(allocate_device(name, count * sizeof(T), sizeof(T), rights::output)) {}
  ~device_array() { free_device(memory_); }
  device_array(const device_array &) = delete;
  device_array &operator=(const device_array &) = delete;

  T *data() const { return static_cast<T *>(memory_); }
  size_t size() const { return count_; }
  T operator[](size_t index) const { return data()[index]; }
  bool written(size_t index) const { return !never_written(memory_, index * sizeof(T)); }
  std::vector<T> to_host() const { return std::vector<T>(data(), data() + count_); }

 private:
  size_t count_;
  void *memory_;
};

}  // namespace simt

#endif
