/* The regularized incomplete beta function, once a level.

   Goals: relative accuracy in both tails, bounded time, speed. The methods and regions of the
   scalar form (IncompleteBeta.swift), turned to the side of the mean where they converge: power
   series, continued fraction of DiDonato and Morris by the recurrence of its convergents, a series
   for the complement when a parameter is small, the uniform expansion when both are large. The
   density's exponent is a sum of two terms of one sign, a (log m - (m - 1)) with m the argument
   over the mean, so that nothing cancels. Blocks are sorted by method, as for gamma.

   An argument is one number: x, or -y for y = 1 - x where the sign is set. */

#define KEEL_POWER_PRODUCT 2.0
#define KEEL_POWER_ARGUMENT 0.7
#define KEEL_COMPLEMENT_PRODUCT 1.0
#define KEEL_COMPLEMENT_ARGUMENT 0.5
/* Above these values of the tail below the mean the other one is computed by itself: the second for
   small parameters, whose inverse multiplies the tail's error. */
#define KEEL_BETA_SUBTRAHEND 0.9
#define KEEL_SMALL_SUBTRAHEND 0.5
#define KEEL_BETA_UNIFORM 1e8
/* Below this distance from the mean a series replaces a difference in the uniform expansion. */
#define KEEL_UNIFORM_SERIES 0.01
/* Beyond this distance the next term counts, and loses nothing to cancellation. */
#define KEEL_UNIFORM_FURTHER 1.0
/* Two parameters above the first give a step; one above the second the law of gamma. */
#define KEEL_STEP_PARAMETER 1e32
#define KEEL_GAMMA_PARAMETER 1e100
/* Four terms each; a few times the square root of the smaller parameter at the mean. */
#define KEEL_BETA_ROUNDS 50000

/* What depends on the parameters alone, the smaller one first. */
typedef struct {
  V small, large, inverse_small, inverse_large, factor, shift;
  P sum;
} FN(beta_shape);

/* A point turned to the side of the mean where x is below it. */
typedef struct {
  P x, y;
  V a, b;
  U mirrored;
} FN(beta_point);

/* 1 / Gamma(1 + s) for 0 <= s <= 2. */
INLINE V FN(reciprocal_gamma)(V s) {
  U above = (U)(s > 1.0);
  V u = FN(choose)(above, s - 1.0, s);
  V y = FN(polynomial)(u, KEEL_RECIPROCAL_GAMMA, 0, KEEL_RECIPROCAL_GAMMA_COUNT);
  return FN(choose)(above, y / s, y);
}

/* Gamma(a + b) / (Gamma(a) Gamma(b)) is factor exp(-shift) over the exponent's largest value. */
INLINE FN(beta_shape) FN(beta_shape_of)(V a, V b) {
  FN(beta_shape) s;
  U swapped = (U)(b < a);
  s.small = FN(choose)(swapped, b, a);
  s.large = FN(choose)(swapped, a, b);
  s.sum = FN(sum)(s.large, s.small);
  s.inverse_small = 1.0 / s.small;
  s.inverse_large = 1.0 / s.large;
  V share = s.large / s.sum.high, one = FN(splat)(1.0), root = FN(splat)(0.0);
  U below = (U)(s.small < 1.0), both_below = (U)(s.large < 1.0);
  s.factor = root;
  s.shift = root;
  if (FN(any)(~both_below)) {
    V u = FN(choose)(both_below, one, s.large), v = FN(choose)(both_below, one, s.sum.high);
    V shift = FN(stirling_remainder)(u) - FN(stirling_remainder)(v);
    root = __builtin_elementwise_sqrt(share);
    V first = FN(stirling_remainder)(FN(choose)(below, one, s.small));
    shift += FN(choose)(below, FN(splat)(0.0), first);
    s.shift = FN(choose)(both_below, s.shift, shift);
    s.factor = root * __builtin_elementwise_sqrt(s.small) * KEEL_INV_SQRT_2PI;
  }
  if (FN(any)(below)) {
    V u = FN(choose)(below, s.small, one);
    V first = s.small * FN(reciprocal_gamma)(u);
    s.factor = FN(choose)(below, first * root, s.factor);
    if (FN(any)(both_below)) {
      V w = FN(choose)(both_below, s.large, one);
      V v = FN(choose)(both_below, s.sum.high, one);
      V both = first * share * FN(reciprocal_gamma)(w) / FN(reciprocal_gamma)(v);
      s.factor = FN(choose)(both_below, both, s.factor);
    }
  }
  return s;
}

/* a / b given 1 / b. */
INLINE P FN(pair_quotient)(P a, V b, V inverse) {
  V q = a.high * inverse;
  P back = FN(product)(q, b);
  return (P){q, (((a.high - back.high) - back.low) + a.low) * inverse};
}

INLINE P FN(pair_times)(P a, P b) {
  P p = FN(pair_product)(a, b.high);
  return (P){p.high, FN(madd)(a.high, b.low, p.low)};
}

/* The logarithm of x^a y^b over its largest value where the parameters are at least 1. */
INLINE P FN(beta_exponent)(FN(beta_shape) s, FN(beta_point) p) {
  /* u belongs to the smaller parameter. */
  U swapped = (U)(p.b < p.a);
  P u = FN(pair_choose)(swapped, p.y, p.x), v = FN(pair_choose)(swapped, p.x, p.y);
  P minus = {-v.high, -v.low}, e;
  P deviation = FN(pair_sum)(FN(pair_product)(u, s.large), FN(pair_product)(minus, s.small));
  P us = FN(pair_times)(u, s.sum), vs = FN(pair_times)(v, s.sum);
  P back = {-deviation.high, -deviation.low};
  U below = (U)(s.small < 1.0), both_below = (U)(s.large < 1.0);
  P second = FN(pair_product)(
    FN(log_excess)(
      FN(pair_quotient)(vs, s.large, s.inverse_large),
      FN(pair_quotient)(back, s.large, s.inverse_large)),
    s.large);
  P first = second;
  if (FN(any)(~below)) {
    first = FN(pair_product)(
      FN(log_excess)(
        FN(pair_quotient)(us, s.small, s.inverse_small),
        FN(pair_quotient)(deviation, s.small, s.inverse_small)),
      s.small);
  }
  if (FN(any)(below)) {
    /* a log (x s) - x s takes the place of the first term. */
    P l = FN(pair_product)(FN(log_pair)(us), s.small), less = {-us.high, -us.low};
    first = FN(pair_choose)(below, FN(pair_sum)(l, less), first);
  }
  e = FN(pair_sum)(first, second);
  if (FN(any)(both_below)) {
    P plain = FN(pair_sum)(
      FN(pair_product)(FN(log_pair)(u), s.small), FN(pair_product)(FN(log_pair)(v), s.large));
    e = FN(pair_choose)(both_below, plain, e);
  }
  return FN(pair_choose)((U)(e.high > -1e4), e, (P){FN(splat)(-1e4), FN(splat)(0.0)});
}

/* x^a y^b / B(a, b). */
INLINE V FN(beta_density)(FN(beta_shape) s, P e) {
  P minus = {-s.shift, FN(splat)(0.0)};
  return FN(factor_exp)(s.factor, FN(pair_sum)(e, minus));
}

/* sum (s)(s + 1) ... (s + n - 1) x^n / ((a + 1) ... (a + n)), s = a + b, four terms each. */
INLINE V FN(beta_series)(V x, V a, V b) {
  V term = FN(splat)(1.0), rest = FN(splat)(0.0), base = a, g = (a + b) * x;
  U active = (U)(x == x);
  for (int round = 0; round < KEEL_GAMMA_ROUNDS && FN(any)(active); round++) {
    V a1 = base + 1.0, a2 = base + 2.0, a3 = base + 3.0, a4 = base + 4.0;
    V g2 = g + x, g3 = FN(madd)(x, FN(splat)(2.0), g), g4 = FN(madd)(x, FN(splat)(3.0), g);
    V a34 = a3 * a4;
    V ratio = term / ((a1 * a2) * a34) * g;
    V inner = FN(madd)(g2, FN(madd)(g3, a4 + g4, a34), a2 * a34);
    V next = FN(madd)(ratio, inner, rest);
    rest = FN(choose)(active, next, rest);
    term = ratio * (g2 * g3) * g4;
    base = a4;
    g = FN(madd)(x, FN(splat)(4.0), g);
    active &= (U)(term >= (1.0 + rest) * KEEL_LAST_TERM);
  }
  return 1.0 + rest;
}

/* What multiplies the density, for x up to about the mean. */
INLINE V FN(beta_fraction)(P x, P y, V a, V b) {
  P minus = {-x.high, -x.low};
  /* a - (a + b) x, exact before its rounding, and one more. */
  V distance = FN(pair_sum)(FN(pair_product)(y, a), FN(pair_product)(minus, b)).high + 1.0;
  V slope = 1.0 + y.high, one = FN(splat)(1.0), sum = a + b;
  V w = 1.0 / (a + 1.0);
  V a0 = one, a1 = (a * w) * distance, b0 = FN(splat)(0.0), b1 = one, top = one, bottom = a1;
  U active = (U)(x.high == x.high);
  for (int round = 0; round < KEEL_BETA_ROUNDS && FN(any)(active); round++) {
#pragma clang loop unroll(full)
    for (int k = 1; k <= 4; k++) {
      double n = 4.0 * round + k;
      V next = 1.0 / (a + (2.0 * n + 1.0));
      V product = ((b - n) * x.high) * (n * w);
      V numerator = ((a + (n - 1.0)) * w) * ((sum + (n - 1.0)) * x.high) * product;
      V linear = FN(madd)(slope, FN(splat)(n), distance);
      V denominator = FN(madd)((a + n) * next, linear, n + product);
      V a2 = FN(madd)(denominator, a1, numerator * a0);
      V b2 = FN(madd)(denominator, b1, numerator * b0);
      a0 = a1;
      b0 = b1;
      a1 = a2;
      b1 = b2;
      w = next;
    }
    FN(rescale)(&a0, &a1, &b0, &b1);
    top = FN(choose)(active, b1, top);
    bottom = FN(choose)(active, a1, bottom);
    V left = a1 * b0, right = a0 * b1;
    active &= (U)(FN(magnitude)(left - right) > 0x1p-53 * FN(magnitude)(left));
  }
  return top / bottom;
}

/* ln Gamma(b + a) - ln Gamma(b) for 0 < a < 1 <= b, relative accuracy for small a too. */
INLINE V FN(log_gamma_step)(V b, V a) {
  V top = b + a, u = 1.0 / b, v = 1.0 / top, w0 = u * u, w1 = v * v;
  /* Divided differences of the quotient N / D of Stirling's remainder, by Horner's scheme. */
  V n = FN(splat)(0.0), d = n, dn = n, dd = n;
#pragma clang loop unroll(full)
  for (int i = KEEL_REMAINDER_COUNT - 1; i >= 0; i--) {
    dn = FN(madd)(dn, w1, n);
    n = FN(madd)(n, w0, FN(splat)(KEEL_REMAINDER_NUMERATOR[i]));
    dd = FN(madd)(dd, w1, d);
    d = FN(madd)(d, w0, FN(splat)(KEEL_REMAINDER_DENOMINATOR[i]));
  }
  V dw = -a * (b + top) * (w0 * w1);
  V quotient = n / d;
  /* v N1/D1 - u N/D = u (N1/D1 - N/D) + (v - u) N1/D1 */
  V change = (dn - dd * quotient) * dw / FN(madd)(dd, dw, d);
  V remainder = FN(madd)(u, change, -a * u * v * (quotient + change));
  return (top - 0.5) * FN(log1p)(a * u) + a * (FN(log)(b) - 1.0) + remainder;
}

/* The same for every b > 0, by one step of the recurrence below 1. */
INLINE V FN(log_gamma_step_from)(V b, V a) {
  U low = (U)(b < 1.0);
  V y = FN(log_gamma_step)(FN(choose)(low, 1.0 + b, b), a);
  if (FN(any)(low)) y = FN(choose)(low, y - FN(log1p)(a / b), y);
  return y;
}

/* 1 - I for a < 1: 1 - x^a / (a B) (1 + a sum (1 - b) ... (n - b) x^n / (n! (a + n))). */
INLINE V FN(beta_small_upper)(P x, V a, V b) {
  V l = FN(madd)(
    a, FN(log_pair)(x).high, FN(log_gamma_step_from)(b, a) - FN(log_gamma_one_plus)(a));
  V term = FN(splat)(1.0), sum = FN(splat)(0.0);
  U active = (U)(a == a);
  for (int round = 0; round < 64 && FN(any)(active); round++) {
    double n = 2.0 * round + 1.0;
    V a1 = a + n, a2 = a1 + 1.0;
    V first = term * x.high * ((n - b) * (1.0 / n));
    V second = first * x.high * ((n + 1.0 - b) * (1.0 / (n + 1.0)));
    V increment = (first * a2 + second * a1) / (a1 * a2);
    sum = FN(choose)(active, sum + increment, sum);
    term = second;
    V size = FN(magnitude)(first) + FN(magnitude)(second);
    active &= (U)(size > FN(magnitude)(sum) * KEEL_LAST_TERM);
  }
  return FN(small_complement)(l, a, sum);
}

/* The tail on the point's side of the mean, for s = a + b and t the distance from the mean over
   sqrt(pq): 1/2 erfc(-eta sqrt(s/2)) and exp(-s eta^2 / 2) / sqrt(2 pi s) times

     1/eta - g/t + (w/t^3 - 1/eta^3) / s,   w = x y / (p q),

   with g the quotient of the gamma functions over Stirling's formula. The last term, integration by
   parts of the remainder once more, matters in the tails only. */
INLINE V FN(beta_uniform)(FN(beta_shape) s, FN(beta_point) p, P e, U *is_lower) {
  P minus = {-p.y.high, -p.y.low};
  V deviation = FN(pair_sum)(FN(pair_product)(p.x, p.b), FN(pair_product)(minus, p.a)).high;
  *is_lower = (U)(deviation < 0.0);
  V z = __builtin_elementwise_sqrt(FN(choose)((U)(e.high < 0.0), -e.high, FN(splat)(0.0)));
  V sum = s.sum.high, eta = z * __builtin_elementwise_sqrt(2.0 / sum);
  eta = FN(choose)(*is_lower, -eta, eta);
  V root = 1.0 / (__builtin_elementwise_sqrt(p.a) * __builtin_elementwise_sqrt(p.b));
  V t = deviation * root, skewness = (p.b - p.a) * root;
  V near = skewness * (1.0 / 3.0) - t * FN(madd)(skewness, skewness, FN(splat)(3.0)) * (1.0 / 12.0);
  V r = 1.0 / eta, q = 1.0 / t, w = (p.x.high * p.y.high) * (sum * root) * (sum * root);
  V further = s.shift * q + (w * (q * q * q) - r * r * r) / sum;
  V difference = FN(choose)((U)(z < KEEL_UNIFORM_SERIES), near, r - q);
  difference += FN(choose)((U)(z > KEEL_UNIFORM_FURTHER), further, FN(splat)(0.0));
  V correction = difference * KEEL_INV_SQRT_2PI / __builtin_elementwise_sqrt(sum);
  V scaled = FN(half_scaled_erfc)(z);
  return FN(factor_exp)(FN(choose)(*is_lower, scaled + correction, scaled - correction), e);
}

/* The point of an argument, with its parameters. */
INLINE FN(beta_point) FN(beta_point_of)(V t, V a, V b) {
  FN(beta_point) p;
  U is_y = (U)((FN(bits)(t) >> 63) != 0u);
  V v = FN(magnitude)(t);
  P plain = {v, FN(splat)(0.0)}, rest = FN(sum)(FN(splat)(1.0), -v);
  P x = FN(pair_choose)(is_y, rest, plain), y = FN(pair_choose)(is_y, plain, rest);
  p.mirrored = (U)((a + 1.0) * y.high < (b + 1.0) * x.high);
  p.x = FN(pair_choose)(p.mirrored, y, x);
  p.y = FN(pair_choose)(p.mirrored, x, y);
  p.a = FN(choose)(p.mirrored, b, a);
  p.b = FN(choose)(p.mirrored, a, b);
  return p;
}

enum {
  FN(beta_limit), FN(beta_is_uniform), FN(beta_is_series), FN(beta_is_fraction),
  FN(beta_is_complement), FN(beta_is_mirrored), FN(beta_kinds)
};

INLINE U FN(beta_kind)(FN(beta_point) p) {
  V least = FN(choose)((U)(p.b < p.a), p.b, p.a), most = FN(choose)((U)(p.b < p.a), p.a, p.b);
  U inside = (U)(least > 0.0) & (U)(p.a == p.a) & (U)(p.b == p.b) & (U)(p.x.high > 0.0)
    & (U)(p.y.high > 0.0) & (U)(most <= KEEL_GAMMA_PARAMETER) & (U)(least <= KEEL_STEP_PARAMETER);
  U series = (U)((p.a + p.b) * p.x.high <= KEEL_POWER_PRODUCT)
    & (U)(p.x.high <= KEEL_POWER_ARGUMENT);
  U uniform = (U)(least > KEEL_BETA_UNIFORM);
  U certain = series & (U)(p.a > KEEL_CERTAIN_SHAPE);
  U kind = (series & (U)FN(beta_is_series)) | (~series & (U)FN(beta_is_fraction));
  kind = (uniform & (U)FN(beta_is_uniform)) | (~uniform & kind & ~certain);
  return inside & kind;
}

/* The tail that is sought first, given the density; above the mean for the last two kinds. */
INLINE V FN(beta_method)(
  int kind, FN(beta_shape) s, FN(beta_point) p, P e, V density, U *is_lower) {
  V tail;
  *is_lower = (U)(s.small == s.small);
  switch (kind) {
    case FN(beta_is_uniform): return FN(beta_uniform)(s, p, e, is_lower);
    case FN(beta_is_series):
      tail = density * FN(beta_series)(p.x.high, p.a, p.b) / p.a;
      break;
    case FN(beta_is_fraction):
      tail = density * FN(beta_fraction)(p.x, p.y, p.a, p.b);
      break;
    case FN(beta_is_complement):
      *is_lower = ~*is_lower;
      tail = FN(beta_small_upper)(p.x, p.a, p.b);
      break;
    default:
      *is_lower = ~*is_lower;
      tail = density * FN(beta_fraction)(p.y, p.x, p.b, p.a);
  }
  return FN(choose)((U)(tail < 1.0), tail, FN(splat)(1.0));
}

#define KEEL_BETA_LIST(kind)                                                                      \
  static void FN(list_##kind)(                                                                    \
    const double *a, const double *b, size_t step, const double *t, double *below, double *lower, \
    double *upper, double *density, const uint16_t *list, size_t count) {                         \
    FN(beta_shape) shape = FN(beta_shape_of)(FN(splat)(a[0]), FN(splat)(b[0]));                   \
    for (size_t first = 0; first < count; first += KEEL_WIDTH) {                                  \
      double columns[4][KEEL_WIDTH];                                                              \
      for (size_t k = 0; k < KEEL_WIDTH; k++) {                                                   \
        size_t i = list[first + k < count ? first + k : first];                                   \
        columns[0][k] = t[i];                                                                     \
        columns[1][k] = a[i * step];                                                              \
        columns[2][k] = b[i * step];                                                              \
        if (FN(kind) >= FN(beta_is_complement)) columns[3][k] = density[i];                       \
      }                                                                                           \
      V av = FN(load)(columns[1]), bv = FN(load)(columns[2]), dv;                                 \
      FN(beta_point) p = FN(beta_point_of)(FN(load)(columns[0]), av, bv);                         \
      P e = {FN(splat)(0.0), FN(splat)(0.0)};                                                     \
      if (FN(kind) < FN(beta_is_complement)) {                                                    \
        if (step) shape = FN(beta_shape_of)(av, bv);                                              \
        e = FN(beta_exponent)(shape, p);                                                          \
        dv = FN(beta_density)(shape, e);                                                          \
      } else {                                                                                    \
        dv = FN(load)(columns[3]);                                                                \
      }                                                                                           \
      U is_lower;                                                                                 \
      V tail = FN(beta_method)(FN(kind), shape, p, e, dv, &is_lower), rest = 1.0 - tail;          \
      V on_lower = FN(choose)(is_lower, tail, rest);                                              \
      is_lower ^= p.mirrored;                                                                     \
      V first_tail = FN(choose)(is_lower, tail, rest);                                            \
      V other_tail = FN(choose)(is_lower, rest, tail);                                            \
      for (size_t k = 0; k < KEEL_WIDTH && first + k < count; k++) {                              \
        size_t i = list[first + k];                                                               \
        below[i] = on_lower[k];                                                                   \
        lower[i] = first_tail[k];                                                                 \
        upper[i] = other_tail[k];                                                                 \
        density[i] = dv[k];                                                                       \
      }                                                                                           \
    }                                                                                             \
  }

KEEL_BETA_LIST(beta_is_uniform)
KEEL_BETA_LIST(beta_is_series)
KEEL_BETA_LIST(beta_is_fraction)
KEEL_BETA_LIST(beta_is_complement)
KEEL_BETA_LIST(beta_is_mirrored)

/* The gamma limit of one element: a moderate, b beyond 1e100. */
static void FN(beta_gamma_limit)(
  double a, double b, double x, double *lower, double *upper, double *density) {
  double argument[KEEL_ROOM] = {0};
  argument[0] = b * x;
  FN(gamma_tails)(&a, 0, argument, lower, upper, density, 1);
}

/* The ends, parameters beyond measure, certainty, and everything outside the domain. */
static void FN(beta_limits)(
  double a, double b, double t, double *lower, double *upper, double *density) {
  double x = __builtin_signbit(t) ? 1 + t : t, y = __builtin_signbit(t) ? -t : 1 - t;
  *density = 0;
  double p = __builtin_nan("");
  if (a > 0 && b > 0 && a < __builtin_inf() && b < __builtin_inf() && t >= -1 && t <= 1) {
    int extreme = a > KEEL_GAMMA_PARAMETER || b > KEEL_GAMMA_PARAMETER;
    if (x <= 0) {
      p = 0;
    } else if (y <= 0) {
      p = 1;
    } else if (extreme && a <= KEEL_STEP_PARAMETER) {
      FN(beta_gamma_limit)(a, b, x, lower, upper, density);
      return;
    } else if (extreme && b <= KEEL_STEP_PARAMETER) {
      FN(beta_gamma_limit)(b, a, y, upper, lower, density);
      return;
    } else {
      double side = (b / a) * x - y;
      p = side < 0 ? 0 : side > 0 ? 1 : 0.5;
    }
  }
  *lower = p;
  *upper = 1 - p;
}

/* Both tails and x (1 - x) times the density of at most a block; the arguments have room for a
   vector behind their end. */
static void FN(beta_tails)(
  const double *a, const double *b, size_t step, const double *t, double *lower, double *upper,
  double *density, size_t n) {
  uint16_t lists[FN(beta_kinds)][KEEL_BLOCK];
  size_t counts[FN(beta_kinds)] = {0};
  double below[KEEL_ROOM];
  for (size_t first = 0; first < n; first += KEEL_WIDTH) {
    V av = step ? FN(load)(a + first) : FN(splat)(a[0]);
    V bv = step ? FN(load)(b + first) : FN(splat)(b[0]);
    U kinds = FN(beta_kind)(FN(beta_point_of)(FN(load)(t + first), av, bv));
    for (size_t k = 0; k < KEEL_WIDTH && first + k < n; k++) {
      size_t kind = kinds[k];
      lists[kind][counts[kind]++] = (uint16_t)(first + k);
    }
  }
  for (size_t k = 0; k < counts[FN(beta_limit)]; k++) {
    size_t i = lists[FN(beta_limit)][k];
    FN(beta_limits)(a[i * step], b[i * step], t[i], &lower[i], &upper[i], &density[i]);
  }
#define KEEL_RUN(kind)                                                                            \
  if (counts[FN(kind)])                                                                           \
    FN(list_##kind)(                                                                              \
      a, b, step, t, below, lower, upper, density, lists[FN(kind)], counts[FN(kind)]);
  KEEL_RUN(beta_is_uniform)
  KEEL_RUN(beta_is_series)
  KEEL_RUN(beta_is_fraction)
  for (int kind = FN(beta_is_series); kind <= FN(beta_is_fraction); kind++) {
    for (size_t k = 0; k < counts[kind]; k++) {
      size_t i = lists[kind][k];
      if (below[i] <= KEEL_SMALL_SUBTRAHEND) continue;
      int is_y = __builtin_signbit(t[i]) != 0;
      double x = is_y ? 1 + t[i] : t[i], y = is_y ? -t[i] : 1 - t[i];
      double av = a[i * step], bv = b[i * step];
      if ((av + 1) * y < (bv + 1) * x) {
        double other = av;
        x = y;
        av = bv;
        bv = other;
      }
      if (av >= 1 && below[i] <= KEEL_BETA_SUBTRAHEND) continue;
      int small = bv * x <= KEEL_COMPLEMENT_PRODUCT && x <= KEEL_COMPLEMENT_ARGUMENT;
      int next = small ? FN(beta_is_complement) : FN(beta_is_mirrored);
      lists[next][counts[next]++] = (uint16_t)i;
    }
  }
  KEEL_RUN(beta_is_complement)
  KEEL_RUN(beta_is_mirrored)
#undef KEEL_RUN
}

/* I or its complement of whole arrays. */
static void FN(regularized_beta)(
  const double *a, const double *b, size_t step, const double *x, double *y, size_t n,
  int is_upper) {
  double columns[3][KEEL_ROOM] = {{0}}, tails[2][KEEL_ROOM], density[KEEL_ROOM];
  if (n && !step) {
    columns[0][0] = a[0];
    columns[1][0] = b[0];
  }
  for (size_t first = 0; first < n; first += KEEL_BLOCK) {
    size_t count = n - first < KEEL_BLOCK ? n - first : KEEL_BLOCK;
    if (step) {
      __builtin_memcpy(columns[0], a + first, count * sizeof(double));
      __builtin_memcpy(columns[1], b + first, count * sizeof(double));
    }
    /* The sign marks a complement: a zero has none, and what has one is outside the domain. */
    for (size_t i = 0; i < count; i++) {
      double v = x[first + i];
      columns[2][i] = v >= 0 ? v + 0.0 : __builtin_nan("");
    }
    FN(beta_tails)(
      columns[0], columns[1], step, columns[2], tails[0], tails[1], density, count);
    __builtin_memcpy(y + first, tails[is_upper], count * sizeof(double));
  }
}
