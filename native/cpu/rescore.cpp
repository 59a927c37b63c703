#include <algorithm>

#include "backend.h"

namespace triptych {

namespace {

/* Score descending, tie rank ascending; the last resort decides between two entries of one row. */
bool before(const exact_entry &a, const exact_entry &b) {
  return a.key != b.key ? a.key > b.key : a.position < b.position;
}

struct exact_pass {
  tp_backend *backend;
  const tp_request *request;
  const tp_columns *columns;
  const double *query;
  const double *taste;
  /* Entries so far. */
  uint32_t count;
  /* Memory ran out for a row's facet values. */
  bool starved;
};

bool reserve(tp_backend *backend, uint32_t count) {
  const size_t numbers = static_cast<size_t>(count) * TP_SIGNAL_COUNT;
  return backend->rows.reserve(count) && backend->query_cosines.reserve(count) &&
         backend->taste_cosines.reserve(count) && backend->entries.reserve(count) &&
         backend->signals.reserve(numbers) && backend->contributions.reserve(numbers);
}

/* The selected positions that lie in the block: to entries from pass.count on and to backend->rows. */
uint32_t entries_in(const exact_pass &pass, const tp_rows *rows, uint32_t first_row, const uint32_t *selected,
                    uint32_t selected_count) {
  const uint32_t *numbers = pass.columns->rows + pass.request->first;
  uint32_t count = 0;
  for (uint32_t i = 0; i < selected_count; i++) {
    const uint32_t row = numbers[selected[i]] - first_row;
    if (row >= rows->row_count) continue;
    pass.backend->rows[count] = row;
    pass.backend->entries[pass.count + count].position = selected[i];
    count++;
  }
  return count;
}

void score_entry(exact_pass *pass, const tp_rows *rows, uint32_t i) {
  tp_backend *backend = pass->backend;
  const tp_request *request = pass->request;
  const tp_params *params = &request->params;
  const bool preferred = request->preferences.present != 0;
  const uint32_t row = backend->rows[i];
  const uint32_t index = pass->count + i;
  exact_entry &entry = backend->entries[index];
  const uint32_t at = request->first + entry.position;
  const tp_columns *columns = pass->columns;
  const tp_candidate candidate = {columns->lexical[at], columns->graph[at], columns->fused[at],
                                  columns->rules[at]};
  double *signals = backend->signals.data() + static_cast<size_t>(index) * TP_SIGNAL_COUNT;
  double *contributions = backend->contributions.data() + static_cast<size_t>(index) * TP_SIGNAL_COUNT;
  const double preference = preferred ? backend->preferences.preference(rows, row) : tp_nan();
  tp_fill_signals(params, rows, row, candidate, pass->query != nullptr ? backend->query_cosines[i] : tp_nan(),
                  pass->taste != nullptr ? backend->taste_cosines[i] : tp_nan(), preference, signals);
  const bool multiplies = preferred && params->formula == TP_MULTIPLICATIVE;
  const double product = multiplies ? backend->preferences.product(rows, row) : 1;
  pass->starved = pass->starved || (preferred && (preference != preference || product != product));
  const float score = tp_to_score(tp_contribute(params, signals, product, contributions));
  entry.key = tp_key(score, rows->tie_ranks[row]);
  entry.index = index;
}

void score_block(exact_pass *pass, const tp_rows *rows, uint32_t first_row, const uint32_t *selected,
                 uint32_t selected_count) {
  if (rows->row_count == 0) return;
  tp_backend *backend = pass->backend;
  const uint32_t count = entries_in(*pass, rows, first_row, selected, selected_count);
  const tp_kernels *kernels = backend->kernels;
  if (pass->query != nullptr)
    kernels->cosines(rows, backend->rows.data(), count, pass->query, backend->query_cosines.data());
  if (pass->taste != nullptr)
    kernels->cosines(rows, backend->rows.data(), count, pass->taste, backend->taste_cosines.data());
  for (uint32_t i = 0; i < count; i++) score_entry(pass, rows, i);
  pass->count += count;
}

void hand_over(tp_backend *backend, uint32_t count, tp_ranked *ranked) {
  constexpr size_t bytes = TP_SIGNAL_COUNT * sizeof(double);
  ranked->count = count;
  for (uint32_t i = 0; i < count; i++) {
    const exact_entry &entry = backend->entries[i];
    const size_t from = static_cast<size_t>(entry.index) * TP_SIGNAL_COUNT;
    const size_t to = static_cast<size_t>(i) * TP_SIGNAL_COUNT;
    ranked->positions[i] = entry.position;
    ranked->scores[i] = tp_score_of_key(entry.key);
    memcpy(ranked->signals + to, backend->signals.data() + from, bytes);
    memcpy(ranked->contributions + to, backend->contributions.data() + from, bytes);
  }
}

}  // namespace

tp_status rescore(tp_backend *backend, const tp_blocks *blocks, const tp_request *request,
                  const tp_columns *columns, const uint32_t *selected, uint32_t selected_count,
                  tp_ranked *ranked) {
  const uint32_t dimension = blocks->resident.dimension;
  exact_pass pass = {backend, request, columns, nullptr, nullptr, 0, false};
  if (!reserve(backend, selected_count)) return out_of_memory(backend, "the selected rows");
  if (request->query != nullptr) {
    pass.query = widen_vector(&backend->query, request->query, dimension);
    if (pass.query == nullptr) return out_of_memory(backend, "the query");
  }
  if (request->taste != nullptr) {
    pass.taste = widen_vector(&backend->taste, request->taste, dimension);
    if (pass.taste == nullptr) return out_of_memory(backend, "the taste vector");
  }
  const bool preferred = request->preferences.present != 0;
  if (preferred && !backend->preferences.fill(&request->preferences, blocks->facet_code_count))
    return out_of_memory(backend, "the preferences");
  score_block(&pass, &blocks->resident, 0, selected, selected_count);
  score_block(&pass, &blocks->transient, blocks->resident.row_count, selected, selected_count);
  if (preferred) backend->preferences.clear();
  if (pass.starved) return out_of_memory(backend, "a row's facet values");
  exact_entry *entries = backend->entries.data();
  const uint32_t count = pass.count < request->params.rank_depth ? pass.count : request->params.rank_depth;
  std::partial_sort(entries, entries + count, entries + pass.count, before);
  hand_over(backend, count, ranked);
  return TP_OK;
}

}  // namespace triptych
