/* The regularized incomplete gamma function, once a level.

   Goals: relative accuracy in both tails, bounded time, speed. The methods and regions of the
   scalar form (IncompleteGamma.swift): power series below the mean, continued fraction above it, a
   series for Q of small shapes, Temme's uniform expansion near the mean of large ones. A block of
   elements is sorted by method, so that vectors are full of one kind; an element that is finished
   before its neighbors keeps its value. */

/* Elements of a block; the arrays have room for one vector more. */
#define KEEL_BLOCK 256
#define KEEL_ROOM (KEEL_BLOCK + 16)

#define KEEL_UNIFORM_SHAPE 20.0
#define KEEL_UNIFORM_RADIUS 0.4
/* Below this argument the continued fraction is too slow. */
#define KEEL_FRACTION_START 1.5
/* Larger shapes are outside the uniform expansion's interval only where a tail is below e^-6000. */
#define KEEL_CERTAIN_SHAPE 1e5
/* For larger shapes the law is narrower than the spacing of doubles. */
#define KEEL_LARGEST_SHAPE 1e100
/* For x - 2 a above this the upper tail is below exp(-5000). */
#define KEEL_CERTAINLY_BEYOND 1e4
#define KEEL_LARGEST_SUBTRAHEND 0.5
/* A term below this part of the sum ends a series. */
#define KEEL_LAST_TERM 0x1p-54
/* Four terms each; nine times the square root of the largest shape that gets there, and more. */
#define KEEL_GAMMA_ROUNDS 2500

/* What depends on the shape alone: 1/a, and the density over its exponential. */
typedef struct {
  V a, inverse, factor, shift;
} FN(gamma_shape);

typedef struct {
  V lower, upper, density;
} FN(tails);

/* factor exp(-shift) = a^a exp(-a) / Gamma(a) for a >= 1; factor = 1 / Gamma(a) below. */
INLINE FN(gamma_shape) FN(shape_of)(V a, int is_small) {
  FN(gamma_shape) s = {a, 1.0 / a, FN(splat)(0.0), FN(splat)(0.0)};
  if (is_small) {
    s.factor = a * FN(polynomial)(a, KEEL_RECIPROCAL_GAMMA, 0, KEEL_RECIPROCAL_GAMMA_COUNT);
  } else {
    s.factor = __builtin_elementwise_sqrt(a) * KEEL_INV_SQRT_2PI;
    s.shift = FN(stirling_remainder)(a);
  }
  return s;
}

/* The exponent of x^a exp(-x), over that of its largest value for a >= 1. */
INLINE P FN(gamma_exponent)(FN(gamma_shape) s, V x, int is_small) {
  if (is_small) {
    P none = {x, FN(splat)(0.0)};
    P e = FN(pair_product)(FN(log_pair)(none), s.a);
    P minus = {-x, FN(splat)(0.0)};
    return FN(pair_sum)(e, minus);
  }
  P difference = FN(sum)(x, -s.a), d, m;
  d.high = difference.high * s.inverse;
  P back = FN(product)(d.high, s.a);
  d.low = (((difference.high - back.high) - back.low) + difference.low) * s.inverse;
  m.high = x * s.inverse;
  back = FN(product)(m.high, s.a);
  m.low = ((x - back.high) - back.low) * s.inverse;
  P e = FN(pair_product)(FN(log_excess)(m, d), s.a);
  U beyond = (U)(e.high > -1e4);
  return FN(pair_choose)(beyond, e, (P){FN(splat)(-1e4), FN(splat)(0.0)});
}

/* x^a exp(-x) / Gamma(a). */
INLINE V FN(gamma_density)(FN(gamma_shape) s, P e) {
  P minus = {-s.shift, FN(splat)(0.0)};
  return FN(factor_exp)(s.factor, FN(pair_sum)(e, minus));
}

#define KEEL_TEMME_ROW(k) \
  sum = FN(madd)(sum, s.inverse, FN(polynomial)(eta, KEEL_TEMME_##k, 0, KEEL_TEMME_##k##_COUNT));

/* Half of exp(z^2) erfc(z) for z >= 0. */
INLINE V FN(half_scaled_erfc)(V z) {
  V low, high = FN(erfc_half_line)(z, &low);
  return 0.5 * (high + low);
}

/* exp(-a eta^2 / 2) [exp(z^2) erfc(z) / 2 +- sum C_k(eta) a^-k / sqrt(2 pi a)] for
   z = |eta| sqrt(a / 2). */
INLINE FN(tails) FN(gamma_uniform)(FN(gamma_shape) s, V x, int wants_density) {
  P e = FN(gamma_exponent)(s, x, 0);
  V positive = FN(choose)((U)(e.high < 0.0), -e.high, FN(splat)(0.0));
  V z = __builtin_elementwise_sqrt(positive);
  U is_upper = (U)(x >= s.a);
  V eta = z * __builtin_elementwise_sqrt(2.0 * s.inverse);
  eta = FN(choose)(is_upper, eta, -eta);
  V sum = FN(splat)(0.0);
  KEEL_TEMME_ROW(11) KEEL_TEMME_ROW(10) KEEL_TEMME_ROW(9) KEEL_TEMME_ROW(8)
  KEEL_TEMME_ROW(7) KEEL_TEMME_ROW(6) KEEL_TEMME_ROW(5) KEEL_TEMME_ROW(4)
  KEEL_TEMME_ROW(3) KEEL_TEMME_ROW(2) KEEL_TEMME_ROW(1) KEEL_TEMME_ROW(0)
  V correction = sum * KEEL_INV_SQRT_2PI * __builtin_elementwise_sqrt(s.inverse);
  V scaled = FN(half_scaled_erfc)(z);
  V tail = FN(factor_exp)(FN(choose)(is_upper, scaled + correction, scaled - correction), e);
  V rest = 1.0 - tail;
  V density = wants_density ? FN(gamma_density)(s, e) : tail;
  return (FN(tails)){FN(choose)(is_upper, rest, tail), FN(choose)(is_upper, tail, rest), density};
}

/* sum x^n / ((a + 1) ... (a + n)), four terms over one denominator. */
INLINE V FN(gamma_series)(V a, V x) {
  V term = FN(splat)(1.0), sum = term, base = a;
  U active = (U)(x == x);
  for (int round = 0; round < KEEL_GAMMA_ROUNDS && FN(any)(active); round++) {
    V a1 = base + 1.0, a2 = base + 2.0, a3 = base + 3.0, a4 = base + 4.0;
    V a34 = a3 * a4, x2 = x * x;
    V ratio = term / ((a1 * a2) * a34);
    V inner = FN(madd)(x, FN(madd)(x, a4 + x, a34), a2 * a34);
    V next = sum + (ratio * x) * inner;
    sum = FN(choose)(active, next, sum);
    term = ratio * (x2 * x2);
    base = a4;
    active &= (U)(term >= sum * KEEL_LAST_TERM);
  }
  return sum;
}

/* Scales both convergents by a power of two. */
INLINE void FN(rescale)(V *a0, V *a1, V *b0, V *b1) {
  V scale = FN(value)(0x7fe0000000000000u - (FN(bits)(*b1) & 0x7ff0000000000000u));
  *a0 *= scale;
  *a1 *= scale;
  *b0 *= scale;
  *b1 *= scale;
}

/* 1 / (x + 1 - a - 1 (1 - a) / (x + 3 - a - ...)), by the recurrence of the convergents. */
INLINE V FN(gamma_fraction)(V a, V x) {
  V b = (x - a) + 1.0, one = FN(splat)(1.0);
  V a0 = one, a1 = b, b0 = FN(splat)(0.0), b1 = one, top = one, bottom = one;
  U active = (U)(x == x);
  for (int round = 0; round < KEEL_GAMMA_ROUNDS && FN(any)(active); round++) {
#pragma clang loop unroll(full)
    for (int k = 1; k <= 4; k++) {
      double n = 4.0 * round + k;
      V numerator = n * (a - n);
      b += 2.0;
      V a2 = FN(madd)(b, a1, numerator * a0), b2 = FN(madd)(b, b1, numerator * b0);
      a0 = a1;
      b0 = b1;
      a1 = a2;
      b1 = b2;
    }
    FN(rescale)(&a0, &a1, &b0, &b1);
    top = FN(choose)(active, b1, top);
    bottom = FN(choose)(active, a1, bottom);
    V left = a1 * b0, right = a0 * b1;
    active &= (U)(FN(magnitude)(left - right) > 0x1p-53 * FN(magnitude)(left));
  }
  return top / bottom;
}

/* 1 - exp(l) (1 + a sum): the complement of a tail with a small parameter. */
INLINE V FN(small_complement)(V l, V a, V sum) {
  V m = FN(expm1)(l);
  return -(m + (1.0 + m) * (a * sum));
}

/* Q for a < 1: 1 - x^a / Gamma(1 + a) (1 + a sum (-x)^n / ((a + n) n!)), for x < 2. */
INLINE V FN(gamma_small_upper)(V a, V x) {
  P plain = {x, FN(splat)(0.0)};
  V l = FN(madd)(a, FN(log_pair)(plain).high, -FN(log_gamma_one_plus)(a));
  V term = FN(splat)(1.0), sum = FN(splat)(0.0);
  U active = (U)(x == x);
  for (int round = 0; round < 16 && FN(any)(active); round++) {
    double n = 2.0 * round + 1.0;
    V a1 = a + n, a2 = a1 + 1.0;
    V first = term * x * (-1.0 / n), second = first * x * (-1.0 / (n + 1.0));
    V increment = (first * a2 + second * a1) / (a1 * a2);
    sum = FN(choose)(active, sum + increment, sum);
    term = second;
    active &= (U)(FN(magnitude)(first) > FN(magnitude)(sum) * KEEL_LAST_TERM);
  }
  return FN(small_complement)(l, a, sum);
}

INLINE FN(tails) FN(gamma_below)(FN(gamma_shape) s, V x, int is_small) {
  V density = FN(gamma_density)(s, FN(gamma_exponent)(s, x, is_small));
  V lower = density * FN(gamma_series)(s.a, x) * s.inverse;
  /* A subnormal shape has no reciprocal; its lower tail is 1. */
  lower = FN(choose)((U)(lower < 1.0), lower, FN(splat)(1.0));
  V upper = 1.0 - lower;
  if (is_small) {
    U large = (U)(lower > KEEL_LARGEST_SUBTRAHEND) & (U)(x < KEEL_FRACTION_START);
    if (FN(any)(large)) upper = FN(choose)(large, FN(gamma_small_upper)(s.a, x), upper);
  }
  return (FN(tails)){lower, upper, density};
}

INLINE FN(tails) FN(gamma_above)(FN(gamma_shape) s, V x, int is_small) {
  V density = FN(gamma_density)(s, FN(gamma_exponent)(s, x, is_small));
  V upper = density * FN(gamma_fraction)(s.a, x);
  upper = FN(choose)((U)(upper < 1.0), upper, FN(splat)(1.0));
  return (FN(tails)){1.0 - upper, upper, density};
}

/* The methods, in the order of the lists of a block. */
enum {
  FN(gamma_limit), FN(gamma_is_uniform), FN(gamma_is_below), FN(gamma_is_above),
  FN(gamma_small_below), FN(gamma_small_above), FN(gamma_kinds)
};

INLINE U FN(gamma_kind)(V a, V x) {
  U inside = (U)(a > 0.0) & (U)(a <= KEEL_LARGEST_SHAPE) & (U)(x > 0.0)
    & (U)(x - a <= a + KEEL_CERTAINLY_BEYOND);
  U near = (U)(FN(magnitude)(x - a) < KEEL_UNIFORM_RADIUS * a) & (U)(a >= KEEL_UNIFORM_SHAPE);
  inside &= near | (U)(a <= KEEL_CERTAIN_SHAPE);
  V border = FN(choose)((U)(a > 0.5), a + 1.0, FN(splat)(KEEL_FRACTION_START));
  U below = (U)(x < border), small = (U)(a < 1.0);
  U kind = (below & (U)FN(gamma_is_below)) | (~below & (U)FN(gamma_is_above));
  kind += small & 2u;
  kind = (near & (U)FN(gamma_is_uniform)) | (~near & kind);
  return inside & kind;
}

/* Zero, infinity, certainty and everything outside the domain. */
static void FN(gamma_limits)(double a, double x, double *lower, double *upper) {
  double p = __builtin_nan("");
  if (a > 0 && a < __builtin_inf() && x >= 0) {
    if (x - a > a + KEEL_CERTAINLY_BEYOND) p = 1;
    else p = x < a ? 0 : x > a ? 1 : 0.5;
  }
  *lower = p;
  *upper = 1 - p;
}

INLINE FN(tails) FN(gamma_method)(
  int kind, FN(gamma_shape) s, V x, int wants_density) {
  switch (kind) {
    case FN(gamma_is_uniform): return FN(gamma_uniform)(s, x, wants_density);
    case FN(gamma_is_below): return FN(gamma_below)(s, x, 0);
    case FN(gamma_is_above): return FN(gamma_above)(s, x, 0);
    case FN(gamma_small_below): return FN(gamma_below)(s, x, 1);
    default: return FN(gamma_above)(s, x, 1);
  }
}

/* One method for the elements of a list; `step` is 0 for one shape, 1 for a column of shapes. */
#define KEEL_GAMMA_LIST(kind)                                                                     \
  static void FN(list_##kind)(                                                                    \
    const double *a, size_t step, const double *x, double *lower, double *upper, double *density, \
    const uint16_t *list, size_t count) {                                                         \
    const int is_small = FN(kind) >= FN(gamma_small_below);                                       \
    FN(gamma_shape) shape = FN(shape_of)(FN(splat)(a[0]), is_small);                              \
    for (size_t first = 0; first < count; first += KEEL_WIDTH) {                                  \
      double shapes[KEEL_WIDTH], arguments[KEEL_WIDTH];                                           \
      for (size_t k = 0; k < KEEL_WIDTH; k++) {                                                   \
        size_t i = list[first + k < count ? first + k : first];                                   \
        shapes[k] = a[i * step];                                                                  \
        arguments[k] = x[i];                                                                      \
      }                                                                                           \
      if (step) shape = FN(shape_of)(FN(load)(shapes), is_small);                                 \
      FN(tails) t = FN(gamma_method)(FN(kind), shape, FN(load)(arguments), density != 0);         \
      for (size_t k = 0; k < KEEL_WIDTH && first + k < count; k++) {                              \
        size_t i = list[first + k];                                                               \
        lower[i] = t.lower[k];                                                                    \
        upper[i] = t.upper[k];                                                                    \
        if (density) density[i] = t.density[k];                                                   \
      }                                                                                           \
    }                                                                                             \
  }

KEEL_GAMMA_LIST(gamma_is_uniform)
KEEL_GAMMA_LIST(gamma_is_below)
KEEL_GAMMA_LIST(gamma_is_above)
KEEL_GAMMA_LIST(gamma_small_below)
KEEL_GAMMA_LIST(gamma_small_above)

/* P, Q and, where asked for, x times the density of at most a block; the arguments have room for a
   vector behind their end. */
static void FN(gamma_tails)(
  const double *a, size_t step, const double *x, double *lower, double *upper, double *density,
  size_t n) {
  uint16_t lists[FN(gamma_kinds)][KEEL_BLOCK];
  size_t counts[FN(gamma_kinds)] = {0};
  for (size_t first = 0; first < n; first += KEEL_WIDTH) {
    V shape = step ? FN(load)(a + first) : FN(splat)(a[0]);
    U kinds = FN(gamma_kind)(shape, FN(load)(x + first));
    for (size_t k = 0; k < KEEL_WIDTH && first + k < n; k++) {
      size_t kind = kinds[k];
      lists[kind][counts[kind]++] = (uint16_t)(first + k);
    }
  }
  for (size_t k = 0; k < counts[FN(gamma_limit)]; k++) {
    size_t i = lists[FN(gamma_limit)][k];
    FN(gamma_limits)(a[i * step], x[i], &lower[i], &upper[i]);
    if (density) density[i] = 0;
  }
#define KEEL_RUN(kind)                                                                            \
  if (counts[FN(kind)])                                                                           \
    FN(list_##kind)(a, step, x, lower, upper, density, lists[FN(kind)], counts[FN(kind)]);
  KEEL_RUN(gamma_is_uniform)
  KEEL_RUN(gamma_is_below)
  KEEL_RUN(gamma_is_above)
  KEEL_RUN(gamma_small_below)
  KEEL_RUN(gamma_small_above)
#undef KEEL_RUN
}

/* P or Q of whole arrays. */
static void FN(regularized_gamma)(
  const double *a, size_t step, const double *x, double *y, size_t n, int is_upper) {
  double shapes[KEEL_ROOM] = {0}, arguments[KEEL_ROOM] = {0}, tails[2][KEEL_ROOM];
  shapes[0] = n && !step ? a[0] : 0;
  for (size_t first = 0; first < n; first += KEEL_BLOCK) {
    size_t count = n - first < KEEL_BLOCK ? n - first : KEEL_BLOCK;
    if (step) __builtin_memcpy(shapes, a + first, count * sizeof(double));
    __builtin_memcpy(arguments, x + first, count * sizeof(double));
    FN(gamma_tails)(shapes, step, arguments, tails[0], tails[1], 0, count);
    __builtin_memcpy(y + first, tails[is_upper], count * sizeof(double));
  }
}
