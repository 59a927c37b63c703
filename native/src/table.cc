#include "table.h"

namespace triptych {

uint64_t vector_elements(uint32_t row_count, uint32_t stride, uint32_t dimension) {
  if (row_count == 0) return 0;
  /* (2^32 - 2) * (2^32 - 1) + 2^32 - 1 fits. */
  return (uint64_t)(row_count - 1) * stride + dimension;
}

bool check_facets(const tp_rows &rows, const uint8_t *live, uint32_t code_count, const char *path,
                  Problem &problem) {
  for (uint32_t row = 0; row < rows.row_count; row++) {
    if (live != nullptr && live[row] == 0) continue;
    const uint64_t start = rows.facet_starts[row];
    const uint32_t count = rows.facet_counts[row];
    if (start + count > rows.facet_value_count)
      return problem.set(codes::range, Path("%s.facetCounts[%u]", path, row).c_str(),
                         "ends at %llu of %llu values", (unsigned long long)(start + count),
                         (unsigned long long)rows.facet_value_count);
    if (count > facet_values_max)
      return problem.set(codes::range, Path("%s.facetCounts[%u]", path, row).c_str(), "%u is more than %u",
                         count, facet_values_max);
    for (uint64_t i = start; i < start + count; i++)
      if (rows.facet_values[i] >= code_count)
        return problem.set(codes::range, Path("%s.facetValues[%llu]", path, (unsigned long long)i).c_str(),
                           "%u is not a code of a dictionary of %u", rows.facet_values[i], code_count);
  }
  return true;
}

}  // namespace triptych
