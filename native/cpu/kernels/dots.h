/*
 * First pass over the registers of an instruction set (avx2.h ...). Several rows go side by side: their sums
 * hide each other's latency, they share the loads of the vector, and their cache misses overlap. A place
 * without a row repeats the last one, so that every row takes one and the same path whatever its neighbours.
 */
namespace {

/* The first `count` of what a step takes in, zeros after them: nothing reads beyond a row. */
template <uint32_t Length, typename Stored>
struct rest {
  Stored values[Length];
  void take(const Stored *from, uint64_t count) {
    __builtin_memset(values, 0, sizeof values);
    __builtin_memcpy(values, from, count * sizeof(Stored));
  }
};

inline uint32_t smaller(uint32_t x, uint32_t y) { return x < y ? x : y; }

/* Bytes that come from memory together. */
constexpr uint32_t line_bytes = 64;

/*
 * The lines of the next rows are on their way while those of this group are in use. Rows of a window lie
 * anywhere, so the processor's own prefetching begins anew with each and comes late.
 */
template <uint32_t Rows, typename Stored>
inline void prefetch(const Stored *const *next, uint64_t i) {
#pragma GCC unroll 8
  for (uint32_t row = 0; row < Rows; row++) __builtin_prefetch(next[row] + i, 0, 3);
}

template <uint32_t Rows, typename Stored>
inline void float_step(f32v *sums, const Stored *const *rows, const float *vector, uint64_t i) {
  const f32v x = load(vector + i);
#pragma GCC unroll 8
  for (uint32_t row = 0; row < Rows; row++) sums[row] = add_product(sums[row], load(rows[row] + i), x);
}

/* Ends: whether the components from `from` to `end` are not whole lines. */
template <uint32_t Rows, bool Ends, typename Stored>
inline void float_block(const Stored *const *rows, const Stored *const *next, const float *vector,
                        uint32_t from, uint32_t end, float *out) {
  constexpr uint32_t line = line_bytes / sizeof(Stored);
  f32v sums[Rows];
#pragma GCC unroll 8
  for (uint32_t row = 0; row < Rows; row++) sums[row] = zero_f32();
  uint64_t i = from;
  for (; i + line <= end; i += line) {
    prefetch<Rows>(next, i);
#pragma GCC unroll 8
    for (uint32_t step = 0; step < line; step += floats) float_step<Rows>(sums, rows, vector, i + step);
  }
  if (Ends) {
    for (; i + floats <= end; i += floats) float_step<Rows>(sums, rows, vector, i);
    if (i < end) {
      rest<floats, Stored> ends[Rows];
      const Stored *last[Rows];
      for (uint32_t row = 0; row < Rows; row++) {
        ends[row].take(rows[row] + i, end - i);
        last[row] = ends[row].values;
      }
      float_step<Rows>(sums, last, vector + i, 0);
    }
  }
#pragma GCC unroll 2
  for (uint32_t row = 0; row < Rows; row += 4) four_totals(sums + row, out + row);
}

/* Sums over at most TP_DOT_BLOCK components in f32: the rounding error does not grow with the dimension
 * beyond it. */
template <uint32_t Rows, typename Stored>
inline void float_group(const Stored *const *rows, const Stored *const *next, const float *vector,
                        uint32_t dimension, float *out) {
  if (dimension <= TP_DOT_BLOCK) {
    if (dimension * sizeof(Stored) % line_bytes == 0)
      float_block<Rows, false>(rows, next, vector, 0, dimension, out);
    else
      float_block<Rows, true>(rows, next, vector, 0, dimension, out);
    return;
  }
  double sums[Rows] = {};
  for (uint32_t from = 0; from < dimension; from += TP_DOT_BLOCK) {
    float_block<Rows, true>(rows, next, vector, from, smaller(dimension, from + TP_DOT_BLOCK), out);
    for (uint32_t row = 0; row < Rows; row++) sums[row] += (double)out[row];
  }
  for (uint32_t row = 0; row < Rows; row++) out[row] = (float)sums[row];
}

/* The rows of a group; a place beyond the last row repeats it. */
template <uint32_t Rows, typename Stored>
inline void find_group(const tp_rows *rows, const uint32_t *indices, uint32_t from, uint32_t count,
                       const Stored **group) {
  const Stored *values = (const Stored *)rows->vectors;
#pragma GCC unroll 8
  for (uint32_t row = 0; row < Rows; row++)
    group[row] = values + (uint64_t)indices[smaller(from + row, count - 1)] * rows->stride;
}

template <uint32_t Rows, typename Stored>
inline void float_dots(const tp_rows *rows, const uint32_t *indices, uint32_t count, const tp_vector *vectors,
                       uint32_t vector_count, float *const *out) {
  const Stored *group[Rows];
  const Stored *next[Rows];
  find_group<Rows>(rows, indices, 0, count, next);
  for (uint32_t i = 0; i < count; i += Rows) {
#pragma GCC unroll 8
    for (uint32_t row = 0; row < Rows; row++) group[row] = next[row];
    find_group<Rows>(rows, indices, i + Rows, count, next);
    const uint32_t live = smaller(Rows, count - i);
    for (uint32_t v = 0; v < vector_count; v++) {
      float sums[Rows];
      float_group<Rows>(group, next, vectors[v].values, rows->dimension, sums);
      for (uint32_t row = 0; row < live; row++) out[v][i + row] = sums[row];
    }
  }
}

/* A block of this size or less is in a cache when it is in use. */
constexpr uint64_t near_bytes = 16u << 20;

inline void short_step(i32v *high, i32v *low, const int8_t *const *rows, const tp_vector *vector,
                       uint64_t i) {
  const i16v x = load_i16(vector->high + i);
  const i16v y = load_i16(vector->low + i);
#pragma GCC unroll 8
  for (uint32_t row = 0; row < short_rows; row++) {
    const i16v stored = load_i8(rows[row] + i);
    high[row] = add_products(high[row], stored, x);
    low[row] = add_products(low[row], stored, y);
  }
}

/* Integer sums are exact, so their order means nothing: int8 times the two int16 digits of the vector. */
template <bool Ends>
inline void short_block(const int8_t *const *rows, const int8_t *const *next, const tp_vector *vector,
                        uint32_t from, uint32_t end, double *out) {
  i32v high[short_rows];
  i32v low[short_rows];
#pragma GCC unroll 8
  for (uint32_t row = 0; row < short_rows; row++) high[row] = low[row] = zero_i32();
  uint64_t i = from;
  for (; i + line_bytes <= end; i += line_bytes) {
    prefetch<short_rows>(next, i);
#pragma GCC unroll 8
    for (uint32_t step = 0; step < line_bytes; step += shorts) {
      short_step(high, low, rows, vector, i + step);
    }
  }
  if (Ends) {
    for (; i + shorts <= end; i += shorts) short_step(high, low, rows, vector, i);
    if (i < end) {
      rest<shorts, int8_t> ends[short_rows];
      const int8_t *last[short_rows];
      for (uint32_t row = 0; row < short_rows; row++) {
        ends[row].take(rows[row] + i, end - i);
        last[row] = ends[row].values;
      }
      const tp_vector digits = {nullptr, vector->high + i, vector->low + i, 0};
      short_step(high, low, last, &digits, 0);
    }
  }
  int32_t highs[short_rows];
  int32_t lows[short_rows];
#pragma GCC unroll 2
  for (uint32_t row = 0; row < short_rows; row += 4) {
    four_totals(high + row, highs + row);
    four_totals(low + row, lows + row);
  }
  for (uint32_t row = 0; row < short_rows; row++) out[row] = (double)highs[row] * 16384 + (double)lows[row];
}

/* Whole numbers below 2^53, so that f64 holds them exactly. */
inline void short_group(const int8_t *const *rows, const int8_t *const *next, const tp_vector *vector,
                        uint32_t dimension, double *out) {
  if (dimension <= TP_DOT_BLOCK && dimension % line_bytes == 0)
    return short_block<false>(rows, next, vector, 0, dimension, out);
  for (uint32_t row = 0; row < short_rows; row++) out[row] = 0;
  for (uint32_t from = 0; from < dimension; from += TP_DOT_BLOCK) {
    double sums[short_rows];
    short_block<true>(rows, next, vector, from, smaller(dimension, from + TP_DOT_BLOCK), sums);
    for (uint32_t row = 0; row < short_rows; row++) out[row] += sums[row];
  }
}

inline void short_dots(const tp_rows *rows, const uint32_t *indices, uint32_t count, const tp_vector *vectors,
                       uint32_t vector_count, float *const *out) {
  const int8_t *group[short_rows];
  const int8_t *next[short_rows];
  find_group<short_rows>(rows, indices, 0, count, next);
  for (uint32_t i = 0; i < count; i += short_rows) {
#pragma GCC unroll 8
    for (uint32_t row = 0; row < short_rows; row++) group[row] = next[row];
    find_group<short_rows>(rows, indices, i + short_rows, count, next);
    const uint32_t live = smaller(short_rows, count - i);
    for (uint32_t v = 0; v < vector_count; v++) {
      double sums[short_rows];
      short_group(group, next, &vectors[v], rows->dimension, sums);
      for (uint32_t row = 0; row < live; row++)
        out[v][i + row] = (float)(sums[row] * ((double)rows->scales[indices[i + row]] * vectors[v].step));
    }
  }
}

/*
 * Eight rows at a time: that many streams bring four fifths of what memory can give. f32 rows that come from
 * a cache are better taken by fours: eight and the next eight would be all of the first cache. A row's one
 * chain of sums is the same.
 */
void dots(const tp_rows *rows, const uint32_t *indices, uint32_t count, const tp_vector *vectors,
          uint32_t vector_count, float *const *out) {
  if (count == 0) return;
  const bool near = (uint64_t)rows->row_count * rows->stride * sizeof(float) <= near_bytes;
  if (rows->tier == TP_INT8)
    short_dots(rows, indices, count, vectors, vector_count, out);
  else if (rows->tier == TP_F16)
    float_dots<8, uint16_t>(rows, indices, count, vectors, vector_count, out);
  else if (near)
    float_dots<near_rows, float>(rows, indices, count, vectors, vector_count, out);
  else
    float_dots<8, float>(rows, indices, count, vectors, vector_count, out);
}

}  // namespace
