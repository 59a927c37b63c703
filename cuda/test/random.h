/* Seeded numbers for fixtures: splitmix64, so a printed seed makes the same fixture on any machine. */
#ifndef TRIPTYCH_SHIM_RANDOM_H
#define TRIPTYCH_SHIM_RANDOM_H

#include <stddef.h>
#include <stdint.h>

#include <utility>
#include <vector>

class random_source {
 public:
  explicit random_source(uint64_t seed) : state_(seed) {}

  uint64_t next() {
    uint64_t z = state_ += 0x9e3779b97f4a7c15ull;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
  }
  /* 0 .. bound - 1; bound >= 1. */
  uint32_t below(uint32_t bound) { return static_cast<uint32_t>((next() >> 32) * bound >> 32); }
  bool chance(double probability) { return unit() < probability; }
  /* 0 <= x < 1 */
  double unit() { return static_cast<double>(next() >> 11) * 0x1p-53; }
  double within(double low, double high) { return low + (high - low) * unit(); }

  template <class T>
  void shuffle(std::vector<T> &values) {
    for (size_t i = values.size(); i > 1; i--)
      std::swap(values[i - 1], values[below(static_cast<uint32_t>(i))]);
  }

 private:
  uint64_t state_;
};

#endif
