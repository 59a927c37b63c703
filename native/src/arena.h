/*
 * The layout of an arena: one ArrayBuffer per slot that a call's requests lie in and its answers are written
 * to. The same numbers are in src/native/arena-layout.ts (a test compares them). All offsets are bytes from
 * the arena's start, all integers u32 little-endian; sections lie in any order below `answers_at`, what is
 * written lies from there on, so no answer can overwrite what was checked.
 *
 * Names ending in _word count u32 from the beginning of their record, those ending in _double f64.
 */
#ifndef TRIPTYCH_ARENA_H
#define TRIPTYCH_ARENA_H

#include <cstddef>
#include <cstdint>
#include <vector>

#include "problem.h"
#include "table.h"
#include "triptych/backend.h"

namespace triptych {

namespace layout {

constexpr uint32_t magic = 0x54504131;
constexpr uint32_t version = 1;

/* What an arena was packed for. */
constexpr uint32_t kind_rerank = 1;
constexpr uint32_t kind_rescore = 2;
constexpr uint32_t kind_gram = 3;
constexpr uint32_t kind_scan = 4;

/* Header. */
constexpr uint32_t magic_word = 0;
constexpr uint32_t version_word = 1;
constexpr uint32_t kind_word = 2;
constexpr uint32_t answers_at_word = 3;
constexpr uint32_t request_count_word = 4;
constexpr uint32_t requests_at_word = 5;
constexpr uint32_t candidate_count_word = 6;
constexpr uint32_t rows_at_word = 7;
constexpr uint32_t lexical_at_word = 8;
constexpr uint32_t graph_at_word = 9;
constexpr uint32_t fused_at_word = 10;
constexpr uint32_t rules_at_word = 11;
constexpr uint32_t selected_at_word = 12;
constexpr uint32_t selected_count_word = 13;
/* Offset of the transient block's record, 0: none. */
constexpr uint32_t transient_at_word = 14;
constexpr uint32_t facet_code_count_word = 15;
constexpr uint32_t query_count_word = 16;
constexpr uint32_t queries_at_word = 17;
constexpr uint32_t scan_limit_word = 18;
constexpr uint32_t header_bytes = 128;

/* One request: tp_params and tp_request. Offset 0: the vector is absent. */
constexpr uint32_t weights_double = 0;
constexpr uint32_t lo_double = 9;
constexpr uint32_t hi_double = 10;
constexpr uint32_t reference_ms_double = 11;
constexpr uint32_t half_life_ms_double = 12;
constexpr uint32_t product_min_double = 13;
constexpr uint32_t product_max_double = 14;
constexpr uint32_t formula_word = 30;
constexpr uint32_t rank_depth_word = 31;
constexpr uint32_t first_word = 32;
constexpr uint32_t count_word = 33;
constexpr uint32_t limit_word = 34;
constexpr uint32_t query_at_word = 35;
constexpr uint32_t taste_at_word = 36;
constexpr uint32_t preferences_present_word = 37;
constexpr uint32_t preference_count_word = 38;
constexpr uint32_t preference_codes_at_word = 39;
constexpr uint32_t preference_values_at_word = 40;
constexpr uint32_t preference_facets_at_word = 41;
constexpr uint32_t facet_count_word = 42;
constexpr uint32_t facet_weights_at_word = 43;
constexpr uint32_t rule_count_word = 44;
constexpr uint32_t rule_starts_at_word = 45;
constexpr uint32_t code_at_word = 46;
constexpr uint32_t instruction_count_word = 47;
constexpr uint32_t lists_at_word = 48;
constexpr uint32_t list_count_word = 49;
constexpr uint32_t constants_at_word = 50;
constexpr uint32_t constant_count_word = 51;
constexpr uint32_t request_bytes = 208;

/* The transient block: dimension and tier are the table's. */
constexpr uint32_t transient_row_count_word = 0;
constexpr uint32_t transient_stride_word = 1;
constexpr uint32_t transient_vectors_at_word = 2;
constexpr uint32_t transient_scales_at_word = 3;
constexpr uint32_t transient_tie_ranks_at_word = 4;
constexpr uint32_t transient_popularity_at_word = 5;
constexpr uint32_t transient_recency_at_word = 6;
constexpr uint32_t transient_facet_starts_at_word = 7;
constexpr uint32_t transient_facet_counts_at_word = 8;
constexpr uint32_t transient_facet_values_at_word = 9;
constexpr uint32_t transient_facet_value_count_word = 10;
constexpr uint32_t transient_field_count_word = 11;
/* Offset of the offsets of the columns. */
constexpr uint32_t transient_fields_at_word = 12;
constexpr uint32_t transient_bytes = 56;

}  // namespace layout

/* A parsed call: views of the arena and of the table. Memory is kept from one call of a slot to the next. */
struct Call {
  uint32_t kind = 0;
  tp_blocks blocks;
  tp_batch batch;
  tp_answer answer;
  /* rescore */
  const uint32_t *selected;
  uint32_t selected_count;
  uint32_t *ranked_count;
  tp_ranked ranked;
  /* gram: rows are batch.columns.rows; out is the caller's. */
  double *gram_out;
  /* scan */
  tp_scan scan;
  tp_hits hits;

  std::vector<tp_request> requests;
  std::vector<uint32_t> selected_starts;
  std::vector<uint32_t> dropped_starts;
  std::vector<const double *> transient_fields;
};

struct ArenaView {
  uint8_t *data;
  size_t bytes;
};

/*
 * Reads what was packed and checks everything that a backend relies on: offsets, lengths, alignment, rows
 * that hold a document, mask programs, preferences, numbers. Answers: counts per request, selected, dropped,
 * one after the other from answers_at. @return false and `problem` set where something is wrong
 */
bool parse_rerank(const ArenaView &arena, const TableView &table, uint32_t request_count, Call &call,
                  Problem &problem);
/* One request; answers: count, an unused word, positions, scores, signals, contributions of `selected_count`
 * rows. */
bool parse_rescore(const ArenaView &arena, const TableView &table, uint32_t selected_count, Call &call,
                   Problem &problem);
/* Rows of both blocks; the answer goes to `out` of out_count numbers. */
bool parse_gram(const ArenaView &arena, const TableView &table, uint32_t row_count, double *out,
                size_t out_count, Call &call, Problem &problem);
/* Queries; answers: counts, rows (query_count x limit), padding to 8 bytes, cosines. */
bool parse_scan(const ArenaView &arena, const TableView &table, uint32_t query_count, const uint8_t *mask,
                size_t mask_bytes, Call &call, Problem &problem);

}  // namespace triptych

#endif
