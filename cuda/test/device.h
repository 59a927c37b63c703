/* Copies of fixtures in the shim's device memory, laid out as kernels/device-view.h says. */
#ifndef TRIPTYCH_SHIM_DEVICE_H
#define TRIPTYCH_SHIM_DEVICE_H

#include <memory>
#include <vector>

#include "../kernels/device-view.h"
#include "memory.h"
#include "table.h"

/* Device arrays that live as long as it does. */
class device_scope {
 public:
  template <class T>
  T *input(const char *name, const std::vector<T> &values) {
    return keep(std::make_shared<simt::device_array<T>>(name, values));
  }
  template <class T>
  T *in_out(const char *name, const std::vector<T> &values) {
    return keep(std::make_shared<simt::device_array<T>>(name, values, simt::rights::in_out));
  }
  template <class T>
  T *output(const char *name, size_t count) {
    return keep(std::make_shared<simt::device_array<T>>(name, count));
  }

 private:
  template <class T>
  T *keep(std::shared_ptr<simt::device_array<T>> array) {
    kept_.push_back(array);
    return array->data();
  }
  std::vector<std::shared_ptr<void>> kept_;
};

/* The table in segments of 2^shift rows, each an array of its own. */
TpDeviceBlock device_block(device_scope &scope, const table &rows, uint32_t shift);

/* Vectors of `dimension` components, zeros from there to the stride. */
std::vector<float> padded(const std::vector<float> &vector, uint32_t stride);

#endif
