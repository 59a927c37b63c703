#include <math.h>
#include <algorithm>
#include <functional>

#include "backend.h"

namespace triptych {

namespace {

/* Products between two looks at the cancel flag. */
constexpr uint64_t products_per_chunk = 65536;
/* Contenders of a query beyond its limit before those that cannot win are sorted out. */
constexpr uint32_t spare_contenders = 1024;

struct search {
  tp_backend *backend;
  const tp_rows *rows;
  const tp_scan *scan;
  /* Rows of the chunk at hand. */
  uint32_t indices[chunk_size];
  uint32_t count;
};

/* The f32 made monotone, then the row: larger is better. */
uint64_t entry_of(float cosine, uint32_t row) { return tp_key(cosine + 0.0f, ~row); }
uint32_t row_of(uint64_t entry) { return static_cast<uint32_t>(entry); }

double norm(const float *vector, uint32_t dimension) {
  double squares = 0;
  for (uint32_t i = 0; i < dimension; i++)
    squares += static_cast<double>(vector[i]) * static_cast<double>(vector[i]);
  return sqrt(squares);
}

/*
 * A bound on |f32 cosine - exact cosine|. The first pass adds n products in a chain per lane, then the lanes
 * and blocks: at most n = block / 4 + 8 roundings a term with the narrowest registers, two for each product
 * without FMA and one for the result, so the error is below (n + 3) u / (1 - (n + 3) u) * sum |x_i q_i| with
 * u = 2^-24, and the sum is at most the product of the norms. Stored rows were unit vectors before they were
 * rounded to their tier: f32 and f16 change a norm by less than 2^-10, int8 by at most sqrt(dimension) / 254
 * (half a step of max |x| / 127 in each component). int8 sums are exact but for the vector's 28 bits, far
 * below that. The exact cosine's own rounding is below 1e-12.
 */
double error_bound(const tp_rows *rows, const float *query) {
  const uint32_t block = rows->dimension < TP_DOT_BLOCK ? rows->dimension : TP_DOT_BLOCK;
  const double roundings = (block / 4 + 11.0) * 0x1p-24;
  const double of_row =
      rows->tier == TP_INT8 ? 1 + sqrt(static_cast<double>(rows->dimension)) / 254 : 1 + 0x1p-10;
  return roundings / (1 - roundings) * of_row * norm(query, rows->dimension) + 1e-12;
}

/* Takes the next rows that the mask lets through; returns where to go on. */
uint32_t next_chunk(search *search, uint32_t row, uint32_t room) {
  const tp_rows *rows = search->rows;
  const uint8_t *mask = search->scan->mask;
  search->count = 0;
  for (; row < rows->row_count && search->count < room; row++)
    if (mask == nullptr || mask[row] != 0) search->indices[search->count++] = row;
  return row;
}

/* Twice the room for every query; entries stay where their query expects them. */
bool enlarge(tp_backend *backend, uint32_t query_count) {
  const size_t room = backend->contender_room;
  if (!backend->contenders.reserve(2 * room * query_count)) return false;
  uint64_t *entries = backend->contenders.data();
  for (size_t query = query_count; query-- > 1;)
    memmove(entries + 2 * room * query, entries + room * query,
            backend->contests[query].count * sizeof(uint64_t));
  backend->contender_room = static_cast<uint32_t>(2 * room);
  return true;
}

/*
 * Raises the threshold and leaves out what is below it. With A the limit-th best f32 cosine, `limit` rows
 * have an exact one of A - error at least; a row whose f32 cosine is below A - 2 error has less than that, so
 * it is not among the best.
 */
void sort_out(tp_backend *backend, uint32_t query, uint32_t limit) {
  contest &contest = backend->contests[query];
  if (contest.count < limit) return;
  uint64_t *entries = backend->contenders.data() + static_cast<size_t>(backend->contender_room) * query;
  std::nth_element(entries, entries + (limit - 1), entries + contest.count, std::greater<uint64_t>());
  const double last = static_cast<double>(tp_score_of_key(entries[limit - 1]));
  contest.threshold = nextafterf(static_cast<float>(last - 2 * contest.error), -INFINITY);
  const uint64_t lowest = entry_of(contest.threshold, 0);
  uint32_t kept = 0;
  for (uint32_t i = 0; i < contest.count; i++) {
    entries[kept] = entries[i];
    kept += entries[i] >= lowest ? 1 : 0;
  }
  contest.count = kept;
}

/* Enters the chunk's rows that may be among the best. False: no memory. */
bool enter(search *search, uint32_t query, const float *cosines) {
  tp_backend *backend = search->backend;
  contest &contest = backend->contests[query];
  for (uint32_t i = 0; i < search->count; i++) {
    if (!(cosines[i] >= contest.threshold)) continue;
    if (contest.count == backend->contender_room) {
      sort_out(backend, query, search->scan->limit);
      if (contest.count > backend->contender_room / 2 && !enlarge(backend, search->scan->query_count))
        return false;
    }
    const size_t start = static_cast<size_t>(backend->contender_room) * query;
    backend->contenders[start + contest.count++] = entry_of(cosines[i], search->indices[i]);
  }
  return true;
}

bool better(const exact_hit &a, const exact_hit &b) {
  if (a.cosine != b.cosine) return a.cosine > b.cosine;
  return a.tie_rank != b.tie_rank ? a.tie_rank < b.tie_rank : a.row < b.row;
}

/* The contenders' exact cosines, in order. False: no memory. */
bool decide(search *search, uint32_t query, tp_hits *hits) {
  tp_backend *backend = search->backend;
  const tp_rows *rows = search->rows;
  const uint32_t limit = search->scan->limit;
  sort_out(backend, query, limit);
  const uint32_t count = backend->contests[query].count;
  const float *vector = search->scan->queries + static_cast<size_t>(query) * rows->dimension;
  const double *wide = widen_vector(&backend->query, vector, rows->dimension);
  if (wide == nullptr || !backend->rows.reserve(count) || !backend->query_cosines.reserve(count) ||
      !backend->hits.reserve(count))
    return false;
  const uint64_t *entries = backend->contenders.data() + static_cast<size_t>(backend->contender_room) * query;
  for (uint32_t i = 0; i < count; i++) backend->rows[i] = row_of(entries[i]);
  backend->kernels->cosines(rows, backend->rows.data(), count, wide, backend->query_cosines.data());
  exact_hit *all = backend->hits.data();
  for (uint32_t i = 0; i < count; i++)
    all[i] = {backend->query_cosines[i], rows->tie_ranks[backend->rows[i]], backend->rows[i]};
  const uint32_t taken = count < limit ? count : limit;
  std::partial_sort(all, all + taken, all + count, better);
  const size_t out = static_cast<size_t>(query) * limit;
  for (uint32_t i = 0; i < taken; i++) {
    hits->rows[out + i] = all[i].row;
    hits->cosines[out + i] = all[i].cosine;
  }
  hits->counts[query] = taken;
  return true;
}

bool prepare(tp_backend *backend, const tp_rows *rows, const tp_scan *scan) {
  const uint32_t count = scan->query_count;
  const uint32_t room = scan->limit + spare_contenders;
  if (backend->contender_room < room) backend->contender_room = room;
  if (!backend->vectors.reserve(count, rows->dimension, rows->tier == TP_INT8) ||
      !backend->contests.reserve(count) ||
      !backend->contenders.reserve(static_cast<size_t>(backend->contender_room) * count) ||
      !backend->columns.reserve(static_cast<size_t>(chunk_size) * count) ||
      !backend->column_starts.reserve(count))
    return false;
  for (uint32_t query = 0; query < count; query++) {
    const float *vector = scan->queries + static_cast<size_t>(query) * rows->dimension;
    backend->vectors.set(query, vector);
    backend->contests[query] = {0, -INFINITY, error_bound(rows, vector)};
    backend->column_starts[query] = backend->columns.data() + static_cast<size_t>(chunk_size) * query;
  }
  return true;
}

uint32_t rows_per_chunk(const tp_rows *rows, const tp_scan *scan) {
  const uint64_t products = static_cast<uint64_t>(rows->dimension) * scan->query_count;
  const uint64_t count = products_per_chunk / (products > 0 ? products : 1) / 8 * 8;
  return count < 8 ? 8 : count > chunk_size ? chunk_size : static_cast<uint32_t>(count);
}

}  // namespace

tp_status scan(tp_backend *backend, const tp_rows *rows, const tp_scan *scan, tp_hits *hits,
               tp_cancel cancel) {
  for (uint32_t query = 0; query < scan->query_count; query++) hits->counts[query] = 0;
  if (scan->limit == 0 || scan->query_count == 0) return TP_OK;
  if (!prepare(backend, rows, scan)) return out_of_memory(backend, "a scan's contenders");
  search search;
  search.backend = backend;
  search.rows = rows;
  search.scan = scan;
  const uint32_t room = rows_per_chunk(rows, scan);
  for (uint32_t row = 0; row < rows->row_count;) {
    if (cancelled(cancel)) return fail(backend, TP_CANCELLED, "scan was cancelled");
    row = next_chunk(&search, row, room);
    if (search.count == 0) continue;
    backend->kernels->dots(rows, search.indices, search.count, backend->vectors.all(), scan->query_count,
                           backend->column_starts.data());
    for (uint32_t query = 0; query < scan->query_count; query++)
      if (!enter(&search, query, backend->column_starts[query]))
        return out_of_memory(backend, "rows of nearly equal cosines");
  }
  for (uint32_t query = 0; query < scan->query_count; query++)
    if (!decide(&search, query, hits)) return out_of_memory(backend, "rows of nearly equal cosines");
  return TP_OK;
}

}  // namespace triptych
