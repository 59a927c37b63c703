/*
 * First pass: signals and their weights to scores, a chunk of candidates at a time. Plain loops without a
 * branch, which the compiler turns into the registers of each instruction set; element by element, without
 * contraction, so a candidate's bits depend on itself alone. Sums are f64: weights may be large. NaN (absent)
 * contributes 0 in every clamp.
 */
namespace {

inline double clamp01(double value) { return value > 0 ? (value < 1 ? value : 1) : 0; }
inline double clamp_rules(double value) {
  return value > -0.5 ? (value < 0.5 ? value : 0.5) : (value <= -0.5 ? -0.5 : 0);
}

inline void add_clamped(double *__restrict sums, const float *__restrict column, uint32_t count,
                        double weight) {
  if (column == nullptr || weight == 0) return;
  for (uint32_t i = 0; i < count; i++) sums[i] += weight * clamp01((double)column[i]);
}

/* The division of the definition as a multiplication: half a unit in the last place of f64. */
inline void add_similarity(double *__restrict sums, const float *__restrict cosines, uint32_t count,
                           double weight, const tp_params *params) {
  if (cosines == nullptr || weight == 0) return;
  const double lo = params->lo;
  const double per = 1 / (params->hi - lo);
  for (uint32_t i = 0; i < count; i++) sums[i] += weight * clamp01(((double)cosines[i] - lo) * per);
}

inline void add_rules(double *__restrict sums, const float *__restrict rules, uint32_t count, double weight) {
  if (rules == nullptr || weight == 0) return;
  for (uint32_t i = 0; i < count; i++) sums[i] += weight * clamp_rules((double)rules[i]);
}

/*
 * 2^-times in f32, within 1e-7: the age in f64, then e^y by its Taylor series for |y| <= ln 2 / 2. From 126
 * halvings on, and for NaN, 0.
 */
inline float decayed(double age, double per) {
  const float times = (float)(age * per);
  const float floored = times > 0 ? times : 0;
  const float bounded = floored < 126 ? floored : 126;
  const int32_t whole = (int32_t)(bounded + 0.5f);
  const float y = ((float)whole - bounded) * 0.693147181f;
  float power = 1.98412698e-4f;
  power = power * y + 1.38888889e-3f;
  power = power * y + 8.33333333e-3f;
  power = power * y + 4.16666667e-2f;
  power = power * y + 1.66666667e-1f;
  power = power * y + 0.5f;
  power = power * y + 1.0f;
  power = power * y + 1.0f;
  const int32_t bits = (127 - whole) << 23;
  float scale;
  __builtin_memcpy(&scale, &bits, sizeof scale);
  /* A factor instead of a choice: GCC makes a branch of that. */
  const float counts = times < 126 ? 1 : 0;
  return power * scale * counts;
}

inline void add_recency(double *__restrict sums, const double *__restrict recency_ms, uint32_t count,
                        double weight, const tp_params *params) {
  if (recency_ms == nullptr || weight == 0) return;
  const double reference = params->reference_ms;
  const double per = 1 / params->half_life_ms;
  for (uint32_t i = 0; i < count; i++) sums[i] += weight * (double)decayed(reference - recency_ms[i], per);
}

inline void add_preference(double *__restrict sums, const double *__restrict preference, uint32_t count,
                           double weight) {
  if (preference == nullptr || weight == 0) return;
  for (uint32_t i = 0; i < count; i++) sums[i] += weight * preference[i];
}

inline void multiply_product(double *__restrict sums, const double *__restrict product, uint32_t count,
                             const tp_params *params) {
  const double low = params->product_min;
  const double high = params->product_max;
  if (product == nullptr) {
    const double raised = 1 < low ? low : 1;
    const double factor = raised > high ? high : raised;
    for (uint32_t i = 0; i < count; i++) sums[i] *= factor;
    return;
  }
  for (uint32_t i = 0; i < count; i++) {
    const double raised = product[i] < low ? low : product[i];
    sums[i] *= raised > high ? high : raised;
  }
}

void fuse(const tp_fusion *f) {
  const tp_params *params = f->params;
  const double *weights = params->weights;
  double *__restrict sums = f->sums;
  for (uint32_t i = 0; i < f->count; i++) sums[i] = 0;
  if (params->formula == TP_MULTIPLICATIVE) {
    add_similarity(sums, f->query_cosines, f->count, 1, params);
    multiply_product(sums, f->product, f->count, params);
  } else {
    add_similarity(sums, f->query_cosines, f->count, weights[0], params);
    add_similarity(sums, f->taste_cosines, f->count, weights[1], params);
    add_clamped(sums, f->lexical, f->count, weights[2]);
    add_clamped(sums, f->graph, f->count, weights[3]);
    add_clamped(sums, f->fused, f->count, weights[4]);
    add_preference(sums, f->preference, f->count, weights[5]);
    add_clamped(sums, f->popularity, f->count, weights[6]);
    add_recency(sums, f->recency_ms, f->count, weights[7], params);
  }
  add_rules(sums, f->rules, f->count, weights[8]);
  float *__restrict scores = f->scores;
  for (uint32_t i = 0; i < f->count; i++) scores[i] = (float)sums[i] + 0.0f;
}

}  // namespace
