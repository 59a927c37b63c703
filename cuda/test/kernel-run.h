/* One batch through the kernels that rerank it, in the order of the CUDA library, and what they left behind.
 */
#ifndef TRIPTYCH_SHIM_KERNEL_RUN_H
#define TRIPTYCH_SHIM_KERNEL_RUN_H

#include <vector>

#include "window.h"

struct kernel_answer {
  /* Per candidate. */
  std::vector<uint8_t> passes;
  std::vector<uint64_t> keys;
  /* Per request. */
  std::vector<std::vector<uint32_t>> selected;
  std::vector<std::vector<uint32_t>> dropped;
};

/* shift: rows of a segment of the table, as a power of two. @throws simt::fault */
kernel_answer run_kernels(const batch &of, uint32_t shift);

/* The score in a key (triptych/score.h, tp_key). */
double score_of(uint64_t key);

/* Positions of the best `limit` keys that are not 0: key descending, then position ascending. */
std::vector<uint32_t> best_of(const std::vector<uint64_t> &keys, uint32_t first, uint32_t count,
                              uint32_t limit);

#endif
