/*
 * How the best rows of a scan are found: lists of at most 4,096 keys (16,384 where many are wanted) are each reduced to their best, level
 * by level, until a query has one list. Level 0 reads the keys of all rows, the levels above the best of the
 * level below.
 */
#ifndef TRIPTYCH_CUDA_SCAN_PLAN_H
#define TRIPTYCH_CUDA_SCAN_PLAN_H

#include <stdint.h>
#include <vector>

#include "../kernels/device-view.h"

struct TpScanLevel {
  /* Query by query; the first `per_query` are those of the first query. */
  std::vector<TpTopSegment> segments;
  uint32_t per_query;
};

/* Levels for `query_count` queries over `row_count` rows, `limit` places a list; the last has one list a
 * query. */
std::vector<TpScanLevel> tp_scan_levels(uint32_t row_count, uint32_t query_count, uint32_t limit);

/*
 * Bound on the difference between a cosine as kernels/flat-scan.cuh computes it and the exact one, for unit
 * vectors stored with `stride` components: so many roundings of 2^-24 each, on a sum of magnitudes of at most
 * 1 (2 % are for vectors that are of unit length only about).
 */
double tp_scan_error(uint32_t stride);

#endif
