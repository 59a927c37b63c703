/* What the routines of this library share. */
#ifndef TRIPTYCH_CPU_BACKEND_H
#define TRIPTYCH_CPU_BACKEND_H

#include "preferences.h"
#include "triptych/score.h"
#include "vectors.h"

namespace triptych {

/* Candidates on their way through the first pass: their columns stay in the first cache. */
constexpr uint32_t chunk_size = 256;

struct chunk {
  uint32_t count;
  uint32_t positions[chunk_size];
  uint32_t rows[chunk_size];
  float query_cosines[chunk_size];
  float taste_cosines[chunk_size];
  float lexical[chunk_size];
  float graph[chunk_size];
  float fused[chunk_size];
  float rules[chunk_size];
  float popularity[chunk_size];
  double recency_ms[chunk_size];
  double preference[chunk_size];
  double sums[chunk_size];
  float scores[chunk_size];
};

/* One entry of an exact list. */
struct exact_entry {
  uint64_t key;
  uint32_t position;
  uint32_t index;
};

/* What a scan knows of one query so far. */
struct contest {
  /* Entries in use. */
  uint32_t count;
  /* No row with a smaller f32 cosine can be among the best. */
  float threshold;
  /* How far an f32 cosine may be from the exact one. */
  double error;
};

struct exact_hit {
  double cosine;
  uint32_t tie_rank;
  uint32_t row;
};

inline bool cancelled(tp_cancel cancel) { return cancel != nullptr && *cancel != 0; }

}  // namespace triptych

struct tp_backend {
  const tp_kernels *kernels = nullptr;
  char reason[256] = {};
  triptych::chunk chunk;
  triptych::prepared_vectors vectors;
  triptych::preference_table preferences;
  /* Keys and positions of what passed, and a copy of the keys to select in. */
  triptych::growing<uint64_t> keys;
  triptych::growing<uint64_t> order;
  triptych::growing<uint32_t> positions;
  /* Exact routine. */
  triptych::growing<double> query;
  triptych::growing<double> taste;
  triptych::growing<uint32_t> rows;
  triptych::growing<double> query_cosines;
  triptych::growing<double> taste_cosines;
  triptych::growing<triptych::exact_entry> entries;
  triptych::growing<double> signals;
  triptych::growing<double> contributions;
  /* Gram: rows in f64 and their scales; a panel of products. */
  triptych::growing<double> wide;
  triptych::growing<double> scales;
  triptych::growing<double> panel;
  /* Scan. */
  triptych::growing<triptych::contest> contests;
  /* Of each query the same number of rows that may be among its best: the f32 cosine made monotone, then the
   * row. */
  triptych::growing<uint64_t> contenders;
  uint32_t contender_room = 0;
  triptych::growing<float> columns;
  triptych::growing<float *> column_starts;
  triptych::growing<triptych::exact_hit> hits;
};

namespace triptych {

/* Keeps the reason and hands the status back. */
tp_status fail(tp_backend *backend, tp_status status, const char *reason);
tp_status out_of_memory(tp_backend *backend, const char *what);

/*
 * An instance over these kernels; null: no memory. The tests run kernels with it that the processor lacks.
 */
tp_backend *open_with(const tp_kernels *kernels);

/* The kernels of a variant, or null and the reason why not. */
const tp_kernels *find_kernels(const char *variant, char *text, size_t text_bytes);

tp_status rerank(tp_backend *backend, const tp_blocks *blocks, const tp_batch *batch, tp_answer *answer,
                 tp_cancel cancel);
tp_status rescore(tp_backend *backend, const tp_blocks *blocks, const tp_request *request,
                  const tp_columns *columns, const uint32_t *selected, uint32_t selected_count,
                  tp_ranked *ranked);
tp_status gram(tp_backend *backend, const tp_blocks *blocks, const uint32_t *rows, uint32_t count,
               double *out);
tp_status scan(tp_backend *backend, const tp_rows *rows, const tp_scan *scan, tp_hits *hits,
               tp_cancel cancel);

/*
 * Positions of the `limit` largest of `count` keys (equal ones: in the order given) to `out`; `order`: room
 * for `count` keys. Returns how many.
 */
uint32_t select_best(const uint64_t *keys, const uint32_t *positions, uint32_t count, uint32_t limit,
                     uint64_t *order, uint32_t *out);

}  // namespace triptych

#endif
