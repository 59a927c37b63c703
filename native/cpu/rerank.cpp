#include "backend.h"

namespace triptych {

namespace {

/* The signals that can change the request's scores: the others are left out of the first pass. */
struct wanted_signals {
  const float *vectors[2];
  float *cosines[2];
  uint32_t vector_count;
  bool query;
  bool taste;
  bool preference;
  bool product;
};

struct pass {
  tp_backend *backend;
  const tp_blocks *blocks;
  const tp_request *request;
  const tp_columns *columns;
  wanted_signals wanted;
  uint32_t *dropped;
  tp_cancel cancel;
  /* Candidates that have a key. */
  uint32_t count;
};

wanted_signals signals_of(const tp_request *request, chunk *chunk) {
  const tp_params &params = request->params;
  const bool multiplies = params.formula == TP_MULTIPLICATIVE;
  wanted_signals wanted = {};
  wanted.query = request->query != nullptr && (multiplies || params.weights[TP_SIMILARITY] != 0);
  wanted.taste = request->taste != nullptr && !multiplies && params.weights[TP_TASTE] != 0;
  wanted.preference = request->preferences.present != 0 && !multiplies && params.weights[TP_PREFERENCE] != 0;
  wanted.product = request->preferences.present != 0 && multiplies;
  if (wanted.query) {
    wanted.vectors[wanted.vector_count] = request->query;
    wanted.cosines[wanted.vector_count++] = chunk->query_cosines;
  }
  if (wanted.taste) {
    wanted.vectors[wanted.vector_count] = request->taste;
    wanted.cosines[wanted.vector_count++] = chunk->taste_cosines;
  }
  return wanted;
}

/* Takes candidates from `next` on that lie in the block and pass the mask, until the chunk is full. */
uint32_t fill_chunk(pass *pass, const tp_rows *rows, uint32_t first_row, uint32_t next) {
  chunk *chunk = &pass->backend->chunk;
  const tp_request *request = pass->request;
  const tp_mask *mask = &request->mask;
  const uint32_t *numbers = pass->columns->rows + request->first;
  uint32_t stack[TP_MASK_STACK_WORDS];
  chunk->count = 0;
  for (; next < request->count && chunk->count < chunk_size; next++) {
    const uint32_t row = numbers[next] - first_row;
    if (row >= rows->row_count) continue;
    if (mask->rule_count > 0) {
      const int32_t rule = tp_first_failing_rule(mask, rows, row, numbers[next], stack);
      if (rule >= 0) {
        pass->dropped[rule]++;
        continue;
      }
    }
    chunk->positions[chunk->count] = next;
    chunk->rows[chunk->count++] = row;
  }
  return next;
}

/* A column's entries of the chunk: where they lie side by side, they stay there. */
const float *gather(const float *column, const chunk &chunk, uint32_t first, double weight, float *out) {
  if (weight == 0) return nullptr;
  const uint32_t start = chunk.positions[0];
  if (chunk.positions[chunk.count - 1] - start == chunk.count - 1) return column + first + start;
  for (uint32_t i = 0; i < chunk.count; i++) out[i] = column[first + chunk.positions[i]];
  return out;
}

void gather_table(const tp_rows *rows, const tp_params &params, chunk *chunk, tp_fusion *fusion) {
  if (params.weights[TP_POPULARITY] != 0) {
    for (uint32_t i = 0; i < chunk->count; i++) chunk->popularity[i] = rows->popularity[chunk->rows[i]];
    fusion->popularity = chunk->popularity;
  }
  if (params.weights[TP_RECENCY] != 0) {
    for (uint32_t i = 0; i < chunk->count; i++) chunk->recency_ms[i] = rows->recency_ms[chunk->rows[i]];
    fusion->recency_ms = chunk->recency_ms;
  }
}

/* What comes later of the rows, some steps before it is needed. */
void prefetch_facets(const tp_rows *rows, const chunk &chunk, uint32_t i) {
  const uint32_t last = chunk.count - 1;
  const uint32_t soon = i + 6 < last ? i + 6 : last;
  preference_table::prefetch(rows, chunk.rows[soon], chunk.rows[i + 12 < last ? i + 12 : last]);
}

/* False: no memory. */
bool add_preferences(const pass &pass, const tp_rows *rows, chunk *chunk, tp_fusion *fusion) {
  const bool product = pass.wanted.product;
  if (!pass.wanted.preference && !product) return true;
  preference_table *table = &pass.backend->preferences;
  for (uint32_t i = 0; i < chunk->count; i++) {
    prefetch_facets(rows, *chunk, i);
    const uint32_t row = chunk->rows[i];
    const double value = product ? table->product(rows, row) : table->preference(rows, row);
    if (value != value) return false;
    chunk->preference[i] = value;
  }
  (product ? fusion->product : fusion->preference) = chunk->preference;
  return true;
}

/* Scores a chunk and keeps its keys. False: no memory. */
bool score_chunk(pass *pass, const tp_rows *rows) {
  tp_backend *backend = pass->backend;
  chunk *chunk = &backend->chunk;
  const wanted_signals &wanted = pass->wanted;
  const tp_params &params = pass->request->params;
  const tp_columns *columns = pass->columns;
  const uint32_t first = pass->request->first;
  if (wanted.vector_count > 0)
    backend->kernels->dots(rows, chunk->rows, chunk->count, backend->vectors.all(), wanted.vector_count,
                           wanted.cosines);
  tp_fusion fusion = {};
  fusion.count = chunk->count;
  fusion.params = &params;
  fusion.query_cosines = wanted.query ? chunk->query_cosines : nullptr;
  fusion.taste_cosines = wanted.taste ? chunk->taste_cosines : nullptr;
  if (params.formula != TP_MULTIPLICATIVE) {
    fusion.lexical = gather(columns->lexical, *chunk, first, params.weights[TP_LEXICAL], chunk->lexical);
    fusion.graph = gather(columns->graph, *chunk, first, params.weights[TP_GRAPH], chunk->graph);
    fusion.fused = gather(columns->fused, *chunk, first, params.weights[TP_FUSED], chunk->fused);
    gather_table(rows, params, chunk, &fusion);
  }
  fusion.rules = gather(columns->rules, *chunk, first, params.weights[TP_RULES], chunk->rules);
  if (!add_preferences(*pass, rows, chunk, &fusion)) return false;
  fusion.sums = chunk->sums;
  fusion.scores = chunk->scores;
  backend->kernels->fuse(&fusion);
  for (uint32_t i = 0; i < chunk->count; i++) {
    backend->keys[pass->count] = tp_key(chunk->scores[i], rows->tie_ranks[chunk->rows[i]]);
    backend->positions[pass->count++] = chunk->positions[i];
  }
  return true;
}

tp_status score_block(pass *pass, const tp_rows *rows, uint32_t first_row) {
  for (uint32_t next = 0; next < pass->request->count;) {
    if (cancelled(pass->cancel)) return TP_CANCELLED;
    next = fill_chunk(pass, rows, first_row, next);
    if (pass->backend->chunk.count > 0 && !score_chunk(pass, rows)) return TP_OUT_OF_MEMORY;
  }
  return TP_OK;
}

tp_status score_blocks(pass *pass) {
  const tp_blocks *blocks = pass->blocks;
  const tp_status status = score_block(pass, &blocks->resident, 0);
  if (status != TP_OK || blocks->transient.row_count == 0) return status;
  return score_block(pass, &blocks->transient, blocks->resident.row_count);
}

/* Prepares what the request brings, scores its candidates and selects. */
tp_status rerank_one(pass *pass, uint32_t *selected, uint32_t *selected_count) {
  tp_backend *backend = pass->backend;
  const tp_request *request = pass->request;
  const tp_blocks *blocks = pass->blocks;
  const wanted_signals &wanted = pass->wanted;
  const bool digits = blocks->resident.tier == TP_INT8 || blocks->transient.tier == TP_INT8;
  if (!backend->keys.reserve(request->count) || !backend->order.reserve(request->count) ||
      !backend->positions.reserve(request->count) ||
      !backend->vectors.reserve(2, blocks->resident.dimension, digits))
    return TP_OUT_OF_MEMORY;
  for (uint32_t i = 0; i < wanted.vector_count; i++) backend->vectors.set(i, wanted.vectors[i]);
  const bool preferred = wanted.preference || wanted.product;
  if (preferred && !backend->preferences.fill(&request->preferences, blocks->facet_code_count))
    return TP_OUT_OF_MEMORY;
  const tp_status status = score_blocks(pass);
  if (preferred) backend->preferences.clear();
  if (status != TP_OK) return status;
  *selected_count = select_best(backend->keys.data(), backend->positions.data(), pass->count, request->limit,
                                backend->order.data(), selected);
  return TP_OK;
}

}  // namespace

tp_status rerank(tp_backend *backend, const tp_blocks *blocks, const tp_batch *batch, tp_answer *answer,
                 tp_cancel cancel) {
  for (uint32_t i = 0; i < batch->request_count; i++) {
    const tp_request *request = &batch->requests[i];
    uint32_t *dropped = answer->dropped + answer->dropped_starts[i];
    for (uint32_t rule = 0; rule < request->mask.rule_count; rule++) dropped[rule] = 0;
    pass pass = {backend, blocks, request, &batch->columns, signals_of(request, &backend->chunk),
                 dropped, cancel, 0};
    const tp_status status =
        rerank_one(&pass, answer->selected + answer->selected_starts[i], &answer->selected_counts[i]);
    if (status == TP_OUT_OF_MEMORY) return out_of_memory(backend, "a request's candidates");
    if (status != TP_OK) return fail(backend, status, "rerank was cancelled");
  }
  return TP_OK;
}

}  // namespace triptych
