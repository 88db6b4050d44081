/* The log-likelihood of GARCH and GJR models of first order with two derivatives, once a level. Three
   steps a block of returns: the recursion of the variance, where a vector holds the derivatives; the
   law of the errors, where it holds neighboring returns; the sums, where it holds parameters again. */

enum { FN(KEEL_GARCH_BLOCK) = 64 };

/* Intercept, shock, asymmetry, variance, mean, degrees of freedom, asymmetry of the law. */
typedef double FN(keel_eight) __attribute__((ext_vector_type(8)));
#define E FN(keel_eight)

INLINE E FN(madd_eight)(E a, E b, E c) {
#if KEEL_FMA
  return __builtin_elementwise_fma(a, b, c);
#else
  return a * b + c;
#endif
}

/* What the law says of a block, by return: the log-likelihood and its derivatives in h, e and shape. */
typedef struct {
  double value[FN(KEEL_GARCH_BLOCK)];
  double h[FN(KEEL_GARCH_BLOCK)], hh[FN(KEEL_GARCH_BLOCK)];
  double e[FN(KEEL_GARCH_BLOCK)], ee[FN(KEEL_GARCH_BLOCK)], he[FN(KEEL_GARCH_BLOCK)];
  double nu[FN(KEEL_GARCH_BLOCK)], nu_h[FN(KEEL_GARCH_BLOCK)], nu_e[FN(KEEL_GARCH_BLOCK)];
  double lambda[FN(KEEL_GARCH_BLOCK)], lambda_h[FN(KEEL_GARCH_BLOCK)];
  double lambda_e[FN(KEEL_GARCH_BLOCK)];
  double nu_nu[FN(KEEL_GARCH_BLOCK)], nu_lambda[FN(KEEL_GARCH_BLOCK)];
  double lambda_lambda[FN(KEEL_GARCH_BLOCK)];
} FN(garch_terms);

/* Minus half the sum of the logarithms of the variances: that of their product, which is far from the
   ends of the range, as returns are near one. */
INLINE double FN(garch_levels)(const double *restrict variances, size_t count) {
  V product = FN(splat)(1.0);
  for (size_t i = 0; i < count; i += KEEL_WIDTH) product *= FN(load)(variances + i);
  const V logarithms = FN(log)(product);
  double sum = 0;
#pragma clang loop unroll(full)
  for (int k = 0; k < KEEL_WIDTH; k++) sum += logarithms[k];
  return -0.5 * sum;
}

/* Normal errors; with r = e^2/h, ln f = c - r/2. */
INLINE void FN(garch_normal)(
  const double *restrict law, int has_slopes, const double *restrict variances,
  const double *restrict residuals, size_t count, FN(garch_terms) *restrict out) {
  for (size_t i = 0; i < count; i += KEEL_WIDTH) {
    const V e = FN(load)(residuals + i), inverse = FN(splat)(1.0) / FN(load)(variances + i);
    const V pull = e * inverse, ratio = e * pull;
    FN(store)(out->value + i, law[2] - 0.5 * ratio);
    if (!has_slopes) continue;
    FN(store)(out->h + i, 0.5 * inverse * (ratio - 1.0));
    FN(store)(out->hh + i, inverse * inverse * (0.5 - ratio));
    FN(store)(out->e + i, -pull);
    FN(store)(out->ee + i, -inverse);
    FN(store)(out->he + i, pull * inverse);
  }
}

/* Student's errors; with r as above and u = 1/(nu - 2 + r), ln f = c - (nu + 1)/2 ln(1 + r/(nu - 2)). */
INLINE void FN(garch_student)(
  const double *restrict law, int has_slopes, const double *restrict variances,
  const double *restrict residuals, size_t count, FN(garch_terms) *restrict out) {
  const double nu = law[1], rest = nu - 2, half = 0.5 * (nu + 1);
  for (size_t i = 0; i < count; i += KEEL_WIDTH) {
    const V h = FN(load)(variances + i), e = FN(load)(residuals + i);
    /* One division for 1/h and u. */
    const V sum = FN(madd)(h, FN(splat)(rest), e * e), both = FN(splat)(1.0) / (h * sum);
    const V inverse = both * sum, u = both * h * h, pull = e * inverse, ratio = e * pull;
    const V logarithm = FN(log)(FN(splat)(1.0) + ratio * (1 / rest));
    FN(store)(out->value + i, law[2] - half * logarithm);
    if (!has_slopes) continue;
    const V weight = (nu + 1) * u, share = ratio * u, level = weight * ratio;
    const V bend = u * (1.0 - weight);
    FN(store)(out->h + i, 0.5 * inverse * (level - 1.0));
    FN(store)(out->hh + i, -0.5 * inverse * inverse * (level * (1.0 + rest * u) - 1.0));
    FN(store)(out->e + i, -weight * pull);
    FN(store)(out->ee + i, -weight * inverse * (1.0 - 2.0 * share));
    FN(store)(out->he + i, weight * rest * u * pull * inverse);
    FN(store)(out->nu + i, law[3] - 0.5 * logarithm + half * (1 / rest) * share);
    FN(store)(out->nu_h + i, 0.5 * inverse * ratio * bend);
    FN(store)(out->nu_e + i, -pull * bend);
    FN(store)(out->nu_nu + i, law[5] + share * (1 / rest) * (1.0 - half * (u + 1 / rest)));
  }
}

/* Hansen's errors, by the derivatives in z; w is z on the scale of the side where it lies. */
INLINE void FN(garch_hansen)(
  const double *restrict law, int has_slopes, const double *restrict variances,
  const double *restrict residuals, size_t count, FN(garch_terms) *restrict out) {
  const double nu = law[1], rest = nu - 2, half = 0.5 * (nu + 1);
  for (size_t i = 0; i < count; i += KEEL_WIDTH) {
    const V inverse = FN(splat)(1.0) / FN(load)(variances + i);
    const V root = __builtin_elementwise_sqrt(inverse), z = FN(load)(residuals + i) * root;
    const V above = FN(madd)(z, FN(splat)(law[26]), FN(splat)(law[20]));
    const V below = FN(madd)(z, FN(splat)(law[14]), FN(splat)(law[8]));
    const U is_lower = (U)(above < FN(splat)(0.0));
    const V w = FN(choose)(is_lower, below, above), square = w * w;
    const V logarithm = FN(log)(FN(splat)(1.0) + square * (1 / rest));
    FN(store)(out->value + i, law[2] - half * logarithm);
    if (!has_slopes) continue;
    const V u = FN(splat)(1.0) / (rest + square), share = square * (1 / rest) * u;
    const V k_w = -(nu + 1) * w * u, k_ww = -(nu + 1) * u * (1.0 - 2.0 * square * u);
    const V k_nu = half * share - 0.5 * logarithm, k_w_nu = w * u * ((nu + 1) * u - 1.0);
    const V k_nu_nu = share * (1.0 - half * (u + 1 / rest));
#define SIDE(k) FN(choose)(is_lower, FN(splat)(law[8 + (k)]), FN(splat)(law[20 + (k)]))
    const V b = SIDE(6), b_nu = SIDE(7), b_lambda = SIDE(8);
    const V w_nu = FN(madd)(b_nu, z, SIDE(1)), w_lambda = FN(madd)(b_lambda, z, SIDE(2));
    const V w_nu_nu = FN(madd)(SIDE(9), z, SIDE(3));
    const V w_nu_lambda = FN(madd)(SIDE(10), z, SIDE(4));
    const V w_lambda_lambda = FN(madd)(SIDE(11), z, SIDE(5));
#undef SIDE
    const V g_z = k_w * b, g_zz = k_ww * b * b;
    const V g_z_nu = b * (k_ww * w_nu + k_w_nu) + k_w * b_nu;
    const V g_z_lambda = b * k_ww * w_lambda + k_w * b_lambda;
    const V pull = 1.0 + z * g_z, bend = g_z + z * g_zz, fall = -0.5 * inverse * z;
    FN(store)(out->h + i, -0.5 * inverse * pull);
    FN(store)(out->hh + i, inverse * inverse * (0.5 * pull + 0.25 * z * bend));
    FN(store)(out->e + i, g_z * root);
    FN(store)(out->ee + i, g_zz * inverse);
    FN(store)(out->he + i, -0.5 * root * inverse * bend);
    FN(store)(out->nu + i, law[3] + k_w * w_nu + k_nu);
    FN(store)(out->nu_h + i, fall * g_z_nu);
    FN(store)(out->nu_e + i, g_z_nu * root);
    FN(store)(out->lambda + i, law[4] + k_w * w_lambda);
    FN(store)(out->lambda_h + i, fall * g_z_lambda);
    FN(store)(out->lambda_e + i, g_z_lambda * root);
    FN(store)(out->nu_nu + i,
      law[5] + k_ww * w_nu * w_nu + k_w * w_nu_nu + 2.0 * k_w_nu * w_nu + k_nu_nu);
    FN(store)(out->nu_lambda + i,
      law[6] + k_ww * w_nu * w_lambda + k_w * w_nu_lambda + k_w_nu * w_lambda);
    FN(store)(out->lambda_lambda + i,
      law[7] + k_ww * w_lambda * w_lambda + k_w * w_lambda_lambda);
  }
}

/* The sum of a column of a block whose rest is zero. */
INLINE double FN(garch_sum)(double *restrict x, size_t count) {
  for (size_t i = count; i < (count + 7) / 8 * 8; i++) x[i] = 0;
  E sum = (E)0.0;
  for (size_t i = 0; i < count; i += 8) {
    E v;
    __builtin_memcpy(&v, x + i, sizeof v);
    sum += v;
  }
  return ((sum[0] + sum[1]) + (sum[2] + sum[3])) + ((sum[4] + sum[5]) + (sum[6] + sum[7]));
}

/* p: intercept, shock, asymmetry, variance, mean. The start depends on the mean, with second derivative
   two, or not at all. places: where the eight go in the output, or -1. */
static void FN(garch_first_order)(
  const double *restrict p, const double *restrict law, const double *restrict starts,
  const double *restrict returns, size_t n, const int *restrict places, int parameter_count,
  int detail, double *restrict out) {
  enum { BLOCK = FN(KEEL_GARCH_BLOCK) };
  double variances[BLOCK], residuals[BLOCK];
  /* What the recursions of first and second derivatives add, then these. */
  double inputs[BLOCK][8], second_inputs[BLOCK][8];
  E slopes[BLOCK], bends[BLOCK];
  FN(garch_terms) terms;
  const double omega = p[0], alpha = p[1], gamma = p[2], beta = p[3], mean = p[4];
  const int kind = (int)law[0], has_slopes = detail > 0;
  const E beta8 = (E)beta, passed = {1, 1, 1, 2, 1, 0, 0, 0};
  /* Of the shock before the first, as of those in the loop. */
  double h = starts[0], square = h, fall = 0.5 * h, push = starts[1], push_fall = 0.5 * push;
  double weight = 0.5 * starts[2] * (alpha + 0.5 * gamma), value = 0, ee = 0, nu_e = 0, lambda_e = 0;
  double nu_nu = 0, nu_lambda = 0, lambda_lambda = 0;
  E d = {0, 0, 0, 0, starts[1], 0, 0, 0}, m = {0, 0, 0, 0, 0, 0, 0, starts[2]};
  E gradient = (E)0.0, single = (E)0.0, cross = (E)0.0;
  E nu_row = (E)0.0, lambda_row = (E)0.0;
  E hessian[5], outer[7];
  for (int i = 0; i < 5; i++) hessian[i] = (E)0.0;
  for (int i = 0; i < 7; i++) outer[i] = (E)0.0;
  for (size_t i = 0; i < BLOCK; i++) {
    for (int k = 0; k < 8; k++) inputs[i][k] = second_inputs[i][k] = 0;
    inputs[i][0] = 1;
  }
  for (size_t begin = 0; begin < n; begin += BLOCK) {
    const size_t count = n - begin < BLOCK ? n - begin : BLOCK;
    for (size_t i = 0; i < count; i++) {
      if (has_slopes) {
        inputs[i][1] = square;
        inputs[i][2] = fall;
        inputs[i][3] = h;
        inputs[i][4] = weight * push;
        second_inputs[i][5] = push;
        second_inputs[i][6] = push_fall;
        second_inputs[i][7] = 2 * weight;
      }
      const double fresh = omega + (alpha * square + gamma * fall);
#if KEEL_FMA
      h = __builtin_fma(beta, h, fresh);
#else
      h = beta * h + fresh;
#endif
      const double e = returns[begin + i] - mean;
      const double below = e < 0 ? 1.0 : 0.0;
      variances[i] = h;
      residuals[i] = e;
      square = e * e;
      fall = below * square;
      push = -2 * e;
      push_fall = below * push;
      weight = alpha + below * gamma;
    }
    for (size_t i = count; i < BLOCK; i++) {
      variances[i] = 1;
      residuals[i] = 0;
    }
    if (kind == 0) FN(garch_normal)(law, has_slopes, variances, residuals, count, &terms);
    else if (kind == 1) FN(garch_student)(law, has_slopes, variances, residuals, count, &terms);
    else FN(garch_hansen)(law, has_slopes, variances, residuals, count, &terms);
    value += FN(garch_sum)(terms.value, count) + FN(garch_levels)(variances, count);
    if (!has_slopes) continue;
    ee += FN(garch_sum)(terms.ee, count);
    if (kind > 0) {
      nu_e += FN(garch_sum)(terms.nu_e, count);
      nu_nu += FN(garch_sum)(terms.nu_nu, count);
    }
    if (kind > 1) {
      lambda_e += FN(garch_sum)(terms.lambda_e, count);
      nu_lambda += FN(garch_sum)(terms.nu_lambda, count);
      lambda_lambda += FN(garch_sum)(terms.lambda_lambda, count);
    }
    for (size_t i = 0; i < count; i++) {
      E x, y;
      __builtin_memcpy(&x, inputs[i], sizeof x);
      __builtin_memcpy(&y, second_inputs[i], sizeof y);
      m = FN(madd_eight)(m, beta8, FN(madd_eight)(d, passed, y));
      d = FN(madd_eight)(d, beta8, x);
      slopes[i] = d;
      bends[i] = m;
    }
    /* Two loops, as the sums of one fit in the registers. */
    for (size_t i = 0; i < count; i++) {
      const E a = slopes[i], bent = a * terms.hh[i];
      single = FN(madd_eight)(bends[i], (E)terms.h[i], single);
      cross = FN(madd_eight)(a, (E)terms.he[i], cross);
      if (kind > 0) nu_row = FN(madd_eight)(a, (E)terms.nu_h[i], nu_row);
      if (kind > 1) lambda_row = FN(madd_eight)(a, (E)terms.lambda_h[i], lambda_row);
#pragma clang loop unroll(full)
      for (int k = 0; k < 5; k++) hessian[k] = FN(madd_eight)(a, (E)bent[k], hessian[k]);
    }
    if (detail == 1) {
      for (size_t i = 0; i < count; i++) {
        const E rest = {0, 0, 0, 0, -terms.e[i], kind > 0 ? terms.nu[i] : 0,
          kind > 1 ? terms.lambda[i] : 0, 0};
        gradient += FN(madd_eight)(slopes[i], (E)terms.h[i], rest);
      }
      continue;
    }
    for (size_t i = 0; i < count; i++) {
      const E rest = {0, 0, 0, 0, -terms.e[i], kind > 0 ? terms.nu[i] : 0,
        kind > 1 ? terms.lambda[i] : 0, 0};
      const E score = FN(madd_eight)(slopes[i], (E)terms.h[i], rest);
      gradient += score;
#pragma clang loop unroll(full)
      for (int k = 0; k < 7; k++) outer[k] = FN(madd_eight)(score, (E)score[k], outer[k]);
    }
  }
  out[0] = value;
  if (!has_slopes) return;
  double full[7][7] = {{0}};
  for (int i = 0; i < 5; i++)
    for (int j = 0; j < 5; j++) full[i][j] = hessian[i][j];
  const int rows[8] = {0, 1, 2, 3, 4, 1, 2, 4}, columns[8] = {3, 3, 3, 3, 3, 4, 4, 4};
  for (int k = 0; k < 8; k++) {
    full[rows[k]][columns[k]] += single[k];
    if (rows[k] != columns[k]) full[columns[k]][rows[k]] += single[k];
  }
  for (int i = 0; i < 5; i++) {
    full[i][4] -= cross[i];
    full[4][i] -= cross[i];
    full[i][5] = full[5][i] = nu_row[i] - (i == 4 ? nu_e : 0);
    full[i][6] = full[6][i] = lambda_row[i] - (i == 4 ? lambda_e : 0);
  }
  full[4][4] += ee;
  full[5][5] = nu_nu;
  full[5][6] = full[6][5] = nu_lambda;
  full[6][6] = lambda_lambda;
  const size_t k = (size_t)parameter_count;
  double *slope = out + 1, *second = slope + k, *products = second + k * k;
  for (int i = 0; i < 7; i++) {
    if (places[i] < 0) continue;
    slope[places[i]] = gradient[i];
    for (int j = 0; j < 7; j++) {
      if (places[j] < 0) continue;
      second[(size_t)places[i] + k * (size_t)places[j]] = full[i][j];
      products[(size_t)places[i] + k * (size_t)places[j]] = outer[i][j];
    }
  }
}

#undef E
