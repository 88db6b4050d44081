/* Exponential and logarithm, once a level.

   Goals: 1 ulp, right limits, speed. The exponential is 2^n (1 + r + v) with |r| <= ln(2) / 2;
   a factor in two parts is multiplied in before the last rounding. The logarithm is the scheme of
   fdlibm's e_log.c (Sun Microsystems, 1993), with the polynomial from kernel_coefficients.py. */

/* 1.5 * 2^52: adding it rounds to an integer, which then stands in the low bits. */
#define KEEL_ROUNDER 0x1.8p52
#define KEEL_LOG2_E 0x1.71547652b82fep+0
/* ln 2 in two parts; the first has 32 bits, so that its product with n is exact. */
#define KEEL_LN2_HIGH 0x1.62e42feep-1
#define KEEL_LN2_LOW 0x1.a39ef35793c76p-33

/* exp(a + low) = 2^n (1 + r + v) for |a| < 2000; n in two's complement; v is below r^2. */
INLINE V FN(exp_parts)(V a, V low, V *v, U *n) {
  V rounded = FN(madd)(a, FN(splat)(KEEL_LOG2_E), FN(splat)(KEEL_ROUNDER));
  V count = rounded - KEEL_ROUNDER;
  *n = FN(bits)(rounded) - 0x4338000000000000u;
  V first = FN(madd)(count, FN(splat)(-KEEL_LN2_HIGH), a);
  V second = FN(madd)(count, FN(splat)(-KEEL_LN2_LOW), low);
  V r = first + second;
  V r_low = (first - r) + second;
  *v = FN(madd)(r * r, FN(long_polynomial)(r, KEEL_EXP, 0, KEEL_EXP_COUNT), r_low);
  return r;
}

/* Up to here n is zero. */
#define KEEL_EXP_RANGE 0x1.62e42fefa39efp-2

/* exp(a) - 1 up to this range: the same bits as r + v. */
INLINE V FN(short_expm1)(V a) {
  return a + (a * a) * FN(long_polynomial)(a, KEEL_EXP, 0, KEEL_EXP_COUNT);
}

/* y 2^n in two steps, so that a subnormal result is rounded once. */
INLINE V FN(scale)(V y, U n) {
  U half = ((n + 4096u) >> 1) - 2048u;
  V first = FN(value)((half + 1023u) << 52), second = FN(value)((n - half + 1023u) << 52);
  return (y * first) * second;
}

/* (high + low) exp(a + a_low), rounded once but for what r and v lost. */
INLINE V FN(times_exp)(V high, V low, V a, V a_low) {
  U n;
  V v, r = FN(exp_parts)(a, a_low, &v, &n);
  V product = high * r, sum = high + product;
  V rest = ((high - sum) + product) + FN(madd)(high, v, FN(madd)(low, r, low));
#if KEEL_FMA
  rest += FN(product_low)(high, r, product);
#endif
  return FN(scale)(sum + rest, n);
}

INLINE V FN(exp)(V x) {
  /* Beyond these the result is zero or infinite; NaN passes. */
  V a = FN(choose)((U)(x < -750.0), FN(splat)(-750.0), x);
  a = FN(choose)((U)(a > 710.0), FN(splat)(710.0), a);
  return FN(times_exp)(FN(splat)(1.0), FN(splat)(0.0), a, FN(splat)(0.0));
}

/* log(x) = e ln 2 + log(1 + f) for positive, finite, normal x. */
INLINE V FN(log_reduce)(V x, V *f) {
  U ix = FN(bits)(x) + (0x3ff0000000000000u - 0x3fe6a09e667f3bcdu);
  *f = FN(value)((ix & 0x000fffffffffffffu) + 0x3fe6a09e667f3bcdu) - 1.0;
  /* The exponent as a double: its bits under those of 2^52. */
  return FN(value)((ix >> 52) | 0x4330000000000000u) - (0x1p52 + 1023.0);
}

/* log(x) for positive, finite x; `low` is what the last rounding took. */
INLINE V FN(log_parts)(V x, V *low) {
  U tiny = (U)(x < 0x1p-1022);
  V scaled = FN(choose)(tiny, x * 0x1p54, x), f;
  V e = FN(log_reduce)(scaled, &f) - FN(choose)(tiny, FN(splat)(54.0), FN(splat)(0.0));
  V s = f / (f + 2.0), q = s * s, h = 0.5 * f * f;
  V tail = q * FN(polynomial)(q, KEEL_LOG, 0, KEEL_LOG_COUNT);
  V first = e * KEEL_LN2_HIGH, second = f - (h - FN(madd)(s, h + tail, e * KEEL_LN2_LOW));
  V y = first + second;
  *low = FN(sum_low)(first, second, y);
  return y;
}

INLINE V FN(log)(V x) {
  V low, y = FN(log_parts)(x, &low);
  y = FN(choose)((U)(x == 0.0), FN(splat)(-__builtin_inf()), y);
  y = FN(choose)((U)(x < 0.0), FN(splat)(__builtin_nan("")), y);
  /* Plus infinity and NaN give themselves. */
  return FN(choose)((U)(x < __builtin_inf()), y, x);
}
