#include "scan-plan.h"

#include <algorithm>

namespace {

/* What one launch of top-rows takes (kernels/top-rows.cuh). */
constexpr uint32_t list_max = 16384;
/* Shorter lists keep more of the device busy, as long as each gets much shorter. */
constexpr uint32_t short_list = 4096;
constexpr uint32_t short_list_limit_max = 512;

}  // namespace

std::vector<TpScanLevel> tp_scan_levels(uint32_t row_count, uint32_t query_count, uint32_t limit) {
  std::vector<TpScanLevel> levels;
  uint32_t entries = row_count;
  /* Whole lists of the level below, so that a level always gets shorter. */
  const uint32_t longest = limit <= short_list_limit_max ? short_list : list_max;
  uint32_t share = longest;
  do {
    TpScanLevel level;
    level.per_query = std::max(1u, (entries + share - 1) / share);
    for (uint32_t query = 0; query < query_count; query++) {
      for (uint32_t i = 0; i < level.per_query; i++) {
        const uint32_t first = i * share;
        const uint32_t count = std::min(share, entries - std::min(entries, first));
        const uint32_t out = (query * level.per_query + i) * limit;
        level.segments.push_back({query * entries + first, count, limit, out, first});
      }
    }
    entries = level.per_query * limit;
    share = longest / limit * limit;
    levels.push_back(std::move(level));
  } while (levels.back().per_query > 1);
  return levels;
}

double tp_scan_error(uint32_t stride) {
  const double roundings = stride / 32.0 + 3;
  return 1.02 * roundings * 0x1p-24;
}
