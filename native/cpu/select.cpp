#include <algorithm>
#include <functional>

#include "backend.h"

namespace triptych {

/*
 * The limit-th largest key, then one pass that keeps the order. A heap of the best so far wins only for
 * limits below about 30 (10,000 rows: 4.6 us for 10, 17-23 against 15 us for 100), and a limit is R + 32
 * here.
 */
uint32_t select_best(const uint64_t *keys, const uint32_t *positions, uint32_t count, uint32_t limit,
                     uint64_t *order, uint32_t *out) {
  if (count <= limit) {
    std::copy(positions, positions + count, out);
    return count;
  }
  if (limit == 0) return 0;
  std::copy(keys, keys + count, order);
  std::nth_element(order, order + (limit - 1), order + count, std::greater<uint64_t>());
  const uint64_t last = order[limit - 1];
  uint32_t above = 0;
  for (uint32_t i = 0; i + 1 < limit; i++) above += order[i] > last ? 1 : 0;
  uint32_t equal = limit - above;
  uint32_t taken = 0;
  for (uint32_t i = 0; i < count; i++) {
    if (keys[i] < last) continue;
    if (keys[i] == last) {
      if (equal == 0) continue;
      equal--;
    }
    out[taken++] = positions[i];
  }
  return taken;
}

}  // namespace triptych
