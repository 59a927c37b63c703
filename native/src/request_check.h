/* One request of an arena: from its record to a tp_request whose every part was checked. */
#ifndef TRIPTYCH_REQUEST_CHECK_H
#define TRIPTYCH_REQUEST_CHECK_H

#include "section_reader.h"
#include "triptych/backend.h"

namespace triptych {

/* What the parts of a request may lead to. */
struct RequestScope {
  uint32_t dimension;
  uint32_t field_count;
  uint32_t facet_code_count;
  uint32_t candidate_count;
};

/* @param index for the path of what is wrong: arena.requests[index] */
bool read_request(SectionReader &reader, uint32_t index, const RequestScope &scope, tp_request &request);

/* What rounding to f32 or f16 leaves of a unit vector's length, in f64. */
constexpr double unit_tolerance = 1e-3;
double length_of(const float *vector, uint32_t dimension);

}  // namespace triptych

#endif
