#include "wait.h"

#include <chrono>
#include <optional>
#include <sys/prctl.h>
#include <thread>

namespace {

/* As long as most batches take: waking up costs more than the rest of the call. */
constexpr double spin_ms = 0.2;
constexpr std::chrono::microseconds nap{20};

/* Lets this thread's naps end on time while it lives: by default Linux adds 50 us to each. */
class SharpNaps {
 public:
  SharpNaps() : slack_ns_(prctl(PR_GET_TIMERSLACK)) { prctl(PR_SET_TIMERSLACK, 1); }
  ~SharpNaps() {
    if (slack_ns_ > 0) prctl(PR_SET_TIMERSLACK, slack_ns_);
  }
  SharpNaps(const SharpNaps &) = delete;
  SharpNaps &operator=(const SharpNaps &) = delete;

 private:
  int slack_ns_;
};

}  // namespace

double tp_now_ms() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double, std::milli>(now).count();
}

tp_status tp_wait(cudaEvent_t event, double deadline_ms, tp_cancel cancel, TpFailure *failure) {
  const double start_ms = tp_now_ms();
  std::optional<SharpNaps> naps;
  for (;;) {
    const cudaError_t planted = tp_planted_poll();
    const cudaError_t error = planted != cudaSuccess ? planted : cudaEventQuery(event);
    if (error != cudaErrorNotReady) {
      tp_checked(error, "cudaEventQuery", failure);
      return error == cudaSuccess ? TP_OK : failure->status;
    }
    const double now_ms = tp_now_ms();
    if (now_ms >= deadline_ms)
      return tp_fail(failure, TP_LOST, "the device did not answer within %.0f ms", now_ms - start_ms);
    if (cancel != nullptr && *cancel != 0) return tp_fail(failure, TP_CANCELLED, "cancelled");
    if (now_ms - start_ms <= spin_ms) continue;
    if (!naps) naps.emplace();
    std::this_thread::sleep_for(nap);
  }
}
