/*
 * The score of one candidate in f64, operation by operation as src/domain defines it (scoring.ts,
 * contributions.ts, decay.ts; dot.h, mask.h and facets.h hold the other files): the oracle of every kernel,
 * the exact routine of the CPU library and the scalar path of the CUDA kernels. Bits equal those of the
 * JavaScript when it is compiled with -ffp-contract=off (nvcc: --fmad=false); contracted, results stay far
 * within 2e-6.
 *
 * NaN is an absent signal. No function allocates, recurses or throws.
 */
#ifndef TRIPTYCH_SCORE_H
#define TRIPTYCH_SCORE_H

#include "triptych/dot.h"
#include "triptych/facets.h"
#include "triptych/mask.h"

/* In the order of src/domain/signal.ts. */
enum tp_signal {
  TP_SIMILARITY = 0,
  TP_TASTE = 1,
  TP_LEXICAL = 2,
  TP_GRAPH = 3,
  TP_FUSED = 4,
  TP_PREFERENCE = 5,
  TP_POPULARITY = 6,
  TP_RECENCY = 7,
  TP_RULES = 8
};

/* What soft rules may add to a score, or take from it, together: limits.softRuleByMax. */
#define TP_RULES_MAX 0.5

/* Within 0..1, never -0; NaN stays. */
TP_HD double tp_clamp01(double value) {
  return value > 0 ? (value < 1 ? value : 1) : (value == value ? 0 : value);
}

TP_HD double tp_clamp_rules(double sum) {
  return sum < -TP_RULES_MAX ? -TP_RULES_MAX : sum > TP_RULES_MAX ? TP_RULES_MAX : sum;
}

/* clamp01((cosine - lo) / (hi - lo)) */
TP_HD double tp_similarity(const tp_params *params, double cosine) {
  return tp_clamp01((cosine - params->lo) / (params->hi - params->lo));
}

/* 2^-n, exact down to the smallest subnormal number; n <= 1074. */
TP_HD double tp_half_to_the(uint32_t n) {
  return tp_double_of_bits(n <= 1022 ? (uint64_t)(1023 - n) << 52 : (uint64_t)1 << (1074 - n));
}

/*
 * 2^(-age / half_life), 0..1; an age below 0 counts as 0. NaN for an age of NaN. half_life: > 0, in the unit
 * of `age`. The polynomial is the Taylor series of e^y for |y| <= ln 2 / 2 with even and odd terms apart:
 * coefficients 1/k!.
 */
TP_HD double tp_decay(double age, double half_life) {
  const double times = (age > 0 ? age : age == age ? 0.0 : age) / half_life;
  if (!(times == times)) return tp_nan();
  /* Rounds to 1075 or beyond, where 2^-n is 0. */
  if (times >= 1074.5) return 0;
  const uint32_t floor = (uint32_t)times;
  const uint32_t whole = times - (double)floor >= 0.5 ? floor + 1 : floor;
  const double y = ((double)whole - times) * 0x1.62e42fefa39efp-1;
  const double square = y * y;
  double even = 0x1.1eed8eff8d898p-29;
  double odd = 0x1.6124613a86d0ap-33;
  even = even * square + 0x1.27e4fb7789f5dp-22;
  odd = odd * square + 0x1.ae64567f544e4p-26;
  even = even * square + 0x1.a01a01a01a01ap-16;
  odd = odd * square + 0x1.71de3a556c734p-19;
  even = even * square + 0x1.6c16c16c16c17p-10;
  odd = odd * square + 0x1.a01a01a01a01ap-13;
  even = even * square + 0x1.5555555555555p-5;
  odd = odd * square + 0x1.1111111111111p-7;
  even = even * square + 0x1p-1;
  odd = odd * square + 0x1.5555555555555p-3;
  even = even * square + 0x1p+0;
  odd = odd * square + 0x1p+0;
  return (even + odd * y) * tp_half_to_the(whole);
}

/* What a candidate brings beside its row: the columns of the batch at its position. */
struct tp_candidate {
  float lexical;
  float graph;
  float fused;
  float rules;
};

/*
 * All signals of a candidate, in the order of tp_signal. cosines: NaN where there is no vector; preference:
 * NaN where the request has none, else tp_preference.
 */
TP_HD void tp_fill_signals(const tp_params *params, const tp_rows *rows, uint32_t row, tp_candidate candidate,
                           double query_cosine, double taste_cosine, double preference, double *signals) {
  signals[TP_SIMILARITY] = tp_similarity(params, query_cosine);
  signals[TP_TASTE] = tp_similarity(params, taste_cosine);
  signals[TP_LEXICAL] = tp_clamp01((double)candidate.lexical);
  signals[TP_GRAPH] = tp_clamp01((double)candidate.graph);
  signals[TP_FUSED] = tp_clamp01((double)candidate.fused);
  signals[TP_PREFERENCE] = preference;
  signals[TP_POPULARITY] = tp_clamp01((double)rows->popularity[row]);
  signals[TP_RECENCY] = tp_decay(params->reference_ms - rows->recency_ms[row], params->half_life_ms);
  signals[TP_RULES] = tp_clamp_rules((double)candidate.rules);
}

/* Weights times signals, an absent one 0; returns the sum in the order of tp_signal. */
TP_HD double tp_contribute_linear(const tp_params *params, const double *signals, double *contributions) {
  double sum = 0;
  for (uint32_t i = 0; i < TP_SIGNAL_COUNT; i++) {
    contributions[i] = signals[i] == signals[i] ? params->weights[i] * signals[i] : 0;
    sum += contributions[i];
  }
  return sum;
}

TP_HD double tp_clamp_product(const tp_params *params, double product) {
  const double raised = product < params->product_min ? params->product_min : product;
  return raised > params->product_max ? params->product_max : raised;
}

/* Similarity first, then the change made by the clamped product of preferences, then soft rules. */
TP_HD double tp_contribute_product(const tp_params *params, const double *signals, double product,
                                   double *contributions) {
  for (uint32_t i = 0; i < TP_SIGNAL_COUNT; i++) contributions[i] = 0;
  const double similarity = signals[TP_SIMILARITY];
  const double base = similarity == similarity ? similarity : 0;
  const double rules = signals[TP_RULES];
  contributions[TP_SIMILARITY] = base;
  contributions[TP_PREFERENCE] = base * tp_clamp_product(params, product) - base;
  if (rules == rules) contributions[TP_RULES] = params->weights[TP_RULES] * rules;
  return base + contributions[TP_PREFERENCE] + contributions[TP_RULES];
}

/*
 * The share of each signal, and their sum: the score before it is rounded.
 * product: tp_preference_product, 1 without preferences; used by TP_MULTIPLICATIVE alone.
 */
TP_HD double tp_contribute(const tp_params *params, const double *signals, double product,
                           double *contributions) {
  return params->formula == TP_MULTIPLICATIVE ? tp_contribute_product(params, signals, product, contributions)
                                              : tp_contribute_linear(params, signals, contributions);
}

/* The score as lists carry it: f32, and +0 for -0, so that equal scores have equal bits. */
TP_HD float tp_to_score(double sum) { return (float)sum + 0.0f; }

/*
 * The order of every list in one number, larger is better: score descending, then tie rank ascending.
 * score: not NaN, +0 rather than -0.
 */
TP_HD uint64_t tp_key(float score, uint32_t tie_rank) {
  const uint32_t bits = tp_bits_of_float(score);
  const uint32_t monotone = (bits & 0x80000000u) != 0 ? ~bits : bits | 0x80000000u;
  return (uint64_t)monotone << 32 | (uint32_t)~tie_rank;
}

/* The score in a key. */
TP_HD float tp_score_of_key(uint64_t key) {
  const uint32_t monotone = (uint32_t)(key >> 32);
  return tp_float_of_bits((monotone & 0x80000000u) != 0 ? monotone & 0x7fffffffu : ~monotone);
}

#endif
