/*
 * The kernels of one instruction set as a table of functions. Each table lives in an object file of its own
 * that is compiled with that set's flags; nothing else is compiled with them, and those files call no inline
 * function of the rest, so that no instruction of a set can end up where the processor may lack it.
 */
#ifndef TRIPTYCH_CPU_KERNELS_H
#define TRIPTYCH_CPU_KERNELS_H

#include "triptych/backend.h"

/* Prepared vectors are padded with zeros to a multiple of this. */
#define TP_PADDING 64u

/* Integer sums are taken to 64 bits after this many components: 1,024 * 127 * 8,192 < 2^31. */
#define TP_DOT_BLOCK 1024u

/* A query or taste vector as the first pass reads it: `values` for f32 and f16 rows, the digits for int8
 * rows. */
typedef struct tp_vector {
  const float *values;
  /* Component = (high * 2^14 + low) * step, within step / 2; both digits within -8,192..8,192. */
  const int16_t *high;
  const int16_t *low;
  double step;
} tp_vector;

/* One chunk of candidates on its way to scores; a null column is a signal that is absent or has no weight. */
typedef struct tp_fusion {
  uint32_t count;
  const tp_params *params;
  const float *query_cosines;
  const float *taste_cosines;
  const float *lexical;
  const float *graph;
  const float *fused;
  const double *preference;
  const float *popularity;
  const double *recency_ms;
  const float *rules;
  /* TP_MULTIPLICATIVE: tp_preference_product, or null. */
  const double *product;
  /* `count` numbers of scratch, and what comes out. */
  double *sums;
  float *scores;
} tp_fusion;

typedef struct tp_kernels {
  const char *name;
  /*
   * First pass: dot products of the block's rows indices[0 .. count) with each of the vectors, out[v][i],
   * within f32 rounding. A row's bits depend on the row and the vector alone.
   */
  void (*dots)(const tp_rows *rows, const uint32_t *indices, uint32_t count, const tp_vector *vectors,
               uint32_t vector_count, float *const *out);
  /* First pass: scores of a chunk; their bits depend on each candidate alone. */
  void (*fuse)(const tp_fusion *fusion);
  /* Exact cosines in the order of dot.h. vector: f64, padded with zeros to a multiple of 8. */
  void (*cosines)(const tp_rows *rows, const uint32_t *indices, uint32_t count, const double *vector,
                  double *out);
  /* `count` components of a row as stored, widened to f64. */
  void (*widen)(const tp_rows *rows, uint32_t row, double *out);
  /*
   * Exact dot products of left_count x right_count rows of f64, row-major with `stride` (a multiple of 8,
   * zeros at the end): out[i * out_stride + j].
   */
  void (*products)(const double *left, uint32_t left_count, const double *right, uint32_t right_count,
                   uint32_t stride, double *out, uint32_t out_stride);
} tp_kernels;

#ifdef __cplusplus
extern "C" {
#endif
const tp_kernels *tp_kernels_baseline(void);
const tp_kernels *tp_kernels_avx2(void);
const tp_kernels *tp_kernels_avx512(void);
const tp_kernels *tp_kernels_neon(void);
#ifdef __cplusplus
}
#endif

#endif
