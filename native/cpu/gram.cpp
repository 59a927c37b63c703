#include "backend.h"

namespace triptych {

namespace {

/* Rows of a right-hand panel: 48 * 512 f64 = 192 KiB, which stay in the second cache while the left rows go
 * by. */
constexpr size_t panel_bytes = 192 * 1024;
constexpr uint32_t left_block = 12;

uint32_t panel_rows(uint32_t stride) {
  const size_t rows = panel_bytes / (stride * sizeof(double)) / 12 * 12;
  return rows < 12 ? 12 : static_cast<uint32_t>(rows);
}

/* Index of the pair (i, j), i < j < count: src/domain/gram.ts. */
size_t pair_index(uint32_t i, uint32_t j, uint32_t count) {
  return static_cast<size_t>(i) * (2 * static_cast<size_t>(count) - i - 1) / 2 + (j - i - 1);
}

/* Rows as stored, in f64, and the scale of each: 1 where the tier has none. */
void widen_rows(tp_backend *backend, const tp_blocks *blocks, const uint32_t *numbers, uint32_t count,
                uint32_t stride) {
  for (uint32_t i = 0; i < count; i++) {
    uint32_t row;
    const tp_rows *rows = tp_locate(blocks, numbers[i], &row);
    double *wide = backend->wide.data() + static_cast<size_t>(i) * stride;
    backend->kernels->widen(rows, row, wide);
    for (uint32_t k = rows->dimension; k < stride; k++) wide[k] = 0;
    backend->scales[i] = rows->tier == TP_INT8 ? static_cast<double>(rows->scales[row]) : 1;
  }
}

/*
 * Pairs of the left rows [i, i + left) with the right rows [j, j + right). The definition widens row i with
 * its scale and multiplies by the scale of row j at the end; products and sums of int8 with a scaled int8 are
 * exact in f64 (38 bits and 12 for up to 4,096 of them), so the scale of row i may come in afterwards as
 * well. A factor of 1 changes nothing.
 */
void multiply(tp_backend *backend, uint32_t i, uint32_t left, uint32_t j, uint32_t right, uint32_t stride,
              uint32_t count, double *out) {
  const double *wide = backend->wide.data();
  double *panel = backend->panel.data();
  backend->kernels->products(wide + static_cast<size_t>(i) * stride, left,
                             wide + static_cast<size_t>(j) * stride, right, stride, panel, right);
  for (uint32_t row = 0; row < left; row++) {
    const uint32_t from = i + row + 1 > j ? i + row + 1 - j : 0;
    if (from >= right) continue;
    double *pairs = out + pair_index(i + row, j + from, count);
    const double *products = panel + static_cast<size_t>(row) * right;
    for (uint32_t column = from; column < right; column++)
      pairs[column - from] = products[column] * backend->scales[i + row] * backend->scales[j + column];
  }
}

}  // namespace

tp_status gram(tp_backend *backend, const tp_blocks *blocks, const uint32_t *rows, uint32_t count,
               double *out) {
  const uint32_t stride = (blocks->resident.dimension + 7) / 8 * 8;
  const uint32_t panel = panel_rows(stride);
  if (!backend->wide.reserve(static_cast<size_t>(count) * stride) || !backend->scales.reserve(count) ||
      !backend->panel.reserve(static_cast<size_t>(left_block) * panel))
    return out_of_memory(backend, "the rows of a Gram");
  widen_rows(backend, blocks, rows, count, stride);
  for (uint32_t j = 0; j < count; j += panel) {
    const uint32_t end = count - j < panel ? count : j + panel;
    /* Left rows that have a pair in the panel: those before its last row. */
    for (uint32_t i = 0; i + 1 < end; i += left_block) {
      const uint32_t left = end - 1 - i < left_block ? end - 1 - i : left_block;
      /* Of the panel only what lies right of the diagonal. */
      const uint32_t from = i + 1 > j ? i + 1 : j;
      multiply(backend, i, left, from, end - from, stride, count, out);
    }
  }
  return TP_OK;
}

}  // namespace triptych
