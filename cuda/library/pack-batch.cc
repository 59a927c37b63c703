#include "pack-batch.h"

#include <algorithm>

#include "triptych/score.h"

namespace {

/* What one launch of top-rows takes (kernels/top-rows.cuh). */
constexpr uint32_t window_max = 16384;
constexpr uint32_t limit_max = 2048;
constexpr uint32_t candidates_max = 1u << 20;

tp_mask pack_mask(const tp_mask &mask, TpPacker *packer) {
  tp_mask packed = {};
  packed.rule_count = mask.rule_count;
  if (mask.rule_count == 0) return packed;
  const uint32_t instructions = mask.rule_starts[mask.rule_count];
  packed.rule_starts = packer->copy(mask.rule_starts, mask.rule_count + 1);
  packed.code = packer->copy(mask.code, size_t{instructions} * TP_MASK_WORDS);
  /* How long lists and constants are is not said: the instructions name what they read. */
  size_t list_count = 0;
  size_t constant_count = 0;
  for (uint32_t at = 0; at < instructions; at++) {
    const int32_t *code = mask.code + size_t{at} * TP_MASK_WORDS;
    const auto a = static_cast<size_t>(code[1]);
    const auto b = static_cast<size_t>(code[2]);
    const auto c = static_cast<size_t>(code[3]);
    const bool reads_list =
        code[0] == TP_FACET_ANY || code[0] == TP_FACET_ALL || code[0] == TP_ROWS || code[0] == TP_FACET_BITS;
    if (reads_list) list_count = std::max(list_count, a + b);
    if (code[0] == TP_RANGE) constant_count = std::max(constant_count, b + 2);
    if (code[0] == TP_ONE_OF) constant_count = std::max(constant_count, b + c);
  }
  packed.lists = packer->copy(mask.lists, list_count);
  packed.constants = packer->copy(mask.constants, constant_count);
  return packed;
}

tp_preferences pack_preferences(const tp_preferences &preferences, TpPacker *packer) {
  tp_preferences packed = preferences;
  if (preferences.present == 0) return packed;
  packed.codes = packer->copy(preferences.codes, preferences.count);
  packed.values = packer->copy(preferences.values, preferences.count);
  packed.facets = packer->copy(preferences.facets, preferences.count);
  packed.facet_weights = packer->copy(preferences.facet_weights, preferences.facet_count);
  return packed;
}

/* Whether the score can depend on the cosine with the query or the taste vector. */
bool uses_query(const tp_params &params) {
  return params.formula == TP_MULTIPLICATIVE || params.weights[TP_SIMILARITY] > 0;
}
bool uses_taste(const tp_params &params) {
  return params.formula != TP_MULTIPLICATIVE && params.weights[TP_TASTE] > 0;
}

/* A vector that cannot change the score is left out: an absent signal contributes 0, and so does a weight of
 * 0. */
tp_request pack_request(const tp_request &request, const TpDeviceBlock &resident, TpPacker *packer) {
  const uint32_t dimension = resident.rows.dimension;
  const uint32_t stride = resident.rows.stride;
  tp_request packed = request;
  packed.query = uses_query(request.params) ? packer->copy_padded(request.query, dimension, stride) : nullptr;
  packed.taste = uses_taste(request.params) ? packer->copy_padded(request.taste, dimension, stride) : nullptr;
  packed.preferences = pack_preferences(request.preferences, packer);
  packed.mask = pack_mask(request.mask, packer);
  return packed;
}

/* Each candidate's request. */
void pack_owners(const tp_batch &batch, TpPacker *packer, TpDeviceBatch *out) {
  uint32_t *owners = packer->room<uint32_t>(batch.candidate_count, &out->owners);
  if (packer->measures()) return;
  for (uint32_t i = 0; i < batch.request_count; i++) {
    const tp_request &request = batch.requests[i];
    std::fill(owners + request.first, owners + request.first + request.count, i);
  }
}

void pack_columns(const tp_batch &batch, TpPacker *packer, TpDeviceBatch *out) {
  const uint32_t count = batch.candidate_count;
  out->columns.rows = packer->copy(batch.columns.rows, count);
  out->columns.lexical = packer->copy(batch.columns.lexical, count);
  out->columns.graph = packer->copy(batch.columns.graph, count);
  out->columns.fused = packer->copy(batch.columns.fused, count);
  out->columns.rules = packer->copy(batch.columns.rules, count);
}

/* Lists to select from, and where each request's answers begin. */
void pack_segments(const tp_batch &batch, TpPacker *packer, TpPackedBatch *out) {
  TpTopSegment *segments = packer->room<TpTopSegment>(batch.request_count, &out->segments);
  uint32_t selected = 0;
  uint32_t dropped = 0;
  for (uint32_t i = 0; i < batch.request_count; i++) {
    const tp_request &request = batch.requests[i];
    const uint32_t limit = std::max(1u, std::min(request.limit, request.count));
    const uint32_t count = request.limit == 0 ? 0 : request.count;
    if (segments != nullptr) segments[i] = {request.first, count, limit, selected, 0};
    out->selected_starts.push_back(selected);
    out->dropped_starts.push_back(dropped);
    selected += limit;
    dropped += request.mask.rule_count;
  }
  out->selected_starts.push_back(selected);
  out->dropped_starts.push_back(dropped);
}

}  // namespace

tp_status tp_check_batch(const tp_batch &batch, TpFailure *failure) {
  if (batch.candidate_count > candidates_max)
    return tp_fail(failure, TP_TOO_LARGE, "batch: %u candidates are more than %u", batch.candidate_count,
                   candidates_max);
  for (uint32_t i = 0; i < batch.request_count; i++) {
    const tp_request &request = batch.requests[i];
    if (request.first > batch.candidate_count || request.count > batch.candidate_count - request.first)
      return tp_fail(failure, TP_INVALID, "batch.requests[%u]: its candidates are not in the batch", i);
    if (request.count > window_max || std::min(request.limit, request.count) > limit_max)
      return tp_fail(failure, TP_TOO_LARGE, "batch.requests[%u]: %u of %u candidates, more than %u of %u", i,
                     request.limit, request.count, limit_max, window_max);
  }
  return TP_OK;
}

tp_status tp_pack_batch(const tp_blocks &blocks, const tp_batch &batch, const TpDeviceBlock &resident,
                        TpPacker *packer, TpPackedBatch *out, TpFailure *failure) {
  *out = TpPackedBatch();
  TpDeviceBatch *host = packer->room<TpDeviceBatch>(1, &out->batch);
  TpDeviceBatch packed = {};
  packed.resident = resident;
  packed.request_count = batch.request_count;
  packed.candidate_count = batch.candidate_count;
  tp_request *requests = packer->room<tp_request>(batch.request_count, &packed.requests);
  for (uint32_t i = 0; i < batch.request_count; i++) {
    const tp_request request = pack_request(batch.requests[i], resident, packer);
    if (requests != nullptr) requests[i] = request;
  }
  TP_TRY(tp_pack_transient(blocks.transient, resident, packer, &packed.transient, failure));
  pack_owners(batch, packer, &packed);
  pack_columns(batch, packer, &packed);
  pack_segments(batch, packer, out);
  packed.dropped_starts = packer->copy(out->dropped_starts.data(), out->dropped_starts.size());
  out->extent.down_from = packer->used();
  const uint32_t *dropped;
  uint32_t *zeros = packer->room<uint32_t>(out->dropped_starts.back(), &dropped);
  if (zeros != nullptr) std::fill(zeros, zeros + out->dropped_starts.back(), 0);
  out->dropped = packed.dropped = const_cast<uint32_t *>(dropped);
  out->extent.up_bytes = packer->used();
  out->selected_counts = packer->scratch<uint32_t>(batch.request_count);
  out->selected = packer->scratch<uint32_t>(out->selected_starts.back());
  out->extent.down_to = packer->used();
  packed.passes = packer->scratch<uint8_t>(batch.candidate_count);
  packed.query_cosines = packer->scratch<float>(batch.candidate_count);
  packed.taste_cosines = packer->scratch<float>(batch.candidate_count);
  out->keys = packed.keys = packer->scratch<uint64_t>(batch.candidate_count);
  out->extent.total = packer->used();
  if (host != nullptr) *host = packed;
  return TP_OK;
}
