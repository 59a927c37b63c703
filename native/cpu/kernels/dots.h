/*
 * First pass over the registers of an instruction set (avx2.h ...). Several rows go side by side: their sums
 * hide each other's latency, they share the loads of the vector, and their cache misses overlap. A place
 * without a row repeats the last one, so that every row takes one and the same path whatever its neighbours.
 */
namespace {

/* The first `count` of what a register holds, zeros after them: never reads beyond a row. */
template <uint32_t Lanes, typename Stored>
struct rest {
  Stored values[Lanes];
  rest(const Stored *from, uint32_t count) {
    __builtin_memset(values, 0, sizeof values);
    __builtin_memcpy(values, from, count * sizeof(Stored));
  }
};

inline uint32_t smaller(uint32_t x, uint32_t y) { return x < y ? x : y; }

/* f32 sums over at most TP_DOT_BLOCK components: the rounding error does not grow with the dimension beyond
 * it. */
template <typename Stored>
inline void float_group(const Stored *const *rows, const float *vector, uint32_t dimension, float *out) {
  double totals[float_rows] = {};
  for (uint32_t from = 0; from < dimension; from += TP_DOT_BLOCK) {
    const uint32_t end = smaller(dimension, from + TP_DOT_BLOCK);
    f32v sums[float_rows];
#pragma GCC unroll 8
    for (uint32_t row = 0; row < float_rows; row++) sums[row] = zero_f32();
    uint32_t i = from;
    for (; i + floats <= end; i += floats) {
      const f32v x = load(vector + i);
#pragma GCC unroll 8
      for (uint32_t row = 0; row < float_rows; row++)
        sums[row] = add_product(sums[row], load(rows[row] + i), x);
    }
    if (i < end) {
      const f32v x = load(vector + i);
#pragma GCC unroll 8
      for (uint32_t row = 0; row < float_rows; row++)
        sums[row] = add_product(sums[row], load(rest<floats, Stored>(rows[row] + i, end - i).values), x);
    }
#pragma GCC unroll 8
    for (uint32_t row = 0; row < float_rows; row++) totals[row] += (double)total(sums[row]);
  }
  for (uint32_t row = 0; row < float_rows; row++) out[row] = (float)totals[row];
}

template <typename Stored>
inline void float_dots(const tp_rows *rows, const uint32_t *indices, uint32_t count, const tp_vector *vectors,
                       uint32_t vector_count, float *const *out) {
  const Stored *values = (const Stored *)rows->vectors;
  for (uint32_t i = 0; i < count; i += float_rows) {
    const uint32_t live = smaller(float_rows, count - i);
    const Stored *group[float_rows];
    for (uint32_t row = 0; row < float_rows; row++)
      group[row] = values + (uint64_t)indices[i + smaller(row, live - 1)] * rows->stride;
    for (uint32_t v = 0; v < vector_count; v++) {
      float sums[float_rows];
      float_group(group, vectors[v].values, rows->dimension, sums);
      for (uint32_t row = 0; row < live; row++) out[v][i + row] = sums[row];
    }
  }
}

/* Integer sums are exact, so their order means nothing: int8 times the two int16 digits of the vector. */
inline void short_group(const int8_t *const *rows, const tp_vector *vector, uint32_t dimension,
                        int64_t *out) {
  for (uint32_t row = 0; row < short_rows; row++) out[row] = 0;
  for (uint32_t from = 0; from < dimension; from += TP_DOT_BLOCK) {
    const uint32_t end = smaller(dimension, from + TP_DOT_BLOCK);
    i32v high[short_rows];
    i32v low[short_rows];
#pragma GCC unroll 8
    for (uint32_t row = 0; row < short_rows; row++) high[row] = low[row] = zero_i32();
    uint32_t i = from;
    for (; i + shorts <= end; i += shorts) {
      const i16v x = load_i16(vector->high + i);
      const i16v y = load_i16(vector->low + i);
#pragma GCC unroll 8
      for (uint32_t row = 0; row < short_rows; row++) {
        const i16v stored = load_i8(rows[row] + i);
        high[row] = add_products(high[row], stored, x);
        low[row] = add_products(low[row], stored, y);
      }
    }
    if (i < end) {
      const i16v x = load_i16(vector->high + i);
      const i16v y = load_i16(vector->low + i);
      for (uint32_t row = 0; row < short_rows; row++) {
        const i16v stored = load_i8(rest<shorts, int8_t>(rows[row] + i, end - i).values);
        high[row] = add_products(high[row], stored, x);
        low[row] = add_products(low[row], stored, y);
      }
    }
    for (uint32_t row = 0; row < short_rows; row++)
      out[row] += (int64_t)total(high[row]) * 16384 + (int64_t)total(low[row]);
  }
}

inline void short_dots(const tp_rows *rows, const uint32_t *indices, uint32_t count, const tp_vector *vectors,
                       uint32_t vector_count, float *const *out) {
  const int8_t *values = (const int8_t *)rows->vectors;
  for (uint32_t i = 0; i < count; i += short_rows) {
    const uint32_t live = smaller(short_rows, count - i);
    const int8_t *group[short_rows];
    for (uint32_t row = 0; row < short_rows; row++)
      group[row] = values + (uint64_t)indices[i + smaller(row, live - 1)] * rows->stride;
    for (uint32_t v = 0; v < vector_count; v++) {
      int64_t sums[short_rows];
      short_group(group, &vectors[v], rows->dimension, sums);
      for (uint32_t row = 0; row < live; row++) {
        const double scale = (double)rows->scales[indices[i + row]] * vectors[v].step;
        out[v][i + row] = (float)((double)sums[row] * scale);
      }
    }
  }
}

void dots(const tp_rows *rows, const uint32_t *indices, uint32_t count, const tp_vector *vectors,
          uint32_t vector_count, float *const *out) {
  if (rows->tier == TP_F32)
    float_dots<float>(rows, indices, count, vectors, vector_count, out);
  else if (rows->tier == TP_F16)
    float_dots<uint16_t>(rows, indices, count, vectors, vector_count, out);
  else
    short_dots(rows, indices, count, vectors, vector_count, out);
}

}  // namespace
