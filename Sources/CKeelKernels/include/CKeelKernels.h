/* Vectorized elementary functions and counter-based random numbers.

   One loop body is compiled three times on x86-64 (AVX-512, AVX2 with FMA, and the baseline of the
   processor family) and once elsewhere; every call asks the processor which one it may use, so
   there is no state and any number of threads may call at once. The bodies of one variable but for
   log-gamma and digamma have no branches: their time does not depend on the values. The incomplete
   functions sort blocks of elements by method, on the stack; their steps are bounded.

   An element's result depends on its value and the level alone: not on its position, on the length
   of the array or on its neighbors, bit for bit. */
#ifndef C_KEEL_KERNELS_H
#define C_KEEL_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#include "KeelThreads.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The instruction sets that a kernel was compiled for. A level that the processor lacks is replaced
   by the best one it has. */
enum {
  KEEL_LEVEL_AUTOMATIC = 0,
  KEEL_LEVEL_BASELINE = 1,
  KEEL_LEVEL_AVX2 = 2,
  KEEL_LEVEL_AVX512 = 3
};

/* The level that a call with `level` uses on this processor. */
int keel_level_used(int level);

/* Each writes f(x[i]) to y[i] for i < n; x and y do not overlap; NaN gives NaN. Errors are the
   largest measured against 50-digit references, where the result is a normal number. */

/* exp(x); 1 ulp. */
void keel_exp(const double *restrict x, double *restrict y, size_t n, int level);

/* The natural logarithm; 1 ulp; minus infinity at zero, NaN below. */
void keel_log(const double *restrict x, double *restrict y, size_t n, int level);

/* The error function; 2 ulp. */
void keel_erf(const double *restrict x, double *restrict y, size_t n, int level);

/* 1 - erf(x) without cancellation; 2 ulp in both tails. */
void keel_erfc(const double *restrict x, double *restrict y, size_t n, int level);

/* exp(x^2) erfc(x); 2 ulp. */
void keel_scaled_erfc(const double *restrict x, double *restrict y, size_t n, int level);

/* The standard normal density; 1 ulp. */
void keel_normal_pdf(const double *restrict x, double *restrict y, size_t n, int level);

/* The standard normal distribution function; 2 ulp in both tails. */
void keel_normal_cdf(const double *restrict x, double *restrict y, size_t n, int level);

/* The standard normal survival function, cdf(-x); 2 ulp in both tails. */
void keel_normal_survival(const double *restrict x, double *restrict y, size_t n, int level);

/* The inverse of the normal distribution function; 4 ulp; infinite at 0 and 1, NaN outside. */
void keel_normal_quantile(const double *restrict x, double *restrict y, size_t n, int level);

/* ln |Gamma(x)|; 5 ulp for x > 0; infinite at the poles. */
void keel_log_gamma(const double *restrict x, double *restrict y, size_t n, int level);

/* The derivative of log-gamma; 4 ulp for x > 0; NaN at the poles but 0. */
void keel_digamma(const double *restrict x, double *restrict y, size_t n, int level);

/* The functions of several variables: element i has the parameter a[i step], so that a step of 0
   means one parameter for all, and 1 a column of parameters. Where the scalar form has a limit or
   NaN, so have these. */

/* The regularized incomplete gamma function P, or Q when is_upper is 1. */
void keel_regularized_gamma(
  const double *a, size_t step, const double *x, double *restrict y, size_t n, int is_upper,
  int level);

/* The regularized incomplete beta function I_x(a, b), or its complement when is_upper is 1. */
void keel_regularized_beta(
  const double *a, const double *b, size_t step, const double *x, double *restrict y, size_t n,
  int is_upper, int level);

/* The argument at which P(a, x), or Q when is_upper is 1, has the value p. */
void keel_inverse_gamma(
  const double *a, size_t step, const double *p, double *restrict y, size_t n, int is_upper,
  int level);

/* The argument at which I_x(a, b), or its complement when is_upper is 1, has the value p. */
void keel_inverse_beta(
  const double *a, const double *b, size_t step, const double *p, double *restrict y, size_t n,
  int is_upper, int level);

/* Sums of products. Their bits depend on the length and on the level; their error is that of any
   order of additions. */

/* x[0] y[0] + ... + x[n - 1] y[n - 1]. */
double keel_dot(const double *restrict x, const double *restrict y, size_t n, int level);

/* y := y + factor x; the arrays do not overlap. */
void keel_axpy(
  double factor, const double *restrict x, double *restrict y, size_t n, int level);

/* y := A x for a symmetric matrix of order n, of which the lower triangle is read (column-major). */
void keel_symmetric_product(
  const double *restrict a, size_t n, const double *restrict x, double *restrict y, int level);

/* One minus a column of correlations: y[k] := 1 - ((a[k] scale) scales[k]) (factor factors[k]), where
   the scales are powers of two and the factors one over the roots of the scaled variances; rounded
   in this order at every level. Returns the least element that is a number, or infinity. */
double keel_correlation_gap(
  const double *restrict a, const double *restrict scales, const double *restrict factors,
  double scale, double factor, double *restrict y, size_t n, int level);

/* Positions of an account: arrays of n numbers, padded by zeros to a multiple of four. Their sums have
   the same bits at every level. */

/* y[i] := x[i] + x[i] r for the return r = returns[i stride]. Returns the sum of y; *least becomes the
   least return, at most zero, or what stands before a NaN. */
double keel_grow_positions(
  const double *restrict x, const double *restrict returns, size_t stride, size_t n,
  double *restrict y, double *restrict least, int level);

/* What a trade from positions x to shares of a value comes to: returns the sum of the magnitudes of
   d[i] = shares[i] value - x[i]; *sold becomes the sum of the shares where d is negative. n is the
   padded number. */
double keel_trade_positions(
  const double *restrict x, const double *restrict shares, double value, size_t n,
  double *restrict sold, int level);

/* Where rows that begin on their target end, a number a row each. */
typedef struct {
  /* The value before the trade. */
  double *before;
  /* The value after one step of Newton's method towards a trade that pays its cost. */
  double *after;
  /* What is traded from the positions to the shares of that value. */
  double *traded;
  /* The least return, at most zero, or what stands before a NaN. */
  double *least;
} keel_rebalanced_rows;

/* Rows of returns, a multiple of four, each from the n shares, which need no padding, and cash: the
   return of asset j in row t is returns[t + j stride]. The bits are those of keel_grow_positions and
   keel_trade_positions. */
void keel_rebalance_rows(
  const double *restrict shares, size_t n, const double *restrict returns, size_t stride, size_t rows,
  double cash, double share_sum, double cost, const keel_rebalanced_rows *output, int level);

/* The largest magnitude of x[i] - shares[i] value less limits[i] value where that difference is not
   zero, or minus infinity. n is the padded number. */
double keel_largest_excess(
  const double *restrict x, const double *restrict shares, double value,
  const double *restrict limits, size_t n, int level);

/* Where x[k] < y[k]: y[k] := x[k] and tags[k] := tag. Returns the least y[k], or infinity; *ties is 1
   when some x[k] equals the y[k] that it meets, else 0. NaN is never less and never equal. */
double keel_lower_tagged(
  const double *restrict x, double tag, double *restrict y, double *restrict tags, size_t n,
  int *restrict ties, int level);

/* The first k from start on with x[k] == value, or n. */
size_t keel_first_equal(const double *x, size_t n, size_t start, double value, int level);

/* One block of Philox4x32-10: 128 bits from a 64-bit key and a 128-bit counter, as two words of
   64 bits, low half first. */
void keel_philox(
  uint64_t key, uint64_t counter_low, uint64_t counter_high, uint64_t *restrict output);

/* Writes the uniform draws index, index + 1, ... of a stream; the same bits at every level. */
void keel_fill_uniform(
  uint64_t seed, uint64_t stream, uint64_t index, double *restrict y, size_t n, int level);

/* Writes the normal draws index, index + 1, ... of a stream; the same bits at every level. */
void keel_fill_normal(
  uint64_t seed, uint64_t stream, uint64_t index, double *restrict y, size_t n, int level);

/* y += sum of factors[k] times column columns[k] of a column-major matrix with `rows` rows whose
   columns stand `leading` numbers apart; the same with magnitudes into `magnitudes` unless it is
   null. An element's sum runs over k in order. */
void keel_combine_columns(
  const double *restrict a, size_t leading, size_t rows, const ptrdiff_t *columns,
  const double *factors, size_t count, double *restrict y, double *restrict magnitudes, int level);

/* Hidden Markov chains. Arrays over rows are padded: the number of their elements, `leading` for each
   state, is at least n + 1 rounded up to a multiple of 16, and a column of `ahead` has zeros from n on;
   behind its last column stands one number more, which is read and not used. */

enum { KEEL_CHAIN_STATES = 8 };

/* The log-density of a state is constant - z^2 / 2 with z = (x - mean) inverse_scale, or, where the
   power is not zero, constant - power ln(1 + z^2 inverse_degrees). */
typedef struct {
  double mean, inverse_scale, constant, power, inverse_degrees;
} keel_chain_state;

/* Writes the density of each row in each state over its largest one, column after column; returns the
   sum of the logarithms of the largest ones. */
double keel_chain_densities(
  const double *restrict x, size_t n, size_t leading, const keel_chain_state *states, int k,
  double *restrict density, int level);

/* A chain over n rows, 1 or more: densities, initial law, transitions row by row, and working memory. */
typedef struct {
  const double *density, *initial, *transitions;
  double *forward, *backward, *ahead;
  size_t n, leading;
} keel_chain;

/* Forward and backward recursion of k states. The probabilities of the states given all rows replace
   `forward`; moves[i k + j] is the expected number of steps from i to j; sums has for each state the
   sums over rows of the probability p, of w, w (x - mean) and w (x - mean)^2 with w = p, or for Student's
   law w = p (degrees + 1) / (degrees + z^2); the likelihood over that of the largest densities is
   scale[1] 2^scale[0]. Returns 0, and then nothing of use, when a number came near to underflow or the two
   recursions disagree. */
int keel_chain_pass(
  const keel_chain *chain, int k, const double *restrict x, const keel_chain_state *states,
  double *restrict moves, double *restrict sums, double *restrict scale, int level);

/* Sums over rows, with weights, of ln(1 + z^2 / degrees) and of z^2 / (degrees + z^2). */
void keel_chain_shape(
  const double *restrict x, const double *restrict weights, size_t n, const keel_chain_state *state,
  double *restrict output, int level);

/* The numbers of lags and shape parameters of a model of variance. */
struct keel_garch_model {
  size_t has_mean, shocks, asymmetries, variances, shapes;
  int is_logarithmic;
};

/* The log-likelihood of n returns, its k derivatives, the k x k second ones and the sum of outer
   products of scores, one after the other, for the parameters mean, intercept, shocks, asymmetries,
   variances, shape. `law` has the kind (0 normal, 1 Student, 2 Hansen), nu, the constant with its five
   derivatives in nu and lambda, and the same of shift and slope below and above the break: 32
   numbers. `work` holds 2 n + (2 r + 1) (m + m (m + 1) / 2) + k for r the least power of two
   that is not below a number of lags and m the parameters without shape. Without slopes the value alone. */
void keel_garch(
  const struct keel_garch_model *model, const double *parameters, const double *law, double start,
  const double *returns, size_t n, int has_slopes, double *work, double *out);

/* The same for GARCH and GJR of first order: p has intercept, shock, asymmetry, variance and mean,
   `places` the positions of these, nu and lambda among the parameters, or -1. Detail 0 asks for the
   value alone, 1 for the derivatives too, 2 for the outer products too. */
void keel_garch_first_order(
  const double *p, const double *law, double start, const double *returns, size_t n,
  const int *places, int parameter_count, int detail, double *out, int level);

/* European options. */

/* Sums over n nodes, a multiple of 16, for each of `count` numbers k: with e = exp(-(x + i y) k), each
   column's sums are those of Re((a + i b) e) over the nodes at even, then at odd places; last the sum of the magnitudes m |e|. Weights are the arrays a and b of each column,
   then m; 1, 3, 4, 5, 6 or 9 columns are fast. Output has 2 columns + 1 numbers for each k. */
void keel_exponential_sums(
  const double *restrict x, const double *restrict y, const double *restrict weights, size_t n,
  int columns, const double *restrict k, size_t count, double *restrict output, int level);

/* A model of Heston and a time: the slant is the correlation times the noise. */
typedef struct {
  double initial_variance, reversion, mean_variance, slant, squared_noise, time;
} keel_heston;

/* ln E exp((x + i y) X) for n orders, a multiple of 16: n real parts, then n imaginary ones. NaN where the scalar form is
   to be asked. */
void keel_heston_moments(
  const keel_heston *model, const double *restrict x, const double *restrict y, size_t n,
  double *restrict output, int level);

/* The columns that an option has, in their order; a price stands in the place of the volatility
   where that is wanted. */
enum {
  KEEL_INPUT_SPOT,
  KEEL_INPUT_STRIKE,
  KEEL_INPUT_TIME,
  KEEL_INPUT_VOLATILITY,
  KEEL_INPUT_RATE,
  KEEL_INPUT_CARRY,
  KEEL_INPUT_COUNT
};

/* The results in their order. */
enum {
  KEEL_OUTPUT_PRICE,
  KEEL_OUTPUT_DELTA,
  KEEL_OUTPUT_GAMMA,
  KEEL_OUTPUT_VEGA,
  KEEL_OUTPUT_THETA,
  KEEL_OUTPUT_RHO,
  KEEL_OUTPUT_CARRY_RHO,
  KEEL_OUTPUT_DUAL_DELTA,
  KEEL_OUTPUT_DUAL_GAMMA,
  KEEL_OUTPUT_VANNA,
  KEEL_OUTPUT_VOLGA,
  KEEL_OUTPUT_CHARM,
  KEEL_OUTPUT_VETA,
  KEEL_OUTPUT_SPEED,
  KEEL_OUTPUT_ZOMMA,
  KEEL_OUTPUT_COLOR,
  KEEL_OUTPUT_ULTIMA,
  KEEL_OUTPUT_COUNT
};

/* Where the inputs stand; a step of 0 means one value for all, and 1 a column. Kinds are bytes, 0
   for a call, anything else for a put. */
typedef struct {
  const double *inputs[KEEL_INPUT_COUNT];
  size_t steps[KEEL_INPUT_COUNT];
  const uint8_t *kinds;
  size_t kind_step;
} keel_option_columns;

/* Writes the first `outputs` results (1, 7 or all) of n options from option `first` on, each into
   its own column; the columns stand `leading` numbers apart. Elements that the kernel does not
   cover (expired, without volatility, out of range, not a number) have NaN in every column; returns
   how many there are. */
size_t keel_black_scholes(
  const keel_option_columns *columns, int outputs, double *restrict output, size_t leading,
  size_t first, size_t n, int level);

/* What became of an inversion. */
enum {
  KEEL_VOLATILITY_FOUND = 0,
  KEEL_BELOW_INTRINSIC = 1,
  KEEL_ABOVE_MAXIMUM = 2,
  KEEL_NO_INFORMATION = 3,
  KEEL_INVALID_QUOTE = 4,
  KEEL_LEFT_TO_CALLER = 255
};

/* Writes the volatilities of n options from option `first` on from their prices, NaN where there is
   none, and the outcome of each. Elements that the kernel does not settle have the last outcome;
   returns how many there are. */
size_t keel_implied_volatility(
  const keel_option_columns *columns, double *restrict output, uint8_t *restrict outcomes,
  size_t first, size_t n, int level);

/* An implied volatility, NaN where there is none or the kernel does not settle it, with the derivative
   of the price by its logarithm and the number of steps. */
typedef struct {
  double volatility, sensitivity;
  int steps;
} keel_implied;

/* The same for one option, zero for a call; to the bit what the columns have. */
keel_implied keel_single_implied_volatility(
  uint8_t kind, double spot, double strike, double time, double price, double rate, double carry,
  int level);

/* Nodes of an exercise boundary and points of its integrals. The boundary is X exp(y), and h =
   y (y + 2 sign shift) is x^power times a Chebyshev sum in 2 x - 1, where x^4 is the part of the time. */
typedef struct {
  /* 8 or a multiple of 16, at most 64. The points are even and at most 64, those of premiums a multiple of 16. */
  int nodes, points;
  /* x of each node, repeated to a multiple of 16, and the n + 1 coefficients that each h gives, with zeros to a
     multiple of 16; not read for premiums. */
  const double *positions, *transform;
  /* For each point, then each node (for premiums: the node at x = 1 alone): 2 x - 1 of the time to go, the root of
     the time since, its inverse (not read for premiums), and the weight; times as parts of all. */
  const double *places, *roots, *inverses, *weights;
} keel_exercise_rule;

/* A put on one unit of strike: `sign` is -1 for the boundary above which the holder continues, 1 for one below;
   `log_limit` the logarithm of X, of the boundary at expiry. */
typedef struct {
  double rate, yield, volatility, time, sign, log_limit, shift;
  /* Whether the conditions are those of the slope, or of the value. */
  int is_smooth, power;
} keel_exercise;

/* When an iteration ends. */
typedef struct {
  /* Of a step; beyond one it goes further than the condition says. */
  double relaxation;
  /* Of the last change of ln(B / X) as a part of it, or of itself. */
  double tolerance, rounding;
  /* Of the step before that is taken back. */
  double largest_share;
  int maximum_steps;
} keel_exercise_limits;

/* Iterates y, ln(B / X) at the nodes, repeated to a multiple of 16, until the conditions hold there, and writes
   nodes + 1 coefficients of h, with zeros to a multiple of 16, and the last change. The number of steps, negated
   where the last change is above both tolerances. `scratch` has 2 points + 5 numbers a node, these padded too. */
int keel_exercise_solve(
  const keel_exercise_rule *rule, const keel_exercise *e, const keel_exercise_limits *limits,
  double *restrict scratch, double *restrict y, double *restrict coefficients,
  double *restrict change, int level);

/* The gain from exercise below a boundary at `offset` to `offset + time` from now, with its first two derivatives
   by the spot; `log_spot` is relative to X. */
void keel_exercise_premium(
  const keel_exercise_rule *rule, const keel_exercise *e, const double *restrict coefficients,
  double log_spot, double spot, double offset, double *restrict output, int level);

/* The value of an American option on a binomial lattice: the spot at node j of the last step is base ratios[j], a
   step before it growth base ratios[j]; `up` and `down` are discounted probabilities, `sign` is 1 for a call and -1
   for a put. Both arrays have steps + 33 elements; those of `ratios` beyond steps + 1 are finite, v is scratch. */
double keel_lattice(
  double *restrict v, const double *restrict ratios, size_t steps, double sign, double strike,
  double base, double growth, double up, double down, int level);

/* Adds the sums over `columns` columns y = x scale - mean, for each of n rows, of y, a y, y^2, b y^2, c y^3 and y^4 to
   six arrays, `leading` apart. Column k begins at x + starts[k]; the factors a, b and c of a column follow each
   other. Four columns at a time are fastest. */
void keel_row_sums(
  const double *x, const size_t *starts, size_t columns, size_t n, double scale,
  const double *means, const double *factors, double *restrict sums, size_t leading, int level);

/* y[i] := min(x[i] scale - center, ceiling) weights[i]. n numbers from `next` on are brought nearer: those that are read next, or
   x again. Exact at every level. */
void keel_weighted(
  const double *x, size_t n, double scale, double center, double ceiling,
  const double *weights, const double *next, double *restrict y, int level);

/* Moves as bits: bit i % 64 of word i / 64 of `active` is set where y = x[i] scale - center is at least
   the threshold in magnitude, that of `negative` where it is also below zero. A threshold of zero counts a
   zero as below zero. Words beyond the last number stay as they are. Exact at every level. */
void keel_sign_planes(
  const double *x, size_t n, double scale, double center, double threshold,
  uint64_t *restrict active, uint64_t *restrict negative, int level);

/* For `count` columns from `first` on, and columns i from `first` to n - 1: in how many
   places both move, and in how many of them against each other, at [(column - first) n + i]. The planes
   of n columns have `words` words each, a multiple of eight, zero where nothing moves. Exact at every
   level. */
void keel_sign_agreement(
  const uint64_t *restrict active, const uint64_t *restrict negative, size_t words, size_t n,
  size_t first, size_t count, uint32_t *restrict both, uint32_t *restrict against, int level);

/* The number of dimensions of the table of Sobol's sequence. */
int keel_sobol_dimensions(void);

/* For a dimension from 1 on: its polynomial at place 0, then its numbers m(1), m(2), ...; zero beyond. */
uint16_t keel_sobol_number(int dimension, int place);

/* Takes blocks of 64 bytes into a SHA-256 state of eight words. */
void keel_sha256_compress(uint32_t *state, const uint8_t *bytes, size_t blocks, int level);

#ifdef __cplusplus
}
#endif

#endif
