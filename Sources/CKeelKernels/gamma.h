/* Log-gamma, digamma and what the incomplete functions need of them, once a level.

   Goals: relative accuracy of the last digits also next to the positive zeros, right limits, speed.
   Quotients of polynomials with the zeros divided out up to 10, asymptotic series above, one
   logarithm an element; reflection below zero (M. Abramowitz, I. A. Stegun, Handbook of
   Mathematical Functions, 6.1.17, 6.1.41, 6.3.7, 6.3.18). Parts that no element of a vector needs
   are skipped, which changes no result. */

#define KEEL_STIRLING_START 10.0
/* Below this log-gamma is -log x to full accuracy. */
#define KEEL_TINY_GAMMA 1e-20

INLINE V FN(log_gamma_quotient)(V x) {
  return FN(long_polynomial)(x, KEEL_LOG_GAMMA_NUMERATOR, 0, KEEL_LOG_GAMMA_COUNT)
    / FN(long_polynomial)(x, KEEL_LOG_GAMMA_DENOMINATOR, 0, KEEL_LOG_GAMMA_COUNT);
}

/* ln Gamma(1 + a) for 0 <= a <= 9. */
INLINE V FN(log_gamma_one_plus)(V a) {
  return a * (a - 1.0) * FN(log_gamma_quotient)(1.0 + a);
}

/* ln Gamma(x) less Stirling's formula for x >= 1. */
INLINE V FN(stirling_remainder)(V x) {
  V r = 1.0 / x, w = r * r;
  V n = FN(polynomial)(w, KEEL_REMAINDER_NUMERATOR, 0, KEEL_REMAINDER_COUNT);
  V d = FN(polynomial)(w, KEEL_REMAINDER_DENOMINATOR, 0, KEEL_REMAINDER_COUNT);
  return n / (d * x);
}

/* ln Gamma(x) for x > 0. */
INLINE V FN(log_gamma_positive)(V x) {
  U large = (U)(x >= KEEL_STIRLING_START), small = (U)(x < 0.5);
  V y = FN(splat)(0.0);
  if (FN(any)(~large)) {
    V u = FN(choose)(small, 1.0 + x, FN(choose)(large, FN(splat)(2.0), x));
    /* (u - 1)(u - 2), with x in place of the rounded u - 1. */
    V first = FN(choose)(small, x, u - 1.0), second = FN(choose)(small, x - 1.0, u - 2.0);
    y = (first * second) * FN(log_gamma_quotient)(u);
  }
  if (FN(any)(large | small)) {
    V low, l = FN(log_parts)(FN(choose)(large | small, x, FN(splat)(1.0)), &low);
    y = FN(choose)(small, y - l, y);
    if (FN(any)(large)) {
      /* (x - 1/2)(log x - 1) + (ln sqrt(2 pi) - 1/2) + series */
      V r = 1.0 / x, w = r * r;
      V series = r * FN(polynomial)(w, KEEL_STIRLING, 0, KEEL_STIRLING_COUNT);
      V h = l - 1.0, h_low = FN(sum_low)(l, FN(splat)(-1.0), h) + low;
      V stirling = FN(madd)(
        x - 0.5, h, FN(madd)(x, h_low, (KEEL_LOG_ROOT_2PI - 0.5) + series));
      y = FN(choose)(large, stirling, y);
    }
  }
  return FN(choose)((U)(x < __builtin_inf()), y, x);
}

/* y less the nearest whole number, exact, for 0 <= y < infinity; zero from 2^52 on. */
INLINE V FN(distance_to_whole)(V y) {
  V rounded = (y + 0x1p52) - 0x1p52;
  return FN(choose)((U)(y < 0x1p52), y - rounded, FN(splat)(0.0));
}

INLINE V FN(log_gamma)(V x) {
  U negative = (U)(x <= 0.0);
  V y = FN(magnitude)(x);
  V result = FN(log_gamma_positive)(y);
  if (FN(any)(negative)) {
    /* |Gamma(-y)| = pi / (y Gamma(y) |sin(pi y)|) */
    V d = FN(distance_to_whole)(FN(choose)((U)(y < __builtin_inf()), y, FN(splat)(0.0)));
    V sine = FN(magnitude)(d * FN(polynomial)(d * d, KEEL_SIN_PI, 0, KEEL_SIN_PI_COUNT));
    V reflected = FN(log)(KEEL_PI / (y * sine)) - result;
    reflected = FN(choose)((U)(y < KEEL_TINY_GAMMA), -FN(log)(y), reflected);
    reflected = FN(choose)((U)(d == 0.0), FN(splat)(__builtin_inf()), reflected);
    result = FN(choose)(negative, reflected, result);
  }
  return FN(choose)((U)(x == x), result, x);
}

/* psi(x) for x >= 1. */
INLINE V FN(digamma_above_one)(V x) {
  U large = (U)(x >= KEEL_STIRLING_START);
  V y = FN(splat)(0.0);
  if (FN(any)(~large)) {
    V u = FN(choose)(large, FN(splat)(2.0), x);
    V quotient = FN(long_polynomial)(u, KEEL_DIGAMMA_NUMERATOR, 0, KEEL_DIGAMMA_COUNT)
      / FN(long_polynomial)(u, KEEL_DIGAMMA_DENOMINATOR, 0, KEEL_DIGAMMA_COUNT);
    y = ((u - KEEL_DIGAMMA_ROOT) - KEEL_DIGAMMA_ROOT_LOW) * quotient;
  }
  if (FN(any)(large)) {
    V r = 1.0 / x, w = r * r;
    V series = FN(polynomial)(w, KEEL_DIGAMMA_SERIES, 0, KEEL_DIGAMMA_SERIES_COUNT);
    V far = FN(log)(FN(choose)(large, x, FN(splat)(1.0))) - FN(madd)(w, series, 0.5 * r);
    y = FN(choose)(large, far, y);
  }
  return y;
}

INLINE V FN(digamma)(V x) {
  /* psi(x) = psi(1 + x) - 1/x below 1; psi(-y) = psi(1 + y) + pi / tan(pi y). */
  U negative = (U)(x < 0.0), shifted = (U)(x < 1.0);
  V y = FN(magnitude)(x), far = FN(splat)(0x1p52);
  U beyond = negative & (U)(y >= far);
  V u = FN(choose)(shifted, 1.0 + FN(choose)(beyond, FN(splat)(0.0), y), x);
  V result = FN(digamma_above_one)(u);
  result = FN(choose)(shifted & ~negative, result - 1.0 / x, result);
  if (FN(any)(negative)) {
    V d = FN(distance_to_whole)(FN(choose)(beyond, FN(splat)(0.0), y)), q = d * d;
    V sine = d * FN(polynomial)(q, KEEL_SIN_PI, 0, KEEL_SIN_PI_COUNT);
    V cosine = (0.25 - q) * FN(polynomial)(q, KEEL_COS_PI, 0, KEEL_COS_PI_COUNT);
    /* 1 + y loses a small y, but psi is flat there against pi / tan. */
    V reflected = result + KEEL_PI * cosine / sine;
    reflected = FN(choose)((U)(d == 0.0), FN(splat)(__builtin_nan("")), reflected);
    result = FN(choose)(negative, reflected, result);
  }
  result = FN(choose)((U)(x == __builtin_inf()), x, result);
  return FN(choose)((U)(x == x), result, x);
}
