/* A resident table as calls see it: views of the caller's columns, checked once when it is opened. */
#ifndef TRIPTYCH_TABLE_H
#define TRIPTYCH_TABLE_H

#include <cstdint>
#include <vector>

#include "problem.h"
#include "triptych/backend.h"

namespace triptych {

/* Facets of a schema, and facet values of a document, at most: limits.facetsMax,
 * limits.facetValuesPerDocumentMax. */
constexpr uint32_t facets_max = 64;
constexpr uint32_t facet_values_max = 1000;
/* Codes of a dictionary: backends may keep a table of as many entries. */
constexpr uint32_t facet_codes_max = 16777216;
/* limits.dimensionMax */
constexpr uint32_t dimension_max = 4096;

struct TableView {
  tp_rows rows;
  /* One byte per row: 1 where it holds a document. */
  const uint8_t *live;
  /* Codes of facet values of live rows are below this. */
  uint32_t facet_code_count;
};

constexpr uint32_t element_bytes(tp_tier tier) { return tier == TP_F32 ? 4 : tier == TP_F16 ? 2 : 1; }

/* Elements that the vectors of a block take, its last row without what lies between two rows; UINT64_MAX: too
 * many. */
uint64_t vector_elements(uint32_t row_count, uint32_t stride, uint32_t dimension);

/*
 * Facet values of the rows for which live is not 0 (null: of all) lie within their array, are not too many
 * and have codes below code_count.
 */
bool check_facets(const tp_rows &rows, const uint8_t *live, uint32_t code_count, const char *path,
                  Problem &problem);

}  // namespace triptych

#endif
