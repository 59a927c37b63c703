#include "arena.h"

#include <algorithm>

#include "request_check.h"
#include "section_reader.h"

namespace triptych {

namespace {

/* The transient block of the arena; row_count 0 where there is none. */
bool read_transient(SectionReader &reader, const TableView &table, uint32_t code_count, Call &call) {
  tp_rows &rows = call.blocks.transient;
  rows = {};
  rows.dimension = table.rows.dimension;
  rows.stride = table.rows.stride;
  rows.tier = table.rows.tier;
  const uint32_t at = reader.header(layout::transient_at_word);
  if (at == 0) return true;
  const uint32_t *words;
  if (!reader.input(at, layout::transient_bytes / 4, Where{"arena.transient"}, words)) return false;
  rows.row_count = words[layout::transient_row_count_word];
  rows.stride = words[layout::transient_stride_word];
  rows.field_count = words[layout::transient_field_count_word];
  rows.facet_value_count = words[layout::transient_facet_value_count_word];
  Problem &problem = reader.problem();
  if (rows.stride < rows.dimension)
    return problem.set(codes::range, "arena.transient.stride", "%u is less than %u", rows.stride,
                       rows.dimension);
  if (rows.field_count != table.rows.field_count)
    return problem.set(codes::invalid, "arena.transient.fields", "has %u columns, the table %u",
                       rows.field_count, table.rows.field_count);
  const uint64_t elements = vector_elements(rows.row_count, rows.stride, rows.dimension);
  const uint32_t vectors_at = words[layout::transient_vectors_at_word];
  const uint32_t count = rows.row_count;
  if (!reader.input(vectors_at, elements, element_bytes(rows.tier), Where{"arena.transient.vectors"},
                    rows.vectors))
    return false;
  if (rows.tier == TP_INT8 && !reader.input(words[layout::transient_scales_at_word], count,
                                            Where{"arena.transient.scales"}, rows.scales))
    return false;
  const uint32_t *field_offsets;
  if (!reader.input(words[layout::transient_tie_ranks_at_word], count, Where{"arena.transient.tieRanks"},
                    rows.tie_ranks) ||
      !reader.input(words[layout::transient_popularity_at_word], count, Where{"arena.transient.popularity"},
                    rows.popularity) ||
      !reader.input(words[layout::transient_recency_at_word], count, Where{"arena.transient.recencyMs"},
                    rows.recency_ms) ||
      !reader.input(words[layout::transient_facet_starts_at_word], count,
                    Where{"arena.transient.facetStarts"}, rows.facet_starts) ||
      !reader.input(words[layout::transient_facet_counts_at_word], count,
                    Where{"arena.transient.facetCounts"}, rows.facet_counts) ||
      !reader.input(words[layout::transient_facet_values_at_word], rows.facet_value_count,
                    Where{"arena.transient.facetValues"}, rows.facet_values) ||
      !reader.input(words[layout::transient_fields_at_word], rows.field_count,
                    Where{"arena.transient.fields"}, field_offsets))
    return false;
  call.transient_fields.resize(rows.field_count);
  for (uint32_t i = 0; i < rows.field_count; i++)
    if (!reader.input(field_offsets[i], count, Where{"arena.transient.fields"}, call.transient_fields[i]))
      return false;
  rows.fields = call.transient_fields.data();
  return check_facets(rows, nullptr, code_count, "arena.transient", problem);
}

/* The blocks, and the rows of all candidates: numbers of rows that hold a document. */
bool read_blocks(SectionReader &reader, const TableView &table, Call &call) {
  Problem &problem = reader.problem();
  const uint32_t code_count = reader.header(layout::facet_code_count_word);
  if (code_count < table.facet_code_count || code_count > facet_codes_max)
    return problem.set(codes::range, "arena.facetCodeCount", "%u is not within %u, of the table, and %u",
                       code_count, table.facet_code_count, facet_codes_max);
  call.blocks.resident = table.rows;
  call.blocks.facet_code_count = code_count;
  if (!read_transient(reader, table, code_count, call)) return false;
  const uint32_t count = reader.header(layout::candidate_count_word);
  tp_columns &columns = call.batch.columns;
  columns = {};
  call.batch.candidate_count = count;
  if (!reader.input(reader.header(layout::rows_at_word), count, Where{"arena.rows"}, columns.rows))
    return false;
  const uint32_t resident = table.rows.row_count;
  const uint64_t end = (uint64_t)resident + call.blocks.transient.row_count;
  for (uint32_t i = 0; i < count; i++) {
    const uint32_t row = columns.rows[i];
    if (row >= end || (row < resident && table.live[row] == 0))
      return problem.set(codes::range, Path("arena.rows[%u]", i).c_str(),
                         "row %u holds no document of a table of %u and %u transient rows", row, resident,
                         call.blocks.transient.row_count);
  }
  return true;
}

bool read_columns(SectionReader &reader, Call &call) {
  tp_columns &columns = call.batch.columns;
  const uint32_t count = call.batch.candidate_count;
  return reader.input(reader.header(layout::lexical_at_word), count, Where{"arena.lexical"},
                      columns.lexical) &&
         reader.input(reader.header(layout::graph_at_word), count, Where{"arena.graph"}, columns.graph) &&
         reader.input(reader.header(layout::fused_at_word), count, Where{"arena.fused"}, columns.fused) &&
         reader.input(reader.header(layout::rules_at_word), count, Where{"arena.rules"}, columns.rules);
}

bool read_requests(SectionReader &reader, const TableView &table, uint32_t expected, Call &call) {
  const uint32_t count = reader.header(layout::request_count_word);
  if (count != expected)
    return reader.problem().set(codes::invalid, "arena.requests", "holds %u requests, the call names %u",
                                count, expected);
  const double *records;
  if (!reader.input(reader.header(layout::requests_at_word), (uint64_t)count * (layout::request_bytes / 8),
                    Where{"arena.requests"}, records))
    return false;
  const RequestScope scope = {table.rows.dimension, table.rows.field_count, call.blocks.facet_code_count,
                              call.batch.candidate_count};
  call.requests.resize(count);
  for (uint32_t i = 0; i < count; i++)
    if (!read_request(reader, i, scope, call.requests[i])) return false;
  call.batch.request_count = count;
  call.batch.requests = call.requests.data();
  return true;
}

}  // namespace

bool parse_rerank(const ArenaView &arena, const TableView &table, uint32_t request_count, Call &call,
                  Problem &problem) {
  SectionReader reader(arena, problem);
  if (!reader.open(layout::kind_rerank) || !read_blocks(reader, table, call) || !read_columns(reader, call) ||
      !read_requests(reader, table, request_count, call))
    return false;
  call.selected_starts.resize(request_count);
  call.dropped_starts.resize(request_count);
  uint64_t selected = 0;
  uint64_t dropped = 0;
  for (uint32_t i = 0; i < request_count; i++) {
    const tp_request &request = call.requests[i];
    call.selected_starts[i] = (uint32_t)selected;
    call.dropped_starts[i] = (uint32_t)dropped;
    selected += std::min(request.limit, request.count);
    dropped += request.mask.rule_count;
    if (selected > UINT32_MAX || dropped > UINT32_MAX)
      return problem.set(codes::range, Path("arena.requests[%u]", i).c_str(), "answers would be too many");
  }
  call.answer.selected_starts = call.selected_starts.data();
  call.answer.dropped_starts = call.dropped_starts.data();
  return reader.output(request_count, Where{"arena.answers.counts"}, call.answer.selected_counts) &&
         reader.output(selected, Where{"arena.answers.selected"}, call.answer.selected) &&
         reader.output(dropped, Where{"arena.answers.dropped"}, call.answer.dropped);
}

bool parse_rescore(const ArenaView &arena, const TableView &table, uint32_t selected_count, Call &call,
                   Problem &problem) {
  SectionReader reader(arena, problem);
  if (!reader.open(layout::kind_rescore) || !read_blocks(reader, table, call) ||
      !read_columns(reader, call) || !read_requests(reader, table, 1, call))
    return false;
  if (reader.header(layout::selected_count_word) != selected_count)
    return problem.set(codes::invalid, "arena.selected", "holds %u positions, the call names %u",
                       reader.header(layout::selected_count_word), selected_count);
  if (!reader.input(reader.header(layout::selected_at_word), selected_count, Where{"arena.selected"},
                    call.selected))
    return false;
  for (uint32_t i = 0; i < selected_count; i++)
    if (call.selected[i] >= call.requests[0].count)
      return problem.set(codes::range, Path("arena.selected[%u]", i).c_str(),
                         "%u is not one of %u candidates", call.selected[i], call.requests[0].count);
  call.selected_count = selected_count;
  call.ranked.count = 0;
  const uint64_t numbers = (uint64_t)selected_count * TP_SIGNAL_COUNT;
  return reader.output(2, Where{"arena.answers.count"}, call.ranked_count) &&
         reader.output(selected_count, Where{"arena.answers.positions"}, call.ranked.positions) &&
         reader.output(selected_count, Where{"arena.answers.scores"}, call.ranked.scores) &&
         reader.output(numbers, Where{"arena.answers.signals"}, call.ranked.signals) &&
         reader.output(numbers, Where{"arena.answers.contributions"}, call.ranked.contributions);
}

bool parse_gram(const ArenaView &arena, const TableView &table, uint32_t row_count, double *out,
                size_t out_count, Call &call, Problem &problem) {
  SectionReader reader(arena, problem);
  if (!reader.open(layout::kind_gram) || !read_blocks(reader, table, call)) return false;
  if (call.batch.candidate_count != row_count)
    return problem.set(codes::invalid, "arena.rows", "holds %u rows, the call names %u",
                       call.batch.candidate_count, row_count);
  const uint64_t pairs = row_count == 0 ? 0 : (uint64_t)row_count * (row_count - 1) / 2;
  if (pairs != out_count)
    return problem.set(codes::invalid, "gram.args[3]", "has %zu numbers, %u rows make %llu pairs", out_count,
                       row_count, (unsigned long long)pairs);
  call.gram_out = out;
  return true;
}

bool parse_scan(const ArenaView &arena, const TableView &table, uint32_t query_count, const uint8_t *mask,
                size_t mask_bytes, Call &call, Problem &problem) {
  SectionReader reader(arena, problem);
  if (!reader.open(layout::kind_scan)) return false;
  if (reader.header(layout::query_count_word) != query_count)
    return problem.set(codes::invalid, "arena.queries", "holds %u queries, the call names %u",
                       reader.header(layout::query_count_word), query_count);
  if (mask_bytes < table.rows.row_count)
    return problem.set(codes::invalid, "scan.args[3]", "has %zu entries for %u rows", mask_bytes,
                       table.rows.row_count);
  const uint32_t dimension = table.rows.dimension;
  const uint32_t limit = reader.header(layout::scan_limit_word);
  call.blocks.resident = table.rows;
  call.scan.query_count = query_count;
  call.scan.mask = mask;
  call.scan.limit = limit;
  if (!reader.input(reader.header(layout::queries_at_word), (uint64_t)query_count * dimension,
                    Where{"arena.queries"}, call.scan.queries))
    return false;
  for (uint32_t i = 0; i < query_count; i++) {
    /* A vector of zeros is as near to every row; written so that NaN fails. */
    const double length = length_of(call.scan.queries + (size_t)i * dimension, dimension);
    if (!(length <= 1 + unit_tolerance))
      return problem.set(codes::range, Path("arena.queries[%u]", i).c_str(), "has length %g, more than 1",
                         length);
  }
  const uint64_t room = (uint64_t)query_count * limit;
  if (!reader.output(query_count, Where{"arena.answers.counts"}, call.hits.counts) ||
      !reader.output(room, Where{"arena.answers.rows"}, call.hits.rows))
    return false;
  reader.align_answers();
  return reader.output(room, Where{"arena.answers.cosines"}, call.hits.cosines);
}

}  // namespace triptych
