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
    /* Of a code whose bit is set. */
    int32_t operator()(uint32_t code) const { return static_cast<int32_t>(indexes[code]); }
  };

  preference_table() {
    matches_.facet_starts = &match_start_;
    matches_.facet_counts = &match_count_;
  }

  /* Takes the preferences in; codes beyond code_count are left out. False: no memory. */
  bool fill(const tp_preferences *preferences, uint32_t code_count);
  /* Forgets what `fill` took in. */
  void clear();

  /* Asks for what `preference` and `product` read of a row soon, and of one after it. */
  static void prefetch(const tp_rows *rows, uint32_t near_row, uint32_t far_row) {
    __builtin_prefetch(rows->facet_values + rows->facet_starts[near_row]);
    __builtin_prefetch(rows->facet_starts + far_row);
    __builtin_prefetch(rows->facet_counts + far_row);
  }

  /* NaN: no memory for a row with more values than any before it. */
  double preference(const tp_rows *rows, uint32_t row) {
    if (!match(rows, row)) return tp_nan();
    if (match_count_ == 0) return 0;
    return tp_preference(preferences_, &matches_, 0, find_, sums_, known_);
  }
  double product(const tp_rows *rows, uint32_t row) {
    if (!match(rows, row)) return tp_nan();
    return tp_preference_product(preferences_, &matches_, 0, find_, factors_.data());
  }

 private:
  /*
   * The row's values that have a preference, as a row of its own: most have none, and which do is not to be
   * predicted, so they are set apart without a branch. False: no memory.
   */
  bool match(const tp_rows *rows, uint32_t row) {
    const uint32_t count = rows->facet_counts[row];
    if (!values_.reserve(count + size_t{1}) || !factors_.reserve(count)) return false;
    const uint32_t *values = rows->facet_values + rows->facet_starts[row];
    const uint32_t *bits = find_.bits;
    const uint32_t last = find_.code_count;
    uint32_t *matching = values_.data();
    uint32_t found = 0;
    for (uint32_t i = 0; i < count; i++) {
      /* Codes beyond the count share the bit after the last, which is never set. */
      const uint32_t code = values[i] < last ? values[i] : last;
      matching[found] = code;
      found += (bits[code >> 5] >> (code & 31)) & 1;
    }
    matches_.facet_values = matching;
    match_count_ = found;
    return true;
  }

  const tp_preferences *preferences_ = nullptr;
  find find_ = {nullptr, nullptr, 0};
  growing<uint32_t> bits_;
  growing<uint32_t> indexes_;
  growing<double> factors_;
  growing<uint32_t> values_;
  const uint32_t match_start_ = 0;
  uint32_t match_count_ = 0;
  tp_rows matches_ = {};
  /* The index of a facet is 8 bits. */
  double sums_[256];
  uint32_t known_[256];
};

}  // namespace triptych

#endif
