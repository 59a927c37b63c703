/*
 * Exact f64 products in the order of triptych/dot.h over the registers of an instruction set: term i in sum i
 * mod 8, the sums folded in halves. All products here are of an f32 (or less) and an f32 in f64, hence exact,
 * so fused and separate additions give the same bits. Zeros beyond the last component change no bit: a sum
 * that began at +0 is never -0.
 */
namespace {

/* As many rows side by side as keep eight chains of additions going. */
constexpr uint32_t exact_rows = 8 / parts;

template <typename Stored>
inline void exact_step(f64v (*sums)[parts], const Stored *const *rows, const double *vector) {
#pragma GCC unroll 4
  for (uint32_t p = 0; p < parts; p++) {
    const f64v x = load(vector + p * part);
#pragma GCC unroll 8
    for (uint32_t row = 0; row < exact_rows; row++)
      sums[row][p] = add_product(sums[row][p], widen(rows[row] + p * part), x);
  }
}

template <typename Stored>
inline void exact_group(const Stored *const *rows, const double *vector, uint32_t dimension, double *out) {
  f64v sums[exact_rows][parts];
#pragma GCC unroll 8
  for (uint32_t row = 0; row < exact_rows; row++)
#pragma GCC unroll 4
    for (uint32_t p = 0; p < parts; p++) sums[row][p] = zero_f64();
  const uint32_t whole = dimension & ~7u;
  const Stored *at[exact_rows];
  for (uint32_t i = 0; i < whole; i += 8) {
#pragma GCC unroll 8
    for (uint32_t row = 0; row < exact_rows; row++) at[row] = rows[row] + i;
    exact_step(sums, at, vector + i);
  }
  if (whole < dimension) {
    Stored ends[exact_rows][8];
    __builtin_memset(ends, 0, sizeof ends);
    for (uint32_t row = 0; row < exact_rows; row++) {
      __builtin_memcpy(ends[row], rows[row] + whole, (dimension - whole) * sizeof(Stored));
      at[row] = ends[row];
    }
    exact_step(sums, at, vector + whole);
  }
  for (uint32_t row = 0; row < exact_rows; row++) out[row] = fold(sums[row]);
}

template <typename Stored>
inline void exact_dots(const tp_rows *rows, const uint32_t *indices, uint32_t count, const double *vector,
                       double *out) {
  const Stored *values = (const Stored *)rows->vectors;
  for (uint32_t i = 0; i < count; i += exact_rows) {
    const uint32_t live = count - i < exact_rows ? count - i : exact_rows;
    const Stored *group[exact_rows];
    for (uint32_t row = 0; row < exact_rows; row++)
      group[row] = values + (uint64_t)indices[i + (row < live ? row : live - 1)] * rows->stride;
    double sums[exact_rows];
    exact_group(group, vector, rows->dimension, sums);
    for (uint32_t row = 0; row < live; row++) out[i + row] = sums[row];
  }
}

void cosines(const tp_rows *rows, const uint32_t *indices, uint32_t count, const double *vector,
             double *out) {
  if (rows->tier == TP_F32) {
    exact_dots<float>(rows, indices, count, vector, out);
  } else if (rows->tier == TP_F16) {
    exact_dots<uint16_t>(rows, indices, count, vector, out);
  } else {
    exact_dots<int8_t>(rows, indices, count, vector, out);
    for (uint32_t i = 0; i < count; i++) out[i] *= (double)rows->scales[indices[i]];
  }
}

template <typename Stored>
inline void widen_row(const Stored *row, uint32_t dimension, double *out) {
  const uint32_t whole = dimension & ~7u;
  for (uint32_t i = 0; i < whole; i += part) store(out + i, widen(row + i));
  if (whole == dimension) return;
  Stored end[8] = {};
  double wide[8];
  __builtin_memcpy(end, row + whole, (dimension - whole) * sizeof(Stored));
  for (uint32_t i = 0; i < 8; i += part) store(wide + i, widen(end + i));
  __builtin_memcpy(out + whole, wide, (dimension - whole) * sizeof(double));
}

void widen(const tp_rows *rows, uint32_t row, double *out) {
  const uint64_t start = (uint64_t)row * rows->stride;
  if (rows->tier == TP_F32)
    widen_row((const float *)rows->vectors + start, rows->dimension, out);
  else if (rows->tier == TP_F16)
    widen_row((const uint16_t *)rows->vectors + start, rows->dimension, out);
  else
    widen_row((const int8_t *)rows->vectors + start, rows->dimension, out);
}

using product_tile = double[left_rows][right_rows];

inline void multiply_tile(const double *const *left, const double *const *right, uint32_t stride,
                          product_tile out) {
  f64v sums[left_rows][right_rows][parts];
#pragma GCC unroll 8
  for (uint32_t i = 0; i < left_rows; i++)
#pragma GCC unroll 8
    for (uint32_t j = 0; j < right_rows; j++)
#pragma GCC unroll 4
      for (uint32_t p = 0; p < parts; p++) sums[i][j][p] = zero_f64();
  for (uint64_t k = 0; k < stride; k += 8) {
#pragma GCC unroll 4
    for (uint32_t p = 0; p < parts; p++) {
      f64v y[right_rows];
#pragma GCC unroll 8
      for (uint32_t j = 0; j < right_rows; j++) y[j] = load(right[j] + k + p * part);
#pragma GCC unroll 8
      for (uint32_t i = 0; i < left_rows; i++) {
        const f64v x = load(left[i] + k + p * part);
#pragma GCC unroll 8
        for (uint32_t j = 0; j < right_rows; j++) sums[i][j][p] = add_product(sums[i][j][p], x, y[j]);
      }
    }
  }
  for (uint32_t i = 0; i < left_rows; i++)
    for (uint32_t j = 0; j < right_rows; j++) out[i][j] = fold(sums[i][j]);
}

/* Places of a tile without a row repeat the last one. */
void products(const double *left, uint32_t left_count, const double *right, uint32_t right_count,
              uint32_t stride, double *out, uint32_t out_stride) {
  for (uint32_t i = 0; i < left_count; i += left_rows) {
    const uint32_t live_left = left_count - i < left_rows ? left_count - i : left_rows;
    const double *x[left_rows];
    for (uint32_t row = 0; row < left_rows; row++)
      x[row] = left + (uint64_t)(i + (row < live_left ? row : live_left - 1)) * stride;
    for (uint32_t j = 0; j < right_count; j += right_rows) {
      const uint32_t live_right = right_count - j < right_rows ? right_count - j : right_rows;
      const double *y[right_rows];
      for (uint32_t row = 0; row < right_rows; row++)
        y[row] = right + (uint64_t)(j + (row < live_right ? row : live_right - 1)) * stride;
      product_tile tile;
      multiply_tile(x, y, stride, tile);
      for (uint32_t row = 0; row < live_left; row++)
        for (uint32_t column = 0; column < live_right; column++)
          out[(uint64_t)(i + row) * out_stride + j + column] = tile[row][column];
    }
  }
}

}  // namespace
