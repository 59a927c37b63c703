/* top-rows on lists of keys: identical to a full sort by key descending, payload ascending. */
#include <algorithm>

#include "check.h"
#include "device.h"
#include "launchers.h"
#include "random.h"
#include "schedules.h"

namespace {

struct list {
  std::vector<uint64_t> keys;
  uint32_t limit;
  uint32_t base;
};

/* What keys of a list look like. */
enum class key_style {
  random,
  /* Few distinct scores: the low word decides. */
  tied_scores,
  /* Few distinct keys: the payload decides. */
  equal_keys,
  /* All bits but the lowest byte agree: every digit is needed. */
  common_prefix,
  nothing_passes
};

uint64_t random_key(random_source &random, key_style style) {
  const uint64_t high = random.next() | 1ull << 63;
  switch (style) {
    case key_style::random:
      return random.chance(0.3) ? 0 : random.chance(0.5) ? high : random.next() >> 1 | 1;
    case key_style::tied_scores:
      return 0xbf00000000000000ull + (uint64_t{random.below(3)} << 32) + random.below(9000);
    case key_style::equal_keys:
      return 0x8000000100000000ull + random.below(3);
    case key_style::common_prefix:
      return 0x80000000ffffff00ull + random.below(256);
    case key_style::nothing_passes:
      return 0;
  }
  return 0;
}

using entry = std::pair<uint64_t, uint32_t>;

std::vector<entry> sorted(const list &of, const std::vector<uint32_t> *payloads, size_t first) {
  std::vector<entry> all;
  for (uint32_t i = 0; i < of.keys.size(); i++)
    if (of.keys[i] != 0)
      all.push_back({of.keys[i], payloads == nullptr ? of.base + i : (*payloads)[first + i]});
  std::sort(all.begin(), all.end(), [](const entry &a, const entry &b) {
    return a.first != b.first ? a.first > b.first : a.second < b.second;
  });
  if (all.size() > of.limit) all.resize(of.limit);
  return all;
}

/* payloads: beside the keys, ascending within a list; `keys_out`: whether the keys are asked for. */
void run_lists(const std::vector<list> &lists, bool with_payloads, bool keys_out, random_source &random) {
  device_scope scope;
  std::vector<uint64_t> keys;
  std::vector<uint32_t> payloads;
  std::vector<TpTopSegment> segments;
  uint32_t places = 0;
  for (const list &one : lists) {
    const auto count = static_cast<uint32_t>(one.keys.size());
    segments.push_back({static_cast<uint32_t>(keys.size()), count, one.limit, places, one.base});
    places += one.limit;
    uint32_t payload = random.below(100);
    for (uint32_t i = 0; i < count; i++) payloads.push_back(payload += 1 + random.below(3));
    keys.insert(keys.end(), one.keys.begin(), one.keys.end());
  }
  const auto list_count = static_cast<uint32_t>(lists.size());
  const uint64_t *device_keys = scope.input("keys", keys);
  const uint32_t *device_payloads = with_payloads ? scope.input("payloads", payloads) : nullptr;
  uint64_t *out_keys = keys_out ? scope.output<uint64_t>("out keys", places) : nullptr;
  uint32_t *out_payloads = scope.output<uint32_t>("out payloads", places);
  uint32_t *out_counts = scope.output<uint32_t>("out counts", list_count);
  tp_top_rows(device_keys, device_payloads, scope.input("segments", segments), list_count, out_keys,
              out_payloads, out_counts, nullptr);
  for (uint32_t l = 0; l < list_count; l++) {
    const auto expected = sorted(lists[l], with_payloads ? &payloads : nullptr, segments[l].first);
    const uint32_t out = segments[l].out;
    CHECK(out_counts[l] == expected.size(),
          "list " << l << ": " << out_counts[l] << ", not " << expected.size());
    const uint32_t found = std::min<uint32_t>(out_counts[l], static_cast<uint32_t>(expected.size()));
    for (uint32_t i = 0; i < found; i++) {
      CHECK(out_payloads[out + i] == expected[i].second, "list " << l << ", place " << i << ": "
                                                                 << out_payloads[out + i] << ", not "
                                                                 << expected[i].second);
      if (keys_out) CHECK(out_keys[out + i] == expected[i].first, "key at list " << l << ", place " << i);
    }
    for (uint32_t i = found; keys_out && i < lists[l].limit; i++)
      CHECK(out_keys[out + i] == 0, "unused place " << i << " of list " << l);
  }
}

list make_list(random_source &random, uint32_t count, uint32_t limit, key_style style) {
  list made{{}, limit, random.below(1000)};
  for (uint32_t i = 0; i < count; i++) made.keys.push_back(random_key(random, style));
  return made;
}

}  // namespace

int main() {
  for (const simt::schedule &how : all_schedules) {
    for (const key_style style : {key_style::random, key_style::tied_scores, key_style::equal_keys,
                                  key_style::common_prefix, key_style::nothing_passes}) {
      const uint64_t seed = 1000 * static_cast<uint64_t>(style) + how.seed;
      const std::string name = std::string(order_name(how.order)) + ", seed " + std::to_string(seed);
      check::run_case("lists of 0 to 1,000 keys, " + name, [&] {
        simt::use_schedule(how);
        random_source random(seed);
        std::vector<list> lists;
        for (const uint32_t count : {0u, 1u, 2u, 31u, 32u, 33u, 255u, 256u, 257u, 700u, 1000u})
          for (const uint32_t limit : {1u, 2u, 33u, 132u, 300u})
            lists.push_back(make_list(random, count, limit, style));
        run_lists(lists, false, false, random);
        run_lists(lists, true, true, random);
      });
      if (static_cast<uint32_t>(style) % 3 + 1 != how.seed) continue;
      check::run_case("16,384 keys, " + name, [&] {
        simt::use_schedule(how);
        random_source random(seed + 500);
        run_lists({make_list(random, 16384, 2048, style), make_list(random, 16383, 2047, style),
                   make_list(random, 2049, 2048, style), make_list(random, 2048, 2048, style)},
                  style == key_style::tied_scores, true, random);
      });
    }
  }
  return check::finish();
}
