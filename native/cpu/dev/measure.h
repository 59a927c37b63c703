/* Times, memory in large pages, and the limits of the machine in the same run. */
#ifndef TRIPTYCH_DEV_MEASURE_H
#define TRIPTYCH_DEV_MEASURE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

#include <algorithm>
#include <vector>

/* Time of this thread alone: what others take of the processor does not count (what they take of the caches
 * does). */
inline double now_ns() {
  timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

/* Keeps the compiler from dropping what nobody reads. */
inline void keep(const void *value) { __asm__ volatile("" : : "r"(value) : "memory"); }

/* Zeros in 2 MiB pages where the system allows them; stays until the process ends. */
inline void *map_bytes(size_t bytes) {
  const size_t page = size_t{2} << 20;
  const size_t length = (bytes + page - 1) / page * page + page;
  void *memory = mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    fprintf(stderr, "no memory for %zu bytes\n", bytes);
    exit(1);
  }
  const uintptr_t aligned = (reinterpret_cast<uintptr_t>(memory) + page - 1) / page * page;
  madvise(reinterpret_cast<void *>(aligned), length - page, MADV_HUGEPAGE);
  return reinterpret_cast<void *>(aligned);
}

/* Times of several contestants, taken in turns so that a busy moment hits them all. */
class contest_timer {
 public:
  explicit contest_timer(size_t contestants) : times_(contestants) {}

  /* `work` is called `repeats` times in a row. */
  template <typename Work>
  void time(size_t contestant, uint32_t repeats, Work work) {
    const double start = now_ns();
    for (uint32_t i = 0; i < repeats; i++) work();
    times_[contestant].push_back((now_ns() - start) / repeats);
  }

  /* The lower quartile: what a machine does that is not too busy with something else. */
  double quartile_ns(size_t contestant) {
    std::vector<double> &times = times_[contestant];
    std::sort(times.begin(), times.end());
    return times[times.size() / 4];
  }

 private:
  std::vector<std::vector<double>> times_;
};

/* Best of several passes over more memory than any cache holds. */
double streaming_bytes_per_ns(const void *memory, size_t bytes);
/* Multiply-adds on registers alone, two operations each; 0 where this build has no such loop. */
double peak_f32_per_ns();
double peak_f64_per_ns();
/* The plain loop that interleaving is measured against: one row after the other, AVX2; false: not here. */
bool one_row_dots(const float *rows, size_t stride, const uint32_t *indices, uint32_t count,
                  const float *vector, uint32_t dimension, float *out);

#endif
