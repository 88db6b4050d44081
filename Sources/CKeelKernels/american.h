/* Exercise boundaries and early-exercise premiums of American puts on one unit of strike, once a level.

   Goals: errors below the collocation's own (1e-14 of a sum), no branches a point, speed. Every point has
   one Mills ratio and at most three exponentials; the boundary between the nodes is its Chebyshev sum,
   even and odd terms apart. The formulas stand in ExerciseCollocation.swift. */

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
  double sum = 0.0;
  for (int k = 0; k < KEEL_WIDTH; k++) sum += v[k];
  return sum;
}

/* Phi(-|d|) exp(d^2 / 2). */
INLINE V FN(tail_factor)(V d) {
  V low;
  return FN(half_line)(
    FN(clamped_magnitude)(d, 1e10), KEEL_PHI, KEEL_PHI_COUNT, KEEL_PHI_0_LOW, KEEL_PHI_SLOPE,
    KEEL_PHI_SLOPE_COUNT, &low);
}

/* exp(-rate s) Phi(d), from `density` = exp(-d^2 / 2 - rate s). */
INLINE V FN(discounted_cdf)(V d, V density, V discount) {
  V tail = density * FN(tail_factor)(d);
  return FN(choose)((U)(d > 0.0), discount - tail, tail);
}

/* ln(boundary / limit) at the positions z. */
INLINE V FN(log_boundary)(V z, const double *c, int pairs, double sign) {
  V h = FN(chebyshev_sum)(z, c, pairs);
  return sign * __builtin_elementwise_sqrt(FN(choose)((U)(h > 0.0), h, FN(splat)(0.0)));
}

static void FN(exercise_step)(
  const keel_exercise_rule *rule, const keel_exercise *e, const double *restrict y,
  double *restrict c, double *restrict output) {
  const int n = rule->nodes, pairs = n / 2 + 1;
  const double r = e->rate, q = e->yield, sigma = e->volatility, sign = e->sign;
  double numerators[KEEL_EXERCISE_NODES + KEEL_WIDTH], denominators[KEEL_EXERCISE_NODES + KEEL_WIDTH];
  for (int k = 0; k < 2 * pairs; k++) c[k] = 0.0;
  for (int i = 0; i < n; i++) {
    const double h = y[i] * y[i], *column = rule->transform + i * (n + 1);
    for (int k = 0; k <= n; k++) c[k] += column[k] * h;
  }
  for (int i = 0; i < n; i++) {
    const double x = rule->positions[i], tau = e->time * (x * x) * (x * x);
    const double root = __builtin_sqrt(tau) * sigma;
    V numerator = FN(splat)(0.0), denominator = numerator;
    for (int j = 0; j < rule->points; j += KEEL_WIDTH) {
      V sine = FN(load)(rule->sines + j), s = tau * (sine * sine), weight = FN(load)(rule->weights + j);
      V other = FN(log_boundary)(2.0 * x * FN(load)(rule->roots + j) - 1.0, c, pairs, sign);
      V deviation = root * sine, inverse = 1.0 / deviation;
      V minus = FN(madd)(y[i] - other + (r - q) * s, inverse, -0.5 * deviation);
      V plus = minus + deviation;
      V near = FN(exp)(-q * s - 0.5 * plus * plus), far = FN(exp)(-r * s - 0.5 * minus * minus);
      /* Phi of the boundary above continuation, -Phi(-d) of the one below it. */
      V cdf = -sign * FN(discounted_cdf)(-sign * plus, near, FN(exp)(-q * s));
      if (e->is_smooth) {
        numerator += weight * inverse * far;
        denominator = FN(madd)(weight, FN(madd)(near * KEEL_INV_SQRT_2PI, inverse, cdf), denominator);
      } else {
        V far_cdf = -sign * FN(discounted_cdf)(-sign * minus, far, FN(exp)(-r * s));
        numerator = FN(madd)(weight, far_cdf, numerator);
        denominator = FN(madd)(weight, cdf, denominator);
      }
    }
    const double scale = e->is_smooth ? KEEL_INV_SQRT_2PI : 1.0;
    numerators[i] = FN(vector_sum)(numerator) * (tau * r * scale);
    denominators[i] = FN(vector_sum)(denominator) * (tau * q);
  }
  for (int i = n; i % KEEL_WIDTH != 0; i++) numerators[i] = denominators[i] = 1.0;
  for (int i = 0; i < n; i += KEEL_WIDTH) {
    V x = FN(load)(rule->positions + i), tau = e->time * (x * x) * (x * x);
    V numerator = FN(load)(numerators + i), denominator = FN(load)(denominators + i);
    if (sign < 0.0) {
      V deviation = sigma * __builtin_elementwise_sqrt(tau), inverse = 1.0 / deviation;
      V minus = FN(madd)(FN(load)(y + i) + e->log_limit + (r - q) * tau, inverse, -0.5 * deviation);
      V plus = minus + deviation;
      V near = FN(exp)(-q * tau - 0.5 * plus * plus), far = FN(exp)(-r * tau - 0.5 * minus * minus);
      V cdf = FN(discounted_cdf)(plus, near, FN(exp)(-q * tau));
      if (e->is_smooth) {
        numerator += far * inverse * KEEL_INV_SQRT_2PI;
        denominator += FN(madd)(near * KEEL_INV_SQRT_2PI, inverse, cdf);
      } else {
        numerator += FN(discounted_cdf)(minus, far, FN(exp)(-r * tau));
        denominator += cdf;
      }
    }
    FN(store)(output + i, FN(log)(numerator / denominator) - e->log_limit);
  }
}

static void FN(exercise_premium)(
  const keel_exercise_rule *rule, const keel_exercise *e, const double *restrict c, double log_spot,
  double spot, double offset, double *restrict output) {
  const int pairs = rule->nodes / 2 + 1;
  const double r = e->rate, q = e->yield, sigma = e->volatility;
  V value = FN(splat)(0.0), delta = value, gamma = value;
  for (int j = 0; j < rule->points; j += KEEL_WIDTH) {
    V sine = FN(load)(rule->sines + j), s = e->time * (sine * sine) + offset;
    V weight = FN(load)(rule->weights + j);
    V other = FN(log_boundary)(2.0 * FN(load)(rule->roots + j) - 1.0, c, pairs, e->sign);
    V deviation = sigma * __builtin_elementwise_sqrt(s), inverse = 1.0 / deviation;
    V minus = FN(madd)(log_spot - other + (r - q) * s, inverse, -0.5 * deviation);
    V plus = minus + deviation;
    V near = FN(exp)(-q * s - 0.5 * plus * plus), far = FN(exp)(-r * s - 0.5 * minus * minus);
    V near_cdf = FN(discounted_cdf)(-plus, near, FN(exp)(-q * s));
    V far_cdf = FN(discounted_cdf)(-minus, far, FN(exp)(-r * s));
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
