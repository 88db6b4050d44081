/* Compiles the bodies for each level and chooses between them. */
#include "CKeelKernels.h"
#include "black_coefficients.h"
#include "coefficients.h"
#include "gamma_coefficients.h"
#include "implied_start_coefficients.h"

/* A vector is two registers wide on purpose: two interleaved chains hide the latency of each other.
   Such vectors never cross a call, as every body is inlined. */
#pragma clang diagnostic ignored "-Wpsabi"

/* The bodies say where a fused operation stands; elsewhere products are rounded. */
#pragma STDC FP_CONTRACT OFF

#if defined(__x86_64__)
#define KEEL_HAS_LEVELS 1
#pragma clang attribute push( \
  __attribute__((target("avx512f,avx512dq,avx512vl,avx2,fma"))), apply_to = function)
#define KEEL_SUFFIX _avx512
#define KEEL_WIDTH 16
#define KEEL_FMA 1
#include "level.h"
#pragma clang attribute pop

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define KEEL_SUFFIX _avx2
#define KEEL_WIDTH 8
#define KEEL_FMA 1
#include "level.h"

#define KEEL_SUFFIX _single_fma
#define KEEL_WIDTH 2
#define KEEL_FMA 1
#include "single.h"
#pragma clang attribute pop
#endif

#if defined(__ARM_FEATURE_FMA) || defined(__aarch64__) || defined(__FMA__)
#define KEEL_BASELINE_FMA 1
#else
#define KEEL_BASELINE_FMA 0
#endif

#define KEEL_SUFFIX _baseline
#define KEEL_WIDTH 4
#define KEEL_FMA KEEL_BASELINE_FMA
#include "level.h"

#define KEEL_SUFFIX _single_baseline
#define KEEL_WIDTH 2
#define KEEL_FMA KEEL_BASELINE_FMA
#include "single.h"

int keel_level_used(int level) {
#if KEEL_HAS_LEVELS
  if (level == KEEL_LEVEL_BASELINE) return KEEL_LEVEL_BASELINE;
  if (level != KEEL_LEVEL_AVX2 && __builtin_cpu_supports("avx512f")
      && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")
      && __builtin_cpu_supports("fma"))
    return KEEL_LEVEL_AVX512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return KEEL_LEVEL_AVX2;
#else
  (void)level;
#endif
  return KEEL_LEVEL_BASELINE;
}

#if KEEL_HAS_LEVELS
#define KEEL_DISPATCH(name, level, ...)                                                           \
  switch (keel_level_used(level)) {                                                               \
    case KEEL_LEVEL_AVX512: name##_avx512(__VA_ARGS__); break;                                    \
    case KEEL_LEVEL_AVX2: name##_avx2(__VA_ARGS__); break;                                        \
    default: name##_baseline(__VA_ARGS__);                                                        \
  }
#else
#define KEEL_DISPATCH(name, level, ...) ((void)(level), name##_baseline(__VA_ARGS__));
#endif

#define KEEL_DEFINE(name)                                                                         \
  void keel_##name(const double *restrict x, double *restrict y, size_t n, int level) {           \
    KEEL_DISPATCH(map_##name, level, x, y, n)                                                     \
  }

KEEL_DEFINE(exp)
KEEL_DEFINE(log)
KEEL_DEFINE(erf)
KEEL_DEFINE(erfc)
KEEL_DEFINE(scaled_erfc)
KEEL_DEFINE(normal_pdf)
KEEL_DEFINE(normal_cdf)
KEEL_DEFINE(normal_survival)
KEEL_DEFINE(normal_quantile)
KEEL_DEFINE(log_gamma)
KEEL_DEFINE(digamma)

void keel_regularized_gamma(
  const double *a, size_t step, const double *x, double *restrict y, size_t n, int is_upper,
  int level) {
  KEEL_DISPATCH(regularized_gamma, level, a, step, x, y, n, is_upper)
}

void keel_regularized_beta(
  const double *a, const double *b, size_t step, const double *x, double *restrict y, size_t n,
  int is_upper, int level) {
  KEEL_DISPATCH(regularized_beta, level, a, b, step, x, y, n, is_upper)
}

void keel_inverse_gamma(
  const double *a, size_t step, const double *p, double *restrict y, size_t n, int is_upper,
  int level) {
  KEEL_DISPATCH(inverse_gamma, level, a, step, p, y, n, is_upper)
}

void keel_inverse_beta(
  const double *a, const double *b, size_t step, const double *p, double *restrict y, size_t n,
  int is_upper, int level) {
  KEEL_DISPATCH(inverse_beta, level, a, b, step, p, y, n, is_upper)
}

void keel_fill_uniform(
  uint64_t seed, uint64_t stream, uint64_t index, double *restrict y, size_t n, int level) {
  KEEL_DISPATCH(fill_uniform, level, seed, stream, index, y, n)
}

void keel_fill_normal(
  uint64_t seed, uint64_t stream, uint64_t index, double *restrict y, size_t n, int level) {
  KEEL_DISPATCH(fill_normal, level, seed, stream, index, y, n)
}

double keel_dot(const double *restrict x, const double *restrict y, size_t n, int level) {
  double sum = 0;
  KEEL_DISPATCH(sum = dot, level, x, y, n)
  return sum;
}

void keel_garch_first_order(
  const double *p, const double *law, double start, const double *returns, size_t n,
  const int *places, int parameter_count, int detail, double *out, int level) {
  KEEL_DISPATCH(
    garch_first_order, level, p, law, start, returns, n, places, parameter_count, detail, out)
}

void keel_axpy(
  double factor, const double *restrict x, double *restrict y, size_t n, int level) {
  KEEL_DISPATCH(axpy, level, factor, x, y, n)
}

void keel_symmetric_product(
  const double *restrict a, size_t n, const double *restrict x, double *restrict y, int level) {
  KEEL_DISPATCH(symmetric_product, level, a, n, x, y)
}

double keel_correlation_gap(
  const double *restrict a, const double *restrict scales, const double *restrict factors,
  double scale, double factor, double *restrict y, size_t n, int level) {
  double least = 0;
  KEEL_DISPATCH(least = correlation_gap, level, a, scales, factors, scale, factor, y, n)
  return least;
}

double keel_grow_positions(
  const double *restrict x, const double *restrict returns, size_t stride, size_t n,
  double *restrict y, double *restrict least, int level) {
  double sum = 0;
  KEEL_DISPATCH(sum = grow_lanes, level, x, returns, stride, n, y, least)
  return sum;
}

double keel_trade_positions(
  const double *restrict x, const double *restrict shares, double value, size_t n,
  double *restrict sold, int level) {
  double traded = 0;
  KEEL_DISPATCH(traded = trade_lanes, level, x, shares, value, n, sold)
  return traded;
}

void keel_rebalance_rows(
  const double *restrict shares, size_t n, const double *restrict returns, size_t stride, size_t rows,
  double cash, double share_sum, double cost, const keel_rebalanced_rows *output, int level) {
  KEEL_DISPATCH(
    rebalance_rows, level, shares, n, returns, stride, rows, cash, share_sum, cost, output)
}

double keel_largest_excess(
  const double *restrict x, const double *restrict shares, double value,
  const double *restrict limits, size_t n, int level) {
  double largest = 0;
  KEEL_DISPATCH(largest = excess_lanes, level, x, shares, value, limits, n)
  return largest;
}

double keel_lower_tagged(
  const double *restrict x, double tag, double *restrict y, double *restrict tags, size_t n,
  int *restrict ties, int level) {
  double least = 0;
  KEEL_DISPATCH(least = lower_tagged, level, x, tag, y, tags, n, ties)
  return least;
}

size_t keel_first_equal(const double *x, size_t n, size_t start, double value, int level) {
  size_t index = n;
  KEEL_DISPATCH(index = first_equal, level, x, n, start, value)
  return index;
}

void keel_philox(
  uint64_t key, uint64_t counter_low, uint64_t counter_high, uint64_t *restrict output) {
  keel_bits_baseline first, second;
  philox_baseline(key, counter_high, (keel_bits_baseline)counter_low, &first, &second);
  output[0] = first[0];
  output[1] = second[0];
}

void keel_combine_columns(
  const double *restrict a, size_t leading, size_t rows, const ptrdiff_t *columns,
  const double *factors, size_t count, double *restrict y, double *restrict magnitudes, int level) {
  KEEL_DISPATCH(combine_columns, level, a, leading, rows, columns, factors, count, y, magnitudes)
}

void keel_exponential_sums(
  const double *restrict x, const double *restrict y, const double *restrict weights, size_t n,
  int columns, const double *restrict k, size_t count, double *restrict output, int level) {
  KEEL_DISPATCH(exponential_sums, level, x, y, weights, n, columns, k, count, output)
}

void keel_heston_moments(
  const keel_heston *model, const double *restrict x, const double *restrict y, size_t n,
  double *restrict output, int level) {
  KEEL_DISPATCH(heston_moments, level, model, x, y, n, output)
}

void keel_row_sums(
  const double *x, const size_t *starts, size_t columns, size_t n, double scale,
  const double *means, const double *factors, double *restrict sums, size_t leading, int level) {
  KEEL_DISPATCH(row_sums, level, x, starts, columns, n, scale, means, factors, sums, leading)
}

void keel_weighted(
  const double *x, size_t n, double scale, double center, double ceiling,
  const double *weights, const double *next, double *restrict y, int level) {
  KEEL_DISPATCH(weighted, level, x, n, scale, center, ceiling, weights, next, y)
}

double keel_chain_densities(
  const double *restrict x, size_t n, size_t leading, const keel_chain_state *states, int k,
  double *restrict density, int level) {
  double total = 0;
  KEEL_DISPATCH(total = chain_densities, level, x, n, leading, states, k, density)
  return total;
}

int keel_chain_pass(
  const keel_chain *chain, int k, const double *restrict x, const keel_chain_state *states,
  double *restrict moves, double *restrict sums, double *restrict scale, int level) {
  int done = 0;
  KEEL_DISPATCH(done = chain_pass, level, chain, k, x, states, moves, sums, scale)
  return done;
}

void keel_chain_shape(
  const double *restrict x, const double *restrict weights, size_t n, const keel_chain_state *state,
  double *restrict output, int level) {
  KEEL_DISPATCH(chain_shape, level, x, weights, n, state, output)
}

size_t keel_black_scholes(
  const keel_option_columns *columns, int outputs, double *restrict output, size_t leading,
  size_t first, size_t n, int level) {
  size_t left = 0;
  if (outputs == 1) {
    KEEL_DISPATCH(left = black_price, level, columns, output, leading, first, n)
  } else if (outputs == KEEL_OUTPUT_DUAL_DELTA) {
    KEEL_DISPATCH(left = black_greeks, level, columns, output, leading, first, n)
  } else {
    KEEL_DISPATCH(left = black_all_greeks, level, columns, output, leading, first, n)
  }
  return left;
}

size_t keel_implied_volatility(
  const keel_option_columns *columns, double *restrict output, uint8_t *restrict outcomes,
  size_t first, size_t n, int level) {
  size_t left = 0;
  KEEL_DISPATCH(left = implied_volatility, level, columns, output, outcomes, first, n)
  return left;
}

keel_implied keel_single_implied_volatility(
  uint8_t kind, double spot, double strike, double time, double price, double rate, double carry,
  int level) {
  const double inputs[KEEL_INPUT_COUNT] = {spot, strike, time, price, rate, carry};
  keel_option_columns columns = {.kinds = &kind};
  for (int k = 0; k < KEEL_INPUT_COUNT; k++) columns.inputs[k] = &inputs[k];
#if KEEL_HAS_LEVELS
  if (keel_level_used(level) != KEEL_LEVEL_BASELINE) return single_implied_single_fma(&columns);
#endif
  (void)level;
  return single_implied_single_baseline(&columns);
}

int keel_exercise_solve(
  const keel_exercise_rule *rule, const keel_exercise *e, const keel_exercise_limits *limits,
  double *restrict scratch, double *restrict y, double *restrict coefficients,
  double *restrict change, int level) {
  int steps = 0;
  KEEL_DISPATCH(
    steps = exercise_solve, level, rule, e, limits, scratch, y, coefficients, change)
  return steps;
}

void keel_exercise_premium(
  const keel_exercise_rule *rule, const keel_exercise *e, const double *restrict coefficients,
  double log_spot, double spot, double offset, double *restrict output, int level) {
  KEEL_DISPATCH(exercise_premium, level, rule, e, coefficients, log_spot, spot, offset, output)
}

double keel_lattice(
  double *restrict v, const double *restrict ratios, size_t steps, double sign, double strike,
  double base, double growth, double up, double down, int level) {
  double value = 0;
  KEEL_DISPATCH(value = lattice, level, v, ratios, steps, sign, strike, base, growth, up, down)
  return value;
}
