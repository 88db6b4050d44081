/* Logarithms in nearly twice the precision, once a level, and exp - 1 and log(1 + x).

   Goals: the exponent of a density near 1e-300 keeps 60 bits, no branches, speed. The logarithm is
   2 artanh s, s = f / (2 + f), with the division, the product f s and the cubic term in two
   parts. */

/* Whether any element of the mask is set. */
INLINE int FN(any)(U mask) { return __builtin_reduce_or(mask) != 0; }

/* A number in two parts. */
typedef struct {
  V high, low;
} FN(pair);
#define P FN(pair)

INLINE P FN(sum)(V a, V b) {
  V s = a + b;
  return (P){s, FN(sum_low)(a, b, s)};
}

/* The same where a is the larger in magnitude, or zero. */
INLINE P FN(ordered_sum)(V a, V b) {
  V s = a + b;
  return (P){s, b - (s - a)};
}

INLINE P FN(product)(V a, V b) {
  V p = a * b;
  return (P){p, FN(product_low)(a, b, p)};
}

/* The sum of two pairs and the product with a number; the low part is rounded once or twice. */
INLINE P FN(pair_sum)(P a, P b) {
  P s = FN(sum)(a.high, b.high);
  return FN(ordered_sum)(s.high, s.low + (a.low + b.low));
}

/* a b + c, whose low part is exact to a few bits where c and the result are of like size. */
INLINE P FN(step)(V a, V b, V c) {
#if KEEL_FMA
  V y = FN(madd)(a, b, c);
  return (P){y, FN(madd)(a, b, c - y)};
#else
  P p = FN(product)(a, b), y = FN(sum)(c, p.high);
  return (P){y.high, y.low + p.low};
#endif
}

INLINE P FN(pair_product)(P a, V b) {
  P p = FN(product)(a.high, b);
  return (P){p.high, FN(madd)(a.low, b, p.low)};
}

INLINE P FN(pair_choose)(U mask, P a, P b) {
  return (P){FN(choose)(mask, a.high, b.high), FN(choose)(mask, a.low, b.low)};
}

/* Below this a number is scaled by 2^200, so that its last bits are normal numbers. */
#define KEEL_SCALED_BELOW 0x1p-800

/* log m - d, where d is m - 1 or zero: with m - 1 the two leading terms cancel on paper where m is
   next to 1. m.high must be positive and finite; d.low and m.low count to first order. */
INLINE P FN(log_less)(P m, P d, U subtracts) {
  U tiny = (U)(m.high < KEEL_SCALED_BELOW);
  V scale = FN(choose)(tiny, FN(splat)(0x1p200), FN(splat)(1.0));
  V x = m.high * scale, f;
  V e = FN(log_reduce)(x, &f) - FN(choose)(tiny, FN(splat)(200.0), FN(splat)(0.0));
  U direct = subtracts & (U)(e == 0.0);
  f = FN(choose)(direct, d.high, f);
  V t = 2.0 + f, t_low = FN(sum_low)(FN(splat)(2.0), f, t), r = 1.0 / t;
  V s = f * r;
  P back = FN(product)(s, t);
  V s_low = (((f - back.high) - back.low) - s * t_low) * r;
  /* 2/3 s^3 in two parts, the rest of the series in one. */
  P square = FN(product)(s, s);
  square.low = FN(madd)(2.0 * s, s_low, square.low);
  P cube = FN(pair_product)(square, s);
  cube.low = FN(madd)(square.high, s_low, cube.low);
  P third = FN(pair_product)(cube, FN(splat)(KEEL_TWO_THIRDS));
  third.low = FN(madd)(cube.high, FN(splat)(KEEL_TWO_THIRDS_LOW), third.low);
  V rest = cube.high * (square.high * FN(polynomial)(square.high, KEEL_LOG, 1, KEEL_LOG_COUNT));
  third.low += rest;
  /* log(1 + f) - f = -f s + 2/3 s^3 + ..., else e log 2 + 2 s - d + ... */
  P near = FN(product)(-f, s);
  near.low = FN(madd)(-f, s_low, near.low);
  P far = FN(sum)(e * KEEL_LN2_HIGH, 2.0 * s);
  far.low += FN(madd)(FN(splat)(2.0), s_low, e * KEEL_LN2_LOW);
  V removed = FN(choose)(subtracts, d.high, FN(splat)(0.0));
  P less = FN(sum)(far.high, -removed);
  less.low += far.low;
  P lead = FN(pair_choose)(direct, near, less);
  /* First order in the low parts: f.low / m, less d.low. */
  V moved = m.low / m.high;
  V direct_moved = -d.high * d.low / m.high;
  V far_moved = moved - FN(choose)(subtracts, d.low, FN(splat)(0.0));
  lead.low += FN(choose)(direct, direct_moved, far_moved);
  return FN(pair_sum)(lead, third);
}

/* log x in two parts; the low part of x counts to first order. */
INLINE P FN(log_pair)(P x) {
  P none = {FN(splat)(0.0), FN(splat)(0.0)};
  x.high = FN(choose)((U)(x.high > 0.0), x.high, FN(splat)(0x1p-1074));
  return FN(log_less)(x, none, (U)(none.high != none.high));
}

/* log m - d for d = m - 1, each to its own full relative accuracy. Not positive. */
INLINE P FN(log_excess)(P m, P d) {
  m.high = FN(choose)((U)(m.high > 0.0), m.high, FN(splat)(0x1p-1074));
  return FN(log_less)(m, d, (U)(m.high == m.high));
}

/* factor exp(e). */
INLINE V FN(factor_exp)(V factor, P e) {
  U small = (U)(e.high < -800.0), large = (U)(e.high > 720.0);
  V high = FN(choose)(small, FN(splat)(-800.0), FN(choose)(large, FN(splat)(720.0), e.high));
  V low = FN(choose)(small | large, FN(splat)(0.0), e.low);
  return FN(times_exp)(factor, FN(splat)(0.0), high, low);
}

/* exp(x) - 1 for x up to 700. */
INLINE V FN(expm1)(V x) {
  U n;
  V a = FN(choose)((U)(x < -60.0), FN(splat)(-60.0), x), v;
  a = FN(choose)((U)(a > 700.0), FN(splat)(700.0), a);
  V r = FN(exp_parts)(a, FN(splat)(0.0), &v, &n);
  V power = FN(value)((n + 1023u) << 52);
  return FN(madd)(power, r + v, power - 1.0);
}

/* log(1 + x) for x > -1; the logarithm's own limits. */
INLINE V FN(log1p)(V x) {
  V u = 1.0 + x, low = FN(sum_low)(FN(splat)(1.0), x, u);
  U ordinary = (U)(u > 0.0) & (U)(u < 0x1p1000);
  V y = FN(log)(u) + FN(choose)(ordinary, low / u, FN(splat)(0.0));
  return FN(choose)((U)(x == x), y, x);
}
