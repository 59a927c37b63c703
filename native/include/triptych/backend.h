/*
 * The C ABI between the addon and a scoring backend. The CPU library and the CUDA library both implement it; the addon
 * calls nothing else of them. Rules:
 *  - plain old data and functions only; no exception, no C++ type and no ownership crosses it;
 *  - every pointer is the caller's and stays valid for the call alone, unless a comment says otherwise;
 *  - the caller has checked lengths, ranges and numbers (finite weights, unit vectors, rows that exist); a backend
 *    checks what only it can know (device memory, sizes it was built for) and answers with a status;
 *  - scores are within 2e-6 of the f64 definition (score.h) on the stored bits, and the bits of one row's score depend
 *    on that row, the request and the backend alone: not on its position, its neighbours, the tail or the thread.
 */
#ifndef TRIPTYCH_BACKEND_H
#define TRIPTYCH_BACKEND_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TP_ABI_VERSION 1u
/* In the order of src/domain/signal.ts. */
#define TP_SIGNAL_COUNT 9u
/* Words of one mask instruction: opcode, a, b, c (src/domain/mask-program.ts). */
#define TP_MASK_WORDS 4u
/* Operands that a mask program may have on its stack. */
#define TP_MASK_STACK 1024u

typedef enum tp_status {
  TP_OK = 0,
  /* An argument that the addon should have refused. */
  TP_INVALID = 1,
  /* No device, no driver, or not the instructions that a kernel was built for. */
  TP_UNAVAILABLE = 2,
  /* Memory ran out; nothing changed, a smaller batch may pass. */
  TP_OUT_OF_MEMORY = 3,
  /* The backend cannot be used any more in this process. */
  TP_LOST = 4,
  /* The caller's cancel flag was seen. */
  TP_CANCELLED = 5,
  /* More than this backend was built for; another backend serves it. */
  TP_TOO_LARGE = 6,
  TP_INTERNAL = 7
} tp_status;

typedef enum tp_tier { TP_F32 = 0, TP_F16 = 1, TP_INT8 = 2 } tp_tier;

typedef enum tp_formula { TP_LINEAR = 0, TP_MULTIPLICATIVE = 1, TP_RRF = 2 } tp_formula;

/*
 * A block of documents as struct of arrays: src/domain/row-block.ts. Row r's vector starts at element r * stride of
 * `vectors`; a component is the f32, the f16, or scales[r] times the int8.
 */
typedef struct tp_rows {
  uint32_t row_count;
  uint32_t dimension;
  /* Elements from one row to the next, >= dimension. Resident rows begin at multiples of 64 bytes, others anywhere. */
  uint32_t stride;
  tp_tier tier;
  const void *vectors;
  /* One per row in TP_INT8, else null. */
  const float *scales;
  const uint32_t *tie_ranks;
  /* 0..1 or NaN. */
  const float *popularity;
  /* Milliseconds since 1970 or NaN. */
  const double *recency_ms;
  const uint32_t *facet_starts;
  const uint32_t *facet_counts;
  const uint32_t *facet_values;
  uint64_t facet_value_count;
  /* field_count columns of row_count f64. */
  const double *const *fields;
  uint32_t field_count;
  /*
   * Which table this is and the state that it shows, for backends that keep a copy of it (table_sync): the caller's
   * number for the table, and a number that is another one for every other content of it. 0, 0: no copy is meant.
   */
  uint64_t table;
  uint64_t epoch;
} tp_rows;

/* Row numbers below resident.row_count lead to the table, from there on to the transient block (row_count 0: none). */
typedef struct tp_blocks {
  tp_rows resident;
  tp_rows transient;
  /* Codes of facet values are below this. */
  uint32_t facet_code_count;
} tp_blocks;

/* Hard rules: src/domain/mask-program.ts. rule_count 0: nothing is dropped. */
typedef struct tp_mask {
  uint32_t rule_count;
  /* rule_count + 1 instruction indexes. */
  const uint32_t *rule_starts;
  const int32_t *code;
  const uint32_t *lists;
  const double *constants;
} tp_mask;

/*
 * Facet preferences: value codes ascending; beside each its preference (a multiple of 2^-40 in -1..1) and the index of
 * its facet. `present` 0: the signal is absent. Facets in the order of the schema.
 */
typedef struct tp_preferences {
  uint32_t present;
  uint32_t count;
  const uint32_t *codes;
  const double *values;
  const uint8_t *facets;
  uint32_t facet_count;
  const double *facet_weights;
} tp_preferences;

typedef struct tp_params {
  tp_formula formula;
  /* R. */
  uint32_t rank_depth;
  double weights[TP_SIGNAL_COUNT];
  /* similarity = clamp01((cos - lo) / (hi - lo)) */
  double lo;
  double hi;
  double reference_ms;
  double half_life_ms;
  double product_min;
  double product_max;
} tp_params;

typedef struct tp_request {
  /* `dimension` f32 each, unit length; null: the signal is absent. */
  const float *query;
  const float *taste;
  tp_preferences preferences;
  tp_mask mask;
  tp_params params;
  /* The request's candidates: positions first .. first + count of the batch's columns. */
  uint32_t first;
  uint32_t count;
  /* Candidates to hand over at most: R + the margin. */
  uint32_t limit;
} tp_request;

/* One entry per candidate; NaN where a signal is absent. */
typedef struct tp_columns {
  const uint32_t *rows;
  const float *lexical;
  const float *graph;
  const float *fused;
  const float *rules;
} tp_columns;

typedef struct tp_batch {
  uint32_t request_count;
  const tp_request *requests;
  /* Candidates of all requests together. */
  uint32_t candidate_count;
  tp_columns columns;
} tp_batch;

/*
 * What a backend writes: of request i the positions (from its own `first`) of its best min(limit, passing) candidates,
 * in no particular order, at selected + selected_starts[i]; how many in selected_counts[i]; and what each of its rules
 * dropped (the first rule that a row fails counts) at dropped + dropped_starts[i].
 */
typedef struct tp_answer {
  uint32_t *selected;
  const uint32_t *selected_starts;
  uint32_t *selected_counts;
  uint32_t *dropped;
  const uint32_t *dropped_starts;
} tp_answer;

/*
 * Exact scan: the best `limit` rows of the block by cosine with each of `query_count` vectors, cosine (f64, in the order
 * of score.h) descending, then tie rank ascending. mask: one byte per row, 0 = left out.
 */
typedef struct tp_scan {
  uint32_t query_count;
  /* query_count x dimension, row-major. */
  const float *queries;
  const uint8_t *mask;
  uint32_t limit;
} tp_scan;

/* query_count x limit rows and cosines, best first, and how many of them are in use. */
typedef struct tp_hits {
  uint32_t *rows;
  double *cosines;
  uint32_t *counts;
} tp_hits;

/* Ranked rows of one request: src/domain/rescore.ts. Arrays have room for all selected rows. */
typedef struct tp_ranked {
  uint32_t count;
  /* From the request's `first`. */
  uint32_t *positions;
  float *scores;
  /* count x TP_SIGNAL_COUNT */
  double *signals;
  double *contributions;
} tp_ranked;

/* Set to non-zero by another thread: the backend stops at the next chunk with TP_CANCELLED. May be null. */
typedef const volatile int32_t *tp_cancel;

/* A backend with its scratch memory. One call at a time per instance; instances share nothing that is written. */
typedef struct tp_backend tp_backend;

typedef struct tp_options {
  /* CPU: "auto", "baseline", "avx2", "avx512", "neon". CUDA: the ordinal of the device, "0". */
  const char *variant;
} tp_options;

/*
 * What a library exports, as one table. `text` buffers are filled with a zero-terminated reason. Functions that are null
 * are not offered by that library.
 */
typedef struct tp_backend_api {
  uint32_t abi_version;
  /* "native" or "cuda". */
  const char *name;
  tp_status (*open)(const tp_options *options, tp_backend **out, char *text, size_t text_bytes);
  void (*close)(tp_backend *backend);
  /* The variant that runs: "avx2", "sm_90 NVIDIA H100". Owned by the backend. */
  const char *(*variant)(const tp_backend *backend);
  /* The reason of the last status that was not TP_OK. Owned by the backend. */
  const char *(*last_error)(const tp_backend *backend);
  tp_status (*rerank)(tp_backend *backend, const tp_blocks *blocks, const tp_batch *batch, tp_answer *answer,
                      tp_cancel cancel);
  tp_status (*scan)(tp_backend *backend, const tp_rows *rows, const tp_scan *scan, tp_hits *hits, tp_cancel cancel);
  /* The exact routine: the CPU library alone has it. f64 in the order of score.h, the bits of the JavaScript. */
  tp_status (*rescore)(tp_backend *backend, const tp_blocks *blocks, const tp_request *request,
                       const tp_columns *columns, const uint32_t *selected, uint32_t selected_count,
                       tp_ranked *ranked);
  /* Cosines of all pairs: packed upper triangle (src/domain/gram.ts) of count * (count - 1) / 2 numbers. */
  tp_status (*gram)(tp_backend *backend, const tp_blocks *blocks, const uint32_t *rows, uint32_t count, double *out);
  /*
   * CUDA alone: makes the device's copy of a table equal to `rows`, under its own number (rows->table, rows->epoch).
   * `changed`: rows whose vectors differ from the copy made last under that number, none of them visible in the state
   * before; null: all may differ. rerank, scan and gram on a state that the device does not hold (it holds the last two)
   * answer TP_INVALID. Queries that run meanwhile see the state before. All instances of a device share its tables.
   */
  tp_status (*table_sync)(tp_backend *backend, const tp_rows *rows, const uint32_t *changed,
                          uint32_t changed_count);
  void (*table_drop)(tp_backend *backend, uint64_t table);
} tp_backend_api;

/* The only symbol that a library exports. */
typedef const tp_backend_api *(*tp_backend_entry_fn)(void);

#ifdef __cplusplus
}
#endif

#endif
