#include "preferences.h"

namespace triptych {

bool preference_table::fill(const tp_preferences *preferences, uint32_t code_count) {
  if (!bits_.reserve(code_count / 32 + 1) || !indexes_.reserve(code_count + size_t{1}) ||
      !factors_.reserve(TP_FACET_VALUES_MAX) || !values_.reserve(TP_FACET_VALUES_MAX + 1))
    return false;
  preferences_ = preferences;
  find_ = {bits_.data(), indexes_.data(), code_count};
  for (uint32_t i = 0; i < preferences->count; i++) {
    const uint32_t code = preferences->codes[i];
    if (code >= code_count) continue;
    bits_[code >> 5] |= 1u << (code & 31);
    indexes_[code] = i;
  }
  return true;
}

void preference_table::clear() {
  if (preferences_ == nullptr) return;
  for (uint32_t i = 0; i < preferences_->count; i++) {
    const uint32_t code = preferences_->codes[i];
    if (code < find_.code_count) bits_[code >> 5] = 0;
  }
  preferences_ = nullptr;
}

}  // namespace triptych
