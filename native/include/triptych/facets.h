/*
 * Facet preferences of one row: src/domain/facet-preferences.ts. A way to look a code up is a function object
 * of the caller's (binary search in the request's list here, a dense table in the CPU's scorer): int32_t
 * find(uint32_t code), the index in the request's list or -1. Compiled by the host compiler and by nvcc.
 */
#ifndef TRIPTYCH_FACETS_H
#define TRIPTYCH_FACETS_H

#include "triptych/dot.h"

/* Facets of a schema at most (limits.facetsMax) and facet values of a document
 * (limits.facetValuesPerDocumentMax). */
#define TP_FACETS_MAX 64u
#define TP_FACET_VALUES_MAX 1000u

struct tp_find_by_search {
  const tp_preferences *preferences;
  TP_HD int32_t operator()(uint32_t code) const {
    uint32_t low = 0;
    uint32_t high = preferences->count;
    while (low < high) {
      const uint32_t middle = (low + high) >> 1;
      if (preferences->codes[middle] < code)
        low = middle + 1;
      else
        high = middle;
    }
    return low < preferences->count && preferences->codes[low] == code ? (int32_t)low : -1;
  }
};

/*
 * clamp(sum over facets of weight * mean of the row's values with a preference, -1, 1); 0 where none has one.
 * Sums within a facet are exact (multiples of 2^-40), so the order of a row's values means nothing. sums,
 * known: facet_count entries of the caller's, with any content.
 */
template <typename Find>
TP_HD double tp_preference(const tp_preferences *preferences, const tp_rows *rows, uint32_t row, Find find,
                           double *sums, uint32_t *known) {
  for (uint32_t facet = 0; facet < preferences->facet_count; facet++) {
    sums[facet] = 0;
    known[facet] = 0;
  }
  const uint32_t *values = rows->facet_values + rows->facet_starts[row];
  for (uint32_t i = 0; i < rows->facet_counts[row]; i++) {
    const int32_t at = find(values[i]);
    if (at < 0) continue;
    sums[preferences->facets[at]] += preferences->values[at];
    known[preferences->facets[at]]++;
  }
  double total = 0;
  for (uint32_t facet = 0; facet < preferences->facet_count; facet++)
    if (known[facet] > 0) total += preferences->facet_weights[facet] * (sums[facet] / (double)known[facet]);
  return total < -1 ? -1 : total > 1 ? 1 : total;
}

TP_HD void tp_sift_down(double *heap, uint32_t root, uint32_t count) {
  const double value = heap[root];
  for (uint32_t child = 2 * root + 1; child < count; child = 2 * root + 1) {
    if (child + 1 < count && heap[child] < heap[child + 1]) child++;
    if (!(value < heap[child])) break;
    heap[root] = heap[child];
    root = child;
  }
  heap[root] = value;
}

/* Ascending, in place: a heap sort, which needs neither recursion nor memory. */
TP_HD void tp_sort_ascending(double *values, uint32_t count) {
  for (uint32_t root = count / 2; root > 0; root--) tp_sift_down(values, root - 1, count);
  for (uint32_t last = count; last > 1; last--) {
    const double largest = values[0];
    values[0] = values[last - 1];
    values[last - 1] = largest;
    tp_sift_down(values, 0, last - 1);
  }
}

/*
 * Product over the row's values with a preference p of max(0, 1 + weight * p), multiplied in ascending order;
 * 1 where none has one. factors: as many entries of the caller's as the row has facet values, with any
 * content.
 */
template <typename Find>
TP_HD double tp_preference_product(const tp_preferences *preferences, const tp_rows *rows, uint32_t row,
                                   Find find, double *factors) {
  const uint32_t *values = rows->facet_values + rows->facet_starts[row];
  uint32_t known = 0;
  for (uint32_t i = 0; i < rows->facet_counts[row]; i++) {
    const int32_t at = find(values[i]);
    if (at < 0) continue;
    /* Two strong dislikes must not multiply into a liking. */
    const double factor = 1 + preferences->facet_weights[preferences->facets[at]] * preferences->values[at];
    factors[known++] = factor > 0 ? factor : 0;
  }
  tp_sort_ascending(factors, known);
  double product = 1;
  for (uint32_t i = 0; i < known; i++) product *= factors[i];
  return product;
}

#endif
