/* Generated batches of requests, and what is right for each candidate by the definitions in f64 (design,
 * section 4). */
#ifndef TRIPTYCH_SHIM_WINDOW_H
#define TRIPTYCH_SHIM_WINDOW_H

#include <vector>

#include "predicate.h"
#include "table.h"

struct preference {
  uint32_t code;
  double value;
  uint8_t facet;
};

struct request {
  /* Empty: the signal is absent. */
  std::vector<float> query, taste;
  bool preferred = false;
  /* Codes ascending. */
  std::vector<preference> preferences;
  std::vector<double> facet_weights;
  std::vector<expression> rules;
  tp_params params = {};
  uint32_t first = 0;
  uint32_t count = 0;
  uint32_t limit = 0;
};

struct window_columns {
  std::vector<uint32_t> rows;
  std::vector<float> lexical, graph, fused, rules;
};

struct batch {
  table resident, transient;
  std::vector<request> requests;
  window_columns columns;

  const table &block_of(uint32_t number, uint32_t *row) const;
};

struct batch_shape {
  tp_tier tier = TP_F32;
  uint32_t dimension = 1;
  uint32_t resident = 0;
  uint32_t transient = 0;
  table_style style = table_style::plain;
  std::vector<uint32_t> windows;
  bool all_filtered = false;
  /* Selected candidates at most. */
  uint32_t limit = 332;
};

batch make_batch(random_source &random, const batch_shape &shape);

/* The first rule that candidate `at` of the request fails; -1: none. */
int failing_rule(const batch &of, const request &asked, uint32_t at);

/* Score of candidate `at` (position in the batch's columns), f64, before it is rounded. */
double true_score(const batch &of, const request &asked, uint32_t at);

#endif
