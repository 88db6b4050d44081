/* Exercise boundaries, early-exercise premiums and lattices of American options, once a level.

   Goals: errors below the collocation's own (1e-14 of a sum), no branches a point, speed. Every point has
   one Mills ratio and two exponentials; the boundary between the nodes is its Chebyshev sum, even and odd terms
   apart. The formulas stand in ExerciseCurve.swift. */

/* The largest number of points of a condition's integrals. */
#define KEEL_EXERCISE_POINTS 64

/* The largest number of nodes. */
#define KEEL_EXERCISE_NODES 64

/* sum c[k] T_k(z), k < 2 pairs: T_2k(z) = T_k(w), T_2k+1(z) = z V_k(w), w = 2 z^2 - 1, by the recurrences
   of C. W. Clenshaw, "A note on the summation of Chebyshev series", MTAC 9 (1955). */
INLINE V FN(chebyshev_sum)(V z, const double *c, int pairs) {
  V w = FN(madd)(z * 4.0, z, FN(splat)(-2.0));
  V a1 = FN(splat)(0.0), a2 = a1, b1 = a1, b2 = a1;
  for (int k = pairs - 1; k > 0; k--) {
    V a = FN(madd)(w, a1, c[2 * k] - a2), b = FN(madd)(w, b1, c[2 * k + 1] - b2);
    a2 = a1;
    a1 = a;
    b2 = b1;
    b1 = b;
  }
  V even = FN(madd)(w * 0.5, a1, c[0] - a2);
  V odd = FN(madd)(w, b1, c[1] - b2) - b1;
  return FN(madd)(z, odd, even);
}

INLINE double FN(vector_sum)(V v) {
  double lanes[KEEL_WIDTH];
  FN(store)(lanes, v);
#pragma clang loop unroll(full)
  for (int step = KEEL_WIDTH / 2; step > 0; step /= 2)
    for (int k = 0; k < step; k++) lanes[k] += lanes[k + step];
  return lanes[0];
}

/* exp(x) to 2 ulp, zero below -708, for x below 700 or so. */
INLINE V FN(plain_exp)(V x) {
  V a = FN(choose)((U)(x > -708.0), x, FN(splat)(-708.0));
  V rounded = FN(madd)(a, FN(splat)(KEEL_LOG2_E), FN(splat)(KEEL_ROUNDER));
  V count = rounded - KEEL_ROUNDER;
  V r = FN(madd)(
    count, FN(splat)(-KEEL_LN2_LOW), FN(madd)(count, FN(splat)(-KEEL_LN2_HIGH), a));
  V y = 1.0 + FN(madd)(r * r, FN(long_polynomial)(r, KEEL_EXP, 0, KEEL_EXP_COUNT), r);
  return FN(choose)((U)(x > -708.0), FN(value)(FN(bits)(y) + (FN(bits)(rounded) << 52)), FN(splat)(0.0));
}

/* Phi(-|d|) exp(d^2 / 2) to a few ulp: half_line without what rounding took. */
INLINE V FN(tail_factor)(V d) {
  V u = 1.0 / (FN(magnitude)(d) + KEEL_HALF_LINE_K);
  V s = FN(madd)(u, FN(splat)(-2.0 * KEEL_HALF_LINE_K), FN(splat)(1.0));
  V p = FN(long_polynomial)(s, KEEL_PHI, KEEL_HALF_LINE_CHAIN, KEEL_PHI_COUNT);
#pragma clang loop unroll(full)
  for (int i = KEEL_HALF_LINE_CHAIN - 1; i >= 0; i--) p = FN(madd)(s, p, FN(splat)(KEEL_PHI[i]));
  return u * p;
}

/* exp(-rate s) Phi(d), from `density` = exp(-d^2 / 2 - rate s). */
INLINE V FN(discounted_cdf)(V d, V density, V discount) {
  V tail = density * FN(tail_factor)(d);
  return FN(choose)((U)(d > 0.0), discount - tail, tail);
}

/* ln(boundary / limit) at the positions z = 2 x - 1. */
INLINE V FN(log_boundary)(V z, const double *c, int pairs, const keel_exercise *e) {
  V h = FN(chebyshev_sum)(z, c, pairs), x = FN(madd)(z, FN(splat)(0.5), FN(splat)(0.5));
  for (int k = 0; k < e->power; k++) h *= x;
  h = FN(choose)((U)(h > 0.0), h, FN(splat)(0.0));
  if (e->shift == 0.0) return e->sign * __builtin_elementwise_sqrt(h);
  V root = __builtin_elementwise_sqrt(h + e->shift * e->shift) + e->shift;
  return e->sign * h / FN(choose)((U)(root > 0.0), root, FN(splat)(1.0));
}

/* exp(x), infinite above 700: growth no rate has. */
INLINE V FN(exercise_discount)(V x) {
  V y = FN(plain_exp)(FN(choose)((U)(x < 700.0), x, FN(splat)(700.0)));
  return FN(choose)((U)(x > 700.0), FN(splat)(__builtin_inf()), y);
}

/* The discounts of the asset, then of cash, for each point and node, then for each node. */
static void FN(exercise_discounts)(
  const keel_exercise_rule *rule, const keel_exercise *e, double *restrict output) {
  const int count = rule->nodes * rule->points, padded = (rule->nodes + 15) / 16 * 16;
  for (int k = 0; k < count; k += KEEL_WIDTH) {
    V root = FN(load)(rule->roots + k), s = e->time * (root * root);
    FN(store)(output + k, FN(exercise_discount)(-e->yield * s));
    FN(store)(output + count + k, FN(exercise_discount)(-e->rate * s));
  }
  output += 2 * count;
  for (int k = 0; k < padded; k += KEEL_WIDTH) {
    V x = FN(load)(rule->positions + k), tau = e->time * (x * x) * (x * x);
    FN(store)(output + k, FN(exercise_discount)(-e->yield * tau));
    FN(store)(output + padded + k, FN(exercise_discount)(-e->rate * tau));
  }
}

/* The integrals of the conditions for the nodes of one vector; the points follow each other `step` numbers
   apart. Where the boundary is, then what it gives: two loops, so that the latency of neither is waited for. */
INLINE void FN(exercise_sums)(
  const keel_exercise_rule *rule, const keel_exercise *e, const double *restrict discounts, int first,
  int step, V own, const double *restrict c, V *numerator, V *denominator) {
  const int count = rule->nodes * rule->points, pairs = rule->nodes / 2 + 1;
  const double sign = e->sign, deviation_scale = e->volatility * __builtin_sqrt(e->time);
  const double drift = (e->rate - e->yield) * e->time, inverse_scale = 1.0 / deviation_scale;
  V distances[KEEL_EXERCISE_POINTS];
  for (int k = first, j = 0; k < count; k += step, j++) {
    V other = FN(log_boundary)(FN(load)(rule->places + k), c, pairs, e);
    V root = FN(load)(rule->roots + k), inverse = inverse_scale * FN(load)(rule->inverses + k);
    distances[j] =
      FN(madd)(own - other + drift * (root * root), inverse, -0.5 * deviation_scale * root);
  }
  for (int k = first, j = 0; k < count; k += step, j++) {
    V root = FN(load)(rule->roots + k), weight = FN(load)(rule->weights + k);
    V inverse = inverse_scale * FN(load)(rule->inverses + k), minus = distances[j];
    V far_discount = FN(load)(discounts + count + k);
    V far = far_discount * FN(plain_exp)(-0.5 * minus * minus);
    if (e->is_smooth) {
      *numerator = FN(madd)(weight * inverse, far, *numerator);
    } else {
      V cdf = -sign * FN(discounted_cdf)(-sign * minus, far, far_discount);
      *numerator = FN(madd)(weight, cdf, *numerator);
    }
    if (e->yield == 0.0) continue;
    V plus = FN(madd)(FN(splat)(deviation_scale), root, minus);
    V near_discount = FN(load)(discounts + k);
    V near = near_discount * FN(plain_exp)(-0.5 * plus * plus);
    /* Phi of the boundary below continuation, -Phi(-d) of the one above it. */
    V cdf = -sign * FN(discounted_cdf)(-sign * plus, near, near_discount);
    V term = e->is_smooth ? FN(madd)(near * KEEL_INV_SQRT_2PI, inverse, cdf) : cdf;
    *denominator = FN(madd)(weight, term, *denominator);
  }
}

/* From ln(B / X) at the nodes to the coefficients of h. */
INLINE void FN(exercise_transform)(
  const keel_exercise_rule *rule, const keel_exercise *e, const double *restrict y,
  double *restrict c) {
  const int n = rule->nodes, stride = (n + 16) / 16 * 16;
  double heights[KEEL_EXERCISE_NODES];
  for (int i = 0; i < n; i++) {
    double h = y[i] * (y[i] + 2.0 * e->sign * e->shift);
    for (int k = 0; k < e->power; k++) h /= rule->positions[i];
    heights[i] = h;
  }
  for (int k = 0; k < stride; k += KEEL_WIDTH) {
    V sum = FN(splat)(0.0);
    for (int i = 0; i < n; i++)
      sum = FN(madd)(FN(load)(rule->transform + i * stride + k), FN(splat)(heights[i]), sum);
    FN(store)(c + k, sum);
  }
}

/* What the conditions at the nodes give for ln(B / X) instead. */
INLINE void FN(exercise_step)(
  const keel_exercise_rule *rule, const keel_exercise *e, const double *restrict discounts,
  const double *restrict y, double *restrict c, double *restrict output) {
  const int n = rule->nodes, padded = (n + 15) / 16 * 16;
  const double r = e->rate, q = e->yield, sigma = e->volatility, sign = e->sign;
  const double *own_discounts = discounts + 2 * n * rule->points;
  FN(exercise_transform)(rule, e, y, c);
  const int step = n > KEEL_WIDTH ? n : KEEL_WIDTH;
  for (int i = 0; i < n; i += KEEL_WIDTH) {
    V numerator = FN(splat)(0.0), denominator = numerator;
    FN(exercise_sums)(
      rule, e, discounts, i, step, FN(load)(y + i), c, &numerator, &denominator);
#if KEEL_WIDTH == 16
    if (n == 8) {
      /* The lanes hold two points of a node. */
      numerator += __builtin_shufflevector(
        numerator, numerator, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7);
      denominator += __builtin_shufflevector(
        denominator, denominator, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7);
    }
#endif
    numerator *= e->time * r * (e->is_smooth ? KEEL_INV_SQRT_2PI : 1.0);
    denominator *= e->time * q;
    V x = FN(load)(rule->positions + i), tau = e->time * (x * x) * (x * x);
    if (sign < 0.0) {
      V near_discount = FN(load)(own_discounts + i);
      V far_discount = FN(load)(own_discounts + padded + i);
      V deviation = sigma * __builtin_elementwise_sqrt(tau), inverse = 1.0 / deviation;
      V minus = FN(madd)(FN(load)(y + i) + e->log_limit + (r - q) * tau, inverse, -0.5 * deviation);
      V plus = minus + deviation;
      V near = near_discount * FN(plain_exp)(-0.5 * plus * plus);
      V far = far_discount * FN(plain_exp)(-0.5 * minus * minus);
      V cdf = FN(discounted_cdf)(plus, near, near_discount);
      if (e->is_smooth) {
        numerator += far * inverse * KEEL_INV_SQRT_2PI;
        denominator += FN(madd)(near * KEEL_INV_SQRT_2PI, inverse, cdf);
      } else {
        numerator += FN(discounted_cdf)(minus, far, far_discount);
        denominator += cdf;
      }
    }
    FN(store)(output + i, FN(log)(numerator / denominator) - e->log_limit);
  }
  for (int i = n; i < padded; i++) output[i] = output[i - n];
}

/* Iterates y in place until its last change, as a part of y, is within the tolerance, and writes the
   coefficients; the number of steps. From the second step on
   each goes where the last two point to: D. G. Anderson, "Iterative procedures for nonlinear integral equations",
   Journal of the ACM 12 (1965), of depth one. */
static int FN(exercise_solve)(
  const keel_exercise_rule *rule, const keel_exercise *e, const keel_exercise_limits *limits,
  double *restrict scratch, double *restrict y, double *restrict c, double *restrict change) {
  const int padded = (rule->nodes + 15) / 16 * 16;
  double *next = scratch, *last = next + padded, *last_gap = last + padded;
  double *discounts = last_gap + padded;
  int steps = 0, is_settled = 0;
  FN(exercise_discounts)(rule, e, discounts);
  *change = __builtin_inf();
  while (steps < limits->maximum_steps) {
    FN(exercise_step)(rule, e, discounts, y, c, next);
    double share = 0.0;
    if (steps++ > 0) {
      V top = FN(splat)(0.0), bottom = top;
      for (int i = 0; i < padded; i += KEEL_WIDTH) {
        V gap = FN(load)(next + i) - FN(load)(y + i), turn = gap - FN(load)(last_gap + i);
        top = FN(madd)(gap, turn, top);
        bottom = FN(madd)(turn, turn, bottom);
      }
      share = FN(vector_sum)(top) / FN(vector_sum)(bottom);
      if (!(__builtin_fabs(share) < limits->largest_share)) share = 0.0;
    }
    V most = FN(splat)(0.0);
    for (int i = 0; i < padded; i += KEEL_WIDTH) {
      V x = FN(load)(rule->positions + i), old = FN(load)(y + i);
      V gap = FN(load)(next + i) - old;
      V value = FN(madd)(gap, FN(splat)(limits->relaxation), old);
      if (share != 0.0)
        value -= share
          * FN(madd)(gap - FN(load)(last_gap + i), FN(splat)(limits->relaxation),
                     old - FN(load)(last + i));
      /* On its side of the limit. */
      value = FN(choose)((U)(value * e->sign <= 0.0), 0.5 * old, value);
      V moved = FN(magnitude)(value - old) * (x * x);
      most = FN(choose)((U)(moved <= most) | (U)(most != most), most, moved);
      FN(store)(last + i, old);
      FN(store)(last_gap + i, gap);
      FN(store)(y + i, value);
    }
    double lanes[KEEL_WIDTH], largest = 0.0;
    FN(store)(lanes, most);
    for (int k = 0; k < KEEL_WIDTH; k++)
      if (!(lanes[k] <= largest) && largest == largest) largest = lanes[k];
    *change = largest / __builtin_fabs(y[0]);
    is_settled = *change <= limits->tolerance || largest <= limits->rounding;
    if (is_settled || !(*change < __builtin_inf())) break;
  }
  FN(exercise_transform)(rule, e, y, c);
  return is_settled ? steps : -steps;
}

static void FN(exercise_premium)(
  const keel_exercise_rule *rule, const keel_exercise *e, const double *restrict c, double log_spot,
  double spot, double offset, double *restrict output) {
  const int pairs = rule->nodes / 2 + 1;
  const double r = e->rate, q = e->yield, sigma = e->volatility;
  V value = FN(splat)(0.0), delta = value, gamma = value;
  for (int j = 0; j < rule->points; j += KEEL_WIDTH) {
    V root = FN(load)(rule->roots + j), s = e->time * (root * root) + offset;
    V weight = FN(load)(rule->weights + j);
    V other = FN(log_boundary)(FN(load)(rule->places + j), c, pairs, e);
    V deviation = sigma * __builtin_elementwise_sqrt(s), inverse = 1.0 / deviation;
    V minus = FN(madd)(log_spot - other + (r - q) * s, inverse, -0.5 * deviation);
    V plus = minus + deviation;
    V near_discount = FN(exercise_discount)(-q * s), far_discount = FN(exercise_discount)(-r * s);
    V near = near_discount * FN(plain_exp)(-0.5 * plus * plus);
    V far = far_discount * FN(plain_exp)(-0.5 * minus * minus);
    V near_cdf = FN(discounted_cdf)(-plus, near, near_discount);
    V far_cdf = FN(discounted_cdf)(-minus, far, far_discount);
    V near_density = near * inverse * (q * spot * KEEL_INV_SQRT_2PI);
    V far_density = far * inverse * (r * KEEL_INV_SQRT_2PI);
    value = FN(madd)(weight, r * far_cdf - q * spot * near_cdf, value);
    delta = FN(madd)(weight, near_density - far_density - q * spot * near_cdf, delta);
    gamma = FN(madd)(
      weight,
      far_density * FN(madd)(minus, inverse, FN(splat)(1.0))
        + near_density * (1.0 - plus * inverse), gamma);
  }
  output[0] = e->time * FN(vector_sum)(value);
  output[1] = e->time * FN(vector_sum)(delta) / spot;
  output[2] = e->time * FN(vector_sum)(gamma) / (spot * spot);
}

/* Backward induction in place: v[j] = max(up v[j + 1] + down v[j], payoff at j), step by step. The spot at j
   is base ratios[j], and base grows by `growth` with each step back. */
static double FN(lattice)(
  double *restrict v, const double *restrict ratios, size_t steps, double sign, double strike,
  double base, double growth, double up, double down) {
  V zero = FN(splat)(0.0);
  for (size_t j = 0; j <= steps; j += KEEL_WIDTH) {
    V payoff = FN(madd)(FN(splat)(sign * base), FN(load)(ratios + j), FN(splat)(-sign * strike));
    FN(store)(v + j, payoff > zero ? payoff : zero);
  }
  for (size_t i = steps; i-- > 0;) {
    base *= growth;
    V scale = FN(splat)(sign * base), constant = FN(splat)(-sign * strike);
    for (size_t j = 0; j <= i; j += KEEL_WIDTH) {
      V waits = FN(madd)(FN(splat)(up), FN(load)(v + j + 1), FN(load)(v + j) * down);
      V payoff = FN(madd)(scale, FN(load)(ratios + j), constant);
      FN(store)(v + j, payoff > waits ? payoff : waits);
    }
  }
  return v[0];
}
