/* Memory of a backend instance: it grows to the largest request and is used again by the next. */
#ifndef TRIPTYCH_CPU_SCRATCH_H
#define TRIPTYCH_CPU_SCRATCH_H

#include <stdint.h>
#include <string.h>

#include "kernels.h"

namespace triptych {

/* 64-byte aligned memory, null where there is none left; counted by tp_cpu_allocation_count. */
void *allocate(size_t bytes);
void release(void *memory);

/* An array that only grows. */
template <typename T>
class growing {
 public:
  growing() = default;
  growing(const growing &) = delete;
  growing &operator=(const growing &) = delete;
  ~growing() { release(data_); }

  /* Room for `count` entries; what was there is kept. False: no memory, and nothing changed. */
  bool reserve(size_t count) {
    if (count <= capacity_) return true;
    const size_t larger = count < 2 * capacity_ ? 2 * capacity_ : count;
    if (larger > SIZE_MAX / sizeof(T) / 2) return false;
    T *data = static_cast<T *>(allocate(larger * sizeof(T)));
    if (data == nullptr) return false;
    if (capacity_ > 0) memcpy(data, data_, capacity_ * sizeof(T));
    /* Beyond what was there: zeros. */
    memset(data + capacity_, 0, (larger - capacity_) * sizeof(T));
    release(data_);
    data_ = data;
    capacity_ = larger;
    return true;
  }

  size_t capacity() const { return capacity_; }
  T *data() { return data_; }
  const T *data() const { return data_; }
  T &operator[](size_t at) { return data_[at]; }

 private:
  T *data_ = nullptr;
  size_t capacity_ = 0;
};

}  // namespace triptych

#endif
