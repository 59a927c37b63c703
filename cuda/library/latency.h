/* The 99th percentile of the last durations: what a watchdog takes for usual. */
#ifndef TRIPTYCH_CUDA_LATENCY_H
#define TRIPTYCH_CUDA_LATENCY_H

#include <algorithm>
#include <stddef.h>

class TpLatency {
 public:
  void add(double ms) {
    recent_[count_++ % size] = ms;
    if (count_ % refresh == 0) refresh_p99();
  }

  /* 0 before there are enough durations. */
  double p99_ms() const { return p99_ms_; }

 private:
  static constexpr size_t size = 256;
  static constexpr size_t refresh = 64;

  void refresh_p99() {
    double sorted[size];
    const size_t used = std::min(count_, size);
    std::copy(recent_, recent_ + used, sorted);
    const size_t at = used * 99 / 100;
    std::nth_element(sorted, sorted + at, sorted + used);
    p99_ms_ = sorted[at];
  }

  double recent_[size] = {};
  size_t count_ = 0;
  double p99_ms_ = 0;
};

#endif
