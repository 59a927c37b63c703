/* Rows of any tier over memory that all tiers share. */
#ifndef TRIPTYCH_DEV_TABLE_H
#define TRIPTYCH_DEV_TABLE_H

#include <vector>

#include "backend.h"
#include "measure.h"

constexpr size_t element_bytes[] = {4, 2, 1};

inline uint64_t next_number() {
  static uint64_t state = 20260601;
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state;
}

/* A table of one tier over memory that all tiers share; every bit pattern in it is a plausible component. */
struct table {
  tp_rows rows = {};
  std::vector<float> scales;
  std::vector<uint32_t> tie_ranks;

  table(const void *memory, size_t bytes, tp_tier tier, uint32_t dimension) {
    const size_t row_bytes = dimension * element_bytes[tier];
    const uint32_t count = static_cast<uint32_t>(bytes / row_bytes);
    scales.assign(count, 0.001f);
    tie_ranks.resize(count);
    for (uint32_t i = 0; i < count; i++) tie_ranks[i] = i;
    rows.row_count = count;
    rows.dimension = dimension;
    rows.stride = dimension;
    rows.tier = tier;
    rows.vectors = memory;
    rows.scales = scales.data();
    rows.tie_ranks = tie_ranks.data();
  }
};

/* Plausible in each tier: 1..2 as f16, 0.008..0.03 as f32, anything as int8. */
inline void fill(void *memory, size_t bytes) {
  uint16_t *halves = static_cast<uint16_t *>(memory);
  for (size_t i = 0; i < bytes / 2; i++) {
    const uint16_t bits = static_cast<uint16_t>(next_number() >> 20);
    halves[i] = static_cast<uint16_t>((bits & 0x81ffu) | 0x3c00u);
  }
}

inline std::vector<uint32_t> random_rows(uint32_t count, uint32_t end) {
  std::vector<uint32_t> rows(count);
  for (uint32_t &row : rows) row = static_cast<uint32_t>(next_number() % end);
  return rows;
}

struct machine {
  void *memory;
  size_t bytes;
  double streaming;
  double peak_f32;
  double peak_f64;
};

/* A whole request of `count` candidates: all signals, preferences, one rule, R = 100. */
void whole(tp_backend *backend, const machine &machine, uint32_t dimension, uint32_t count, uint32_t facets);

#endif
