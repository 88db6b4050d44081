/* The error function family and the normal distribution, once a level.

   Goals: 2 ulp in both tails down to the least normal number, right limits, no branches, speed.
   Both tails come from one smooth function on the half line, (t + k) e^(t^2) erfc(t), expanded in
   s = (t - k) / (t + k) = 1 - 2 k u with u = 1 / (t + k). The last two steps of
   the polynomial, the division and the product carry their rounding errors, and so does the square in the exponent;
   what remains is about one ulp. The quantile has the intervals of M. J. Wichura, "Algorithm AS 241",
   Applied Statistics 37 (1988), and its own quotients of polynomials. */

#define KEEL_HALF_LINE_CHAIN 4

/* u P(s) as high + low, for t >= 0. `c0_low` is what rounding took from the first coefficient;
   `slope` is P' to few digits. */
INLINE V FN(half_line)(
  V t, const double *c, int count, double c0_low, const double *slope,
  int slope_count, V *low) {
  V d = t + KEEL_HALF_LINE_K;
  V d_low = FN(sum_low)(t, FN(splat)(KEEL_HALF_LINE_K), d);
  V u = 1.0 / d;
  /* 1 / (d + d_low) = u (1 + rest). */
  V one = u * d;
  V rest = ((1.0 - one) - FN(product_low)(u, d, one)) - u * d_low;
  V m = u * (2.0 * KEEL_HALF_LINE_K);
  V s = 1.0 - m;
  V s_low = FN(sum_low)(FN(splat)(1.0), -m, s) - m * rest;

  /* Two chains cancel where the coefficients are large; those come one by one. */
  V q = FN(long_polynomial)(s, c, KEEL_HALF_LINE_CHAIN, count);
#pragma clang loop unroll(full)
  for (int i = KEEL_HALF_LINE_CHAIN - 1; i > 1; i--) q = FN(madd)(s, q, FN(splat)(c[i]));
  V sq = s * q;
  q = sq + c[1];
  V q_low = FN(sum_low)(FN(splat)(c[1]), sq, q);
  sq = s * q;
  V p = sq + c[0];
  V p_low = FN(sum_low)(FN(splat)(c[0]), sq, p)
    + (FN(product_low)(s, q, sq) + FN(madd)(s, q_low, FN(splat)(c0_low)));
  p_low = FN(madd)(FN(polynomial)(s, slope, 0, slope_count), s_low, p_low);

  V high = u * p;
  *low = FN(madd)(u, FN(madd)(p, rest, p_low), FN(product_low)(u, p, high));
  return high;
}

INLINE V FN(erfc_half_line)(V t, V *low) {
  return FN(half_line)(
    t, KEEL_ERFC, KEEL_ERFC_COUNT, KEEL_ERFC_0_LOW, KEEL_ERFC_SLOPE,
    KEEL_ERFC_SLOPE_COUNT, low);
}

/* min(|x|, limit); NaN passes. */
INLINE V FN(clamped_magnitude)(V x, double limit) {
  V t = FN(magnitude)(x);
  return FN(choose)((U)(t > limit), FN(splat)(limit), t);
}

/* erfc(t) is zero beyond 27.3, Phi(-t) beyond 38.6. */
#define KEEL_ERFC_LIMIT 28.0
#define KEEL_NORMAL_LIMIT 40.0

/* erfc(|x|). */
INLINE V FN(erfc_tail)(V x) {
  V t = FN(clamped_magnitude)(x, KEEL_ERFC_LIMIT), low;
  V high = FN(erfc_half_line)(t, &low);
  V square = t * t;
  return FN(times_exp)(high, low, -square, -FN(product_low)(t, t, square));
}

INLINE V FN(erfc)(V x) {
  V tail = FN(erfc_tail)(x);
  return FN(choose)((U)(x < 0.0), 2.0 - tail, tail);
}

INLINE V FN(erf)(V x) {
  V t = FN(magnitude)(x), q = t * t;
  V far = 1.0 - FN(erfc_tail)(x);
  V p = q * FN(polynomial)(q, KEEL_ERF, 1, KEEL_ERF_COUNT) + KEEL_ERF_0_LOW;
  V near = FN(madd)(t, p, t * KEEL_ERF[0]);
  V y = FN(choose)((U)(t < 0.5), near, far);
  return FN(value)(FN(bits)(y) | (FN(bits)(x) & 0x8000000000000000u));
}

INLINE V FN(scaled_erfc)(V x) {
  V t = FN(clamped_magnitude)(x, 1e10), low;
  V high = FN(erfc_half_line)(t, &low);
  /* 2 exp(x^2) - scaled_erfc(|x|) for negative x, infinite below -26.7. */
  V b = FN(clamped_magnitude)(x, KEEL_ERFC_LIMIT), square = b * b, zero = FN(splat)(0.0);
  V growth = FN(times_exp)(FN(splat)(2.0), zero, square, FN(product_low)(b, b, square));
  V difference = growth - high;
  V difference_low = FN(sum_low)(growth, -high, difference) - low;
  /* Infinite growth has no low part. */
  difference_low = FN(choose)((U)(growth < __builtin_inf()), difference_low, zero);
  V y = FN(choose)((U)(x < 0.0), difference + difference_low, high + low);
  /* 1 / (x sqrt(pi)), whose relative error is 1 / (2 x^2). */
  return FN(choose)((U)(x > 1e10), KEEL_INV_SQRT_PI / x, y);
}

INLINE V FN(normal_pdf)(V x) {
  V t = FN(clamped_magnitude)(x, KEEL_NORMAL_LIMIT), square = t * t;
  return FN(times_exp)(
    FN(splat)(KEEL_INV_SQRT_2PI), FN(splat)(KEEL_INV_SQRT_2PI_LOW), -0.5 * square,
    -0.5 * FN(product_low)(t, t, square));
}

INLINE V FN(normal_survival)(V x) {
  V t = FN(clamped_magnitude)(x, KEEL_NORMAL_LIMIT), low;
  V high = FN(half_line)(
    t, KEEL_PHI, KEEL_PHI_COUNT, KEEL_PHI_0_LOW, KEEL_PHI_SLOPE,
    KEEL_PHI_SLOPE_COUNT, &low);
  V square = t * t;
  V tail = FN(times_exp)(high, low, -0.5 * square, -0.5 * FN(product_low)(t, t, square));
  return FN(choose)((U)(x < 0.0), 1.0 - tail, tail);
}

INLINE V FN(normal_cdf)(V x) { return FN(normal_survival)(-x); }

/* The polynomial whose coefficients are those of the element's interval. */
INLINE V FN(chosen_polynomial)(
  V r, U central, U middle, const double *a, const double *b, const double *c) {
  V y = FN(splat)(0.0);
#pragma clang loop unroll(full)
  for (int i = KEEL_QUANTILE_COUNT - 1; i >= 0; i--) {
    V k = FN(choose)(middle, FN(splat)(b[i]), FN(splat)(c[i]));
    y = FN(madd)(y, r, FN(choose)(central, FN(splat)(a[i]), k));
  }
  return y;
}

/* The leading term and a correction: z = sqrt(2 pi) h + h^3 C(h^2) for p = 1/2 + h near 1/2, and
   z = sqrt(2) r + T(r) with r = sqrt(-log p) in the tails, so that the errors of the quotients C
   and T count for less than half. */
INLINE V FN(normal_quantile)(V x) {
  V q = x - 0.5, h = FN(magnitude)(q);
  U central = (U)(h <= 0.425);
  V root = __builtin_elementwise_sqrt(-FN(log)(FN(choose)((U)(q < 0.0), x, 1.0 - x)));
  U middle = (U)(root <= 5.2);
  /* 0.425^2 - h^2, written so that the difference keeps its digits. */
  V r = FN(choose)(central, (0.425 - h) * (0.425 + h), root);
  V numerator = FN(chosen_polynomial)(
    r, central, middle, KEEL_CENTRAL_NUMERATOR, KEEL_MIDDLE_NUMERATOR, KEEL_FAR_NUMERATOR);
  V denominator = FN(chosen_polynomial)(
    r, central, middle, KEEL_CENTRAL_DENOMINATOR, KEEL_MIDDLE_DENOMINATOR, KEEL_FAR_DENOMINATOR);
  V correction = FN(choose)(central, h * h * h, FN(splat)(1.0)) * numerator / denominator;
  V base = FN(choose)(central, h, root);
  V slope = FN(choose)(central, FN(splat)(KEEL_SQRT_2PI), FN(splat)(KEEL_SQRT_2));
  V slope_low = FN(choose)(central, FN(splat)(KEEL_SQRT_2PI_LOW), FN(splat)(KEEL_SQRT_2_LOW));
  V product = base * slope;
  V low = FN(product_low)(base, slope, product) + FN(madd)(base, slope_low, correction);
  V y = product + low;
  y = FN(value)(FN(bits)(y) | (FN(bits)(q) & 0x8000000000000000u));
  y = FN(choose)((U)(x == 0.0), FN(splat)(-__builtin_inf()), y);
  y = FN(choose)((U)(x == 1.0), FN(splat)(__builtin_inf()), y);
  U inside = (U)(x >= 0.0) & (U)(x <= 1.0);
  return FN(choose)(inside, y, FN(splat)(__builtin_nan("")));
}
