/* What a test needs and no more: a check that says where it failed, and numbers from a seed. */
#ifndef TRIPTYCH_TEST_CHECK_H
#define TRIPTYCH_TEST_CHECK_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* Ends the test at the first check that fails; the seed in the output makes it come back. */
#define CHECK(condition, ...)                                                \
  do {                                                                       \
    if (!(condition)) {                                                      \
      fprintf(stderr, "%s:%d: %s failed: ", __FILE__, __LINE__, #condition); \
      fprintf(stderr, __VA_ARGS__);                                          \
      fprintf(stderr, "\n");                                                 \
      exit(1);                                                               \
    }                                                                        \
  } while (0)

/* xorshift64*: the same numbers on every machine. */
class random_numbers {
 public:
  explicit random_numbers(uint64_t seed) : state_(seed * 2862933555777941757ull + 3037000493ull) {}

  uint64_t next() {
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return state_ * 2685821657736338717ull;
  }
  /* 0 <= x < 1 */
  double uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; }
  double between(double low, double high) { return low + (high - low) * uniform(); }
  uint32_t below(uint32_t end) { return static_cast<uint32_t>(uniform() * end); }
  bool chance(double probability) { return uniform() < probability; }

 private:
  uint64_t state_;
};

/* TRIPTYCH_SEED, or the seed of the day when the test was written: printed first. */
inline uint64_t test_seed() {
  const char *text = getenv("TRIPTYCH_SEED");
  const uint64_t seed = text != nullptr ? strtoull(text, nullptr, 10) : 20260601;
  printf("seed %llu (TRIPTYCH_SEED)\n", static_cast<unsigned long long>(seed));
  return seed;
}

#endif
