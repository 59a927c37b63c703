#include "device.h"

#include <map>
#include <stdio.h>
#include <stdlib.h>

#include "device-table.h"
#include "launch.h"

namespace {

/* The oldest capability that the toolkit compiles for. */
constexpr int capability_min = 75;
constexpr size_t reserve_bytes_min = size_t{256} << 20;
constexpr size_t reserve_share = 20;

std::mutex devices_mutex;

/* Never destroyed: see device.h. */
std::map<int, TpDevice *> &devices() {
  static auto *all = new std::map<int, TpDevice *>();
  return *all;
}

tp_status look_for_device(int ordinal, TpFailure *failure) {
  int count = 0;
  const cudaError_t planted = tp_planted_fault();
  /* The count is not written where the call fails. */
  const cudaError_t error = planted != cudaSuccess ? planted : cudaGetDeviceCount(&count);
  if (error == cudaErrorInsufficientDriver)
    return tp_fail(failure, TP_UNAVAILABLE,
                   "no NVIDIA driver, or one older than this library's CUDA runtime (35)");
  if (error == cudaErrorNoDevice || (error == cudaSuccess && count == 0))
    return tp_fail(failure, TP_UNAVAILABLE, "the driver sees no CUDA device (100)");
  if (!tp_checked(error, "cudaGetDeviceCount", failure)) return failure->status = TP_UNAVAILABLE;
  if (ordinal >= count)
    return tp_fail(failure, TP_UNAVAILABLE, "device %d of %d is not there", ordinal, count);
  return TP_OK;
}

tp_status describe(TpDevice *device, TpFailure *failure) {
  cudaDeviceProp properties;
  TP_CUDA(failure, cudaSetDevice(device->ordinal));
  TP_CUDA(failure, cudaGetDeviceProperties(&properties, device->ordinal));
  const int capability = properties.major * 10 + properties.minor;
  snprintf(device->variant, sizeof device->variant, "sm_%d %.100s", capability, properties.name);
  if (capability < capability_min)
    return tp_fail(failure, TP_UNAVAILABLE, "%s is older than sm_%d", device->variant, capability_min);
  TP_CUDA(failure, tp_check_image());
  device->reserve_bytes = properties.totalGlobalMem / reserve_share;
  if (device->reserve_bytes < reserve_bytes_min) device->reserve_bytes = reserve_bytes_min;
  return TP_OK;
}

}  // namespace

void TpDevice::lose(const char *reason) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (is_lost()) return;
  snprintf(reason_, sizeof reason_, "%s", reason);
  lost_.store(true, std::memory_order_release);
}

tp_status TpDevice::enter(TpFailure *failure) {
  if (is_lost()) {
    const std::lock_guard<std::mutex> lock(mutex_);
    return tp_fail(failure, TP_LOST, "%s", reason_);
  }
  TP_CUDA(failure, cudaSetDevice(ordinal));
  return TP_OK;
}

tp_status TpDevice::leave(const TpFailure *failure) {
  if (failure->status == TP_LOST) lose(failure->text);
  return failure->status;
}

tp_status tp_open_device(const char *ordinal, TpDevice **out, TpFailure *failure) {
  char *rest = nullptr;
  const long number = strtol(ordinal, &rest, 10);
  if (rest == ordinal || *rest != 0 || number < 0 || number > 1023)
    return tp_fail(failure, TP_INVALID, "variant: \"%.40s\" is not the ordinal of a device", ordinal);
  const std::lock_guard<std::mutex> lock(devices_mutex);
  TpDevice *&known = devices()[static_cast<int>(number)];
  if (known == nullptr) {
    tp_plant_fault();
    TP_TRY(look_for_device(static_cast<int>(number), failure));
    auto *device = new TpDevice();
    device->ordinal = static_cast<int>(number);
    const tp_status status = describe(device, failure);
    if (status != TP_OK) {
      delete device;
      return status;
    }
    device->tables = new TpTables(device);
    known = device;
  }
  TP_TRY(known->enter(failure));
  *out = known;
  return TP_OK;
}
