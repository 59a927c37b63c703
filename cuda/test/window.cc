#include "window.h"

#include <math.h>

#include <algorithm>
#include <set>

namespace {

/* NaN in a fifth of the entries; otherwise within the bounds, some beyond the clamp. */
std::vector<float> random_column(random_source &random, uint32_t count, double low, double high) {
  std::vector<float> values;
  for (uint32_t i = 0; i < count; i++)
    values.push_back(random.chance(0.2) ? NAN : static_cast<float>(random.within(low, high)));
  return values;
}

void make_params(random_source &random, request &made) {
  tp_params &params = made.params;
  params.formula = static_cast<tp_formula>(random.below(3));
  params.rank_depth = 300;
  double sum = 0;
  for (uint32_t i = 0; i + 1 < TP_SIGNAL_COUNT; i++)
    sum += params.weights[i] = random.chance(0.2) ? 0 : random.unit();
  for (uint32_t i = 0; i + 1 < TP_SIGNAL_COUNT; i++) params.weights[i] /= sum > 0 ? sum : 1;
  /* Soft rules stand beside the weights. */
  params.weights[TP_SIGNAL_COUNT - 1] = 1;
  params.lo = random.chance(0.5) ? 0 : -0.1;
  params.hi = 1;
  params.reference_ms = 1.7e12;
  params.half_life_ms = random.within(1e9, 1e11);
  params.product_min = 0.25;
  params.product_max = 4;
}

void make_preferences(random_source &random, request &made) {
  made.preferred = random.chance(0.8);
  if (!made.preferred) return;
  /* More than 8 facets in a part of the requests: kernels take them in groups. */
  const uint32_t facets = random.chance(0.5) ? 1 + random.below(4) : 7 + random.below(11);
  /* Weights have no upper bound; strong ones times a dislike are below -1. */
  const double weight_max = random.chance(0.3) ? 4 : 0.5;
  for (uint32_t facet = 0; facet < facets; facet++)
    made.facet_weights.push_back(random.within(0, weight_max));
  std::set<uint32_t> codes;
  const uint32_t count = random.below(500);
  for (uint32_t i = 0; i < count; i++) codes.insert(random.below(facet_code_count));
  for (const uint32_t code : codes) {
    const double value = nearbyint(random.within(-1, 1) * 0x1p40) * 0x1p-40;
    made.preferences.push_back({code, value, static_cast<uint8_t>(code % facets)});
  }
}

request make_request(random_source &random, const batch_shape &shape) {
  request made;
  if (random.chance(0.9)) made.query = unit_vector(random, shape.dimension);
  if (random.chance(0.6)) made.taste = unit_vector(random, shape.dimension);
  make_params(random, made);
  make_preferences(random, made);
  const uint32_t rules = random.below(4);
  for (uint32_t i = 0; i < rules; i++)
    made.rules.push_back(random_expression(random, shape.resident + shape.transient, 3));
  if (!shape.all_filtered) return made;
  expression nothing;
  nothing.truth = false;
  made.rules.push_back(nothing);
  return made;
}

/* clamp01; NaN stays. */
double unit_clamped(double value) { return isnan(value) ? value : std::min(1.0, std::max(0.0, value)); }

double similarity(const table &rows, uint32_t row, const std::vector<float> &vector,
                  const tp_params &params) {
  if (vector.empty()) return NAN;
  return unit_clamped((rows.cosine(row, vector.data()) - params.lo) / (params.hi - params.lo));
}

/* Preferences of the row's values, facet by facet. */
std::vector<std::vector<double>> known_values(const table &rows, uint32_t row, const request &asked) {
  std::vector<std::vector<double>> known(asked.facet_weights.size());
  for (const preference &one : asked.preferences) {
    const auto begin = rows.facet_values.begin() + rows.facet_starts[row];
    if (std::find(begin, begin + rows.facet_counts[row], one.code) != begin + rows.facet_counts[row])
      known[one.facet].push_back(one.value);
  }
  return known;
}

double preference_signal(const table &rows, uint32_t row, const request &asked) {
  if (!asked.preferred) return NAN;
  double total = 0;
  const auto known = known_values(rows, row, asked);
  for (size_t facet = 0; facet < known.size(); facet++) {
    double sum = 0;
    for (const double value : known[facet]) sum += value;
    if (!known[facet].empty())
      total += asked.facet_weights[facet] * sum / static_cast<double>(known[facet].size());
  }
  return std::min(1.0, std::max(-1.0, total));
}

double preference_product(const table &rows, uint32_t row, const request &asked) {
  std::vector<long double> factors;
  const auto known = known_values(rows, row, asked);
  for (size_t facet = 0; facet < known.size(); facet++)
    for (const double value : known[facet])
      factors.push_back(std::max(0.0, 1 + asked.facet_weights[facet] * value));
  long double product = 1;
  for (const long double factor : factors) product *= factor;
  return static_cast<double>(std::min<long double>(product, 1e300L));
}

double recency(double recency_ms, const tp_params &params) {
  if (isnan(recency_ms)) return NAN;
  return exp2(-std::max(0.0, params.reference_ms - recency_ms) / params.half_life_ms);
}

}  // namespace

const table &batch::block_of(uint32_t number, uint32_t *row) const {
  const uint32_t first = resident.shape.row_count;
  *row = number < first ? number : number - first;
  return number < first ? resident : transient;
}

batch make_batch(random_source &random, const batch_shape &shape) {
  batch made;
  made.resident = make_table(random, {shape.tier, shape.dimension, shape.resident, shape.style});
  made.transient =
      make_table(random, {shape.tier, shape.dimension, shape.transient, shape.style}, shape.resident);
  const uint32_t numbers = shape.resident + shape.transient;
  for (const uint32_t count : shape.windows) {
    request one = make_request(random, shape);
    one.first = static_cast<uint32_t>(made.columns.rows.size());
    one.count = count;
    one.limit = shape.limit;
    for (uint32_t i = 0; i < count; i++) made.columns.rows.push_back(random.below(numbers));
    made.requests.push_back(one);
  }
  const auto count = static_cast<uint32_t>(made.columns.rows.size());
  made.columns.lexical = random_column(random, count, -0.1, 1.1);
  made.columns.graph = random_column(random, count, -0.1, 1.1);
  made.columns.fused = random_column(random, count, 0, 1);
  made.columns.rules = random_column(random, count, -0.7, 0.7);
  /* The same candidate twice: equal keys. */
  for (uint32_t i = 5; i < count; i += 5) {
    made.columns.rows[i] = made.columns.rows[i - 1];
    made.columns.lexical[i] = made.columns.lexical[i - 1];
    made.columns.graph[i] = made.columns.graph[i - 1];
    made.columns.fused[i] = made.columns.fused[i - 1];
    made.columns.rules[i] = made.columns.rules[i - 1];
  }
  return made;
}

int failing_rule(const batch &of, const request &asked, uint32_t at) {
  uint32_t row;
  const table &rows = of.block_of(of.columns.rows[at], &row);
  for (size_t rule = 0; rule < asked.rules.size(); rule++)
    if (!holds(asked.rules[rule], rows, row, of.columns.rows[at])) return static_cast<int>(rule);
  return -1;
}

double true_score(const batch &of, const request &asked, uint32_t at) {
  uint32_t row;
  const table &rows = of.block_of(of.columns.rows[at], &row);
  const tp_params &params = asked.params;
  const auto ruled = static_cast<double>(of.columns.rules[at]);
  const double signals[TP_SIGNAL_COUNT] = {similarity(rows, row, asked.query, params),
                                           similarity(rows, row, asked.taste, params),
                                           unit_clamped(static_cast<double>(of.columns.lexical[at])),
                                           unit_clamped(static_cast<double>(of.columns.graph[at])),
                                           unit_clamped(static_cast<double>(of.columns.fused[at])),
                                           preference_signal(rows, row, asked),
                                           unit_clamped(static_cast<double>(rows.popularity[row])),
                                           recency(rows.recency_ms[row], params),
                                           isnan(ruled) ? ruled : std::min(0.5, std::max(-0.5, ruled))};
  const auto share = [&](uint32_t i) { return isnan(signals[i]) ? 0 : params.weights[i] * signals[i]; };
  if (params.formula == TP_MULTIPLICATIVE) {
    const double base = isnan(signals[0]) ? 0 : signals[0];
    const double product = asked.preferred ? preference_product(rows, row, asked) : 1;
    return base * std::min(params.product_max, std::max(params.product_min, product)) + share(8);
  }
  double sum = 0;
  for (uint32_t i = 0; i < TP_SIGNAL_COUNT; i++) sum += share(i);
  return sum;
}
