/* A request's facet preferences, found by value code in one load or two. */
#ifndef TRIPTYCH_CPU_PREFERENCES_H
#define TRIPTYCH_CPU_PREFERENCES_H

#include "scratch.h"
#include "triptych/facets.h"

namespace triptych {

/*
 * A bit per facet code, set for the codes of the request at hand: nearly every look-up ends there, in a set
 * that stays in the first cache. Behind a set bit, the code's index in the request's list. Only the bits are
 * cleared afterwards.
 */
class preference_table {
 public:
  struct find {
    const uint32_t *bits;
    const uint32_t *indexes;
    uint32_t code_count;
    int32_t operator()(uint32_t code) const {
      if (code >= code_count || ((bits[code >> 5] >> (code & 31)) & 1) == 0) return -1;
      return static_cast<int32_t>(indexes[code]);
    }
  };

  /* Takes the preferences in; codes beyond code_count are left out. False: no memory. */
  bool fill(const tp_preferences *preferences, uint32_t code_count);
  /* Forgets what `fill` took in. */
  void clear();

  double preference(const tp_rows *rows, uint32_t row) {
    return tp_preference(preferences_, rows, row, find_, sums_, known_);
  }
  /* NaN: no memory for a row with more values than any before it. */
  double product(const tp_rows *rows, uint32_t row) {
    if (!factors_.reserve(rows->facet_counts[row])) return tp_nan();
    return tp_preference_product(preferences_, rows, row, find_, factors_.data());
  }

 private:
  const tp_preferences *preferences_ = nullptr;
  find find_ = {nullptr, nullptr, 0};
  growing<uint32_t> bits_;
  growing<uint32_t> indexes_;
  growing<double> factors_;
  /* The index of a facet is 8 bits. */
  double sums_[256];
  uint32_t known_[256];
};

}  // namespace triptych

#endif
