#include <algorithm>

#include "instance.h"
#include "launch.h"
#include "scan-plan.h"
#include "triptych/score.h"

namespace {

/* kernels/flat-scan.cuh, kernels/top-rows.cuh */
constexpr uint32_t queries_at_once = 8;
constexpr uint32_t list_limit_max = 2048;
constexpr uint32_t queries_max = 1024;
/* Rows chosen beyond the limit, so that exact cosines can prove the choice; tried again with all places if
 * they do not. */
constexpr uint32_t margin = 32;
/* What the watchdog allows a device of modest memory for reading the table: bytes a millisecond. */
constexpr double slow_bytes_per_ms = 50e6;

struct PackedScan {
  TpExtent extent;
  /* Device addresses. */
  const TpDeviceScan *scan = nullptr;
  uint64_t *keys = nullptr;
  std::vector<const TpTopSegment *> level_segments;
  std::vector<uint64_t *> level_keys;
  std::vector<uint32_t *> level_rows;
  /* query_count x places. */
  uint32_t *rows = nullptr;
  uint64_t *row_keys = nullptr;
  uint32_t *counts = nullptr;
  double *cosines = nullptr;
  /* Counts of the levels below the last, which nobody reads. */
  uint32_t *unread_counts = nullptr;
};

struct Plan {
  const tp_rows *rows;
  const tp_scan *scan;
  /* Places of a list: the limit and the margin. */
  uint32_t places;
  std::vector<TpScanLevel> levels;
};

void pack(const Plan &plan, const TpDeviceBlock &block, TpPacker *packer, PackedScan *out) {
  const tp_scan &scan = *plan.scan;
  const uint32_t rows = plan.rows->row_count;
  const uint32_t at_once = std::min(scan.query_count, queries_at_once);
  *out = PackedScan();
  TpDeviceScan *host = packer->room<TpDeviceScan>(1, &out->scan);
  TpDeviceScan packed = {};
  packed.block = block;
  packed.query_count = scan.query_count;
  const uint32_t stride = block.rows.stride;
  const uint32_t dimension = block.rows.dimension;
  float *queries = packer->room<float>(size_t{scan.query_count} * stride, &packed.queries);
  for (uint32_t q = 0; queries != nullptr && q < scan.query_count; q++) {
    float *query = queries + size_t{q} * stride;
    memcpy(query, scan.queries + size_t{q} * dimension, dimension * sizeof(float));
    std::fill(query + dimension, query + stride, 0.0f);
  }
  packed.mask = packer->copy(scan.mask, rows);
  for (const TpScanLevel &level : plan.levels)
    out->level_segments.push_back(packer->copy(level.segments.data(), level.segments.size()));
  out->extent.up_bytes = out->extent.down_from = packer->used();
  const size_t places = size_t{scan.query_count} * plan.places;
  out->counts = packer->scratch<uint32_t>(scan.query_count);
  out->rows = packer->scratch<uint32_t>(places);
  out->row_keys = packer->scratch<uint64_t>(places);
  out->cosines = packer->scratch<double>(places);
  out->extent.down_to = packer->used();
  out->keys = packed.keys = packer->scratch<uint64_t>(size_t{at_once} * rows);
  for (size_t i = 0; i + 1 < plan.levels.size(); i++) {
    const size_t entries = plan.levels[i].segments.size() * plan.places;
    out->level_keys.push_back(packer->scratch<uint64_t>(entries));
    out->level_rows.push_back(packer->scratch<uint32_t>(entries));
  }
  out->unread_counts = packer->scratch<uint32_t>(plan.levels.front().segments.size());
  out->extent.total = packer->used();
  if (host != nullptr) *host = packed;
}

/* Up to 8 queries from `first` on: scan, then level by level; the last level writes to the answers. */
tp_status launch_some(const Plan &plan, const PackedScan &packed, uint32_t first, cudaStream_t stream,
                      TpFailure *failure) {
  const uint32_t count = std::min(queries_at_once, plan.scan->query_count - first);
  TP_CUDA(failure, tp_flat_scan(packed.scan, plan.rows->row_count, first, count, stream));
  const uint64_t *keys = packed.keys;
  const uint32_t *rows = nullptr;
  for (size_t i = 0; i < plan.levels.size(); i++) {
    const bool last = i + 1 == plan.levels.size();
    const size_t at = size_t{first} * plan.places;
    uint64_t *out_keys = last ? packed.row_keys + at : packed.level_keys[i];
    uint32_t *out_rows = last ? packed.rows + at : packed.level_rows[i];
    uint32_t *counts = last ? packed.counts + first : packed.unread_counts;
    TP_CUDA(failure, tp_top_rows(keys, rows, packed.level_segments[i], count * plan.levels[i].per_query,
                                 out_keys, out_rows, counts, stream));
    keys = out_keys;
    rows = out_rows;
  }
  return TP_OK;
}

tp_status launch(const Plan &plan, const PackedScan &packed, cudaStream_t stream, TpFailure *failure) {
  const uint32_t query_count = plan.scan->query_count;
  for (uint32_t first = 0; first < query_count; first += queries_at_once)
    TP_TRY(launch_some(plan, packed, first, stream, failure));
  TP_CUDA(failure, tp_exact_dot(packed.scan, query_count, packed.rows, packed.counts, plan.places,
                                packed.cosines, stream));
  return TP_OK;
}

struct Hit {
  uint32_t row;
  double cosine;
  uint32_t tie_rank;
};

bool precedes(const Hit &a, const Hit &b) {
  return a.cosine != b.cosine ? a.cosine > b.cosine : a.tie_rank < b.tie_rank;
}

/*
 * Orders what was chosen for one query by exact cosines. Answers whether the choice is proven: either every
 * row that the mask keeps was chosen, or no row that was not can come before the last hit.
 */
bool write_hits(const Plan &plan, const TpSubmitter &submitter, const PackedScan &packed, uint32_t query,
                tp_hits *hits) {
  const size_t from = size_t{query} * plan.places;
  const uint32_t count = submitter.answer(packed.extent, packed.counts)[query];
  const uint32_t *rows = submitter.answer(packed.extent, packed.rows) + from;
  const double *cosines = submitter.answer(packed.extent, packed.cosines) + from;
  const uint64_t *keys = submitter.answer(packed.extent, packed.row_keys) + from;
  std::vector<Hit> chosen;
  for (uint32_t i = 0; i < count; i++) chosen.push_back({rows[i], cosines[i], plan.rows->tie_ranks[rows[i]]});
  std::sort(chosen.begin(), chosen.end(), precedes);
  const uint32_t limit = plan.scan->limit;
  const uint32_t kept = std::min(count, limit);
  for (uint32_t i = 0; i < kept; i++) {
    hits->rows[size_t{query} * limit + i] = chosen[i].row;
    hits->cosines[size_t{query} * limit + i] = chosen[i].cosine;
  }
  hits->counts[query] = kept;
  if (count < plan.places) return true;
  const double below = tp_score_of_key(keys[count - 1]);
  return chosen[limit - 1].cosine >
         below + tp_scan_error(tp_device_stride(plan.rows->tier, plan.rows->dimension));
}

/* One attempt with so many places; `proven` says whether the hits are right. */
tp_status scan_with(tp_backend *backend, const tp_rows *rows, const tp_scan *scan, uint32_t places,
                    tp_hits *hits, tp_cancel cancel, bool *proven) {
  TpFailure *failure = &backend->failure;
  TpSubmitter &submitter = backend->submitter;
  std::shared_ptr<const TpGeneration> generation;
  TP_TRY(tp_find_generation(backend, *rows, &generation));
  const TpDeviceBlock block = generation->view;
  const uint32_t at_once = std::min(scan->query_count, queries_at_once);
  const Plan plan = {rows, scan, places, tp_scan_levels(rows->row_count, at_once, places)};
  PackedScan packed;
  TpPacker measure;
  pack(plan, block, &measure, &packed);
  TP_TRY(submitter.prepare(packed.extent, std::move(generation), failure));
  TpPacker packer = submitter.packer();
  pack(plan, block, &packer, &packed);
  TP_TRY(submitter.copy_up(packed.extent, failure));
  TP_TRY(launch(plan, packed, submitter.stream(), failure));
  const double passes = (scan->query_count + queries_at_once - 1) / queries_at_once;
  const double bytes =
      passes * rows->row_count * block.rows.stride * static_cast<double>(tp_element_bytes(rows->tier));
  TP_TRY(submitter.finish(packed.extent, &backend->scan_latency, bytes / slow_bytes_per_ms, cancel, failure));
  *proven = true;
  for (uint32_t query = 0; query < scan->query_count; query++)
    *proven = write_hits(plan, submitter, packed, query, hits) && *proven;
  return TP_OK;
}

}  // namespace

tp_status tp_cuda_scan(tp_backend *backend, const tp_rows *rows, const tp_scan *scan, tp_hits *hits,
                       tp_cancel cancel) {
  TpFailure *failure = &backend->failure;
  for (uint32_t query = 0; query < scan->query_count; query++) hits->counts[query] = 0;
  if (scan->query_count == 0 || scan->limit == 0 || rows->row_count == 0) return TP_OK;
  /* Keys and places are counted in 32 bits. */
  if (scan->query_count > queries_max || scan->limit > list_limit_max ||
      rows->row_count > UINT32_MAX / queries_at_once)
    return tp_fail(failure, TP_TOO_LARGE, "scan: %u queries, limit %u, %u rows", scan->query_count,
                   scan->limit, rows->row_count);
  bool proven = false;
  const uint32_t places = std::min(scan->limit + margin, list_limit_max);
  TP_TRY(scan_with(backend, rows, scan, places, hits, cancel, &proven));
  if (!proven && places < list_limit_max)
    TP_TRY(scan_with(backend, rows, scan, list_limit_max, hits, cancel, &proven));
  if (proven) return TP_OK;
  return tp_fail(failure, TP_TOO_LARGE, "scan: more than %u rows are as near as the last hit",
                 list_limit_max);
}
