/* Query and taste vectors as the kernels read them. */
#ifndef TRIPTYCH_CPU_VECTORS_H
#define TRIPTYCH_CPU_VECTORS_H

#include "scratch.h"

namespace triptych {

/* Several vectors of one dimension, each padded with zeros. */
class prepared_vectors {
 public:
  /* Room for `count` vectors; `digits`: int8 rows will be read. False: no memory. */
  bool reserve(uint32_t count, uint32_t dimension, bool digits);
  /* Vector number `index` in the order of the first pass. */
  void set(uint32_t index, const float *vector);
  const tp_vector *all() const { return vectors_.data(); }

 private:
  uint32_t dimension_ = 0;
  uint32_t padded_ = 0;
  bool digits_ = false;
  growing<tp_vector> vectors_;
  growing<float> values_;
  growing<int16_t> high_;
  growing<int16_t> low_;
};

/* `count` rounded up to a multiple of TP_PADDING. */
inline uint32_t padded(uint32_t count) { return (count + TP_PADDING - 1) / TP_PADDING * TP_PADDING; }

/* f64 copy of a vector, zeros up to `padded(dimension)`; null: no memory. */
const double *widen_vector(growing<double> *into, const float *vector, uint32_t dimension);

}  // namespace triptych

#endif
