/* The inverses of the incomplete gamma and beta functions, once a level.

   Goals: termination, accuracy up to the conditioning of the problem, speed. Halley's iteration on
   the logarithm of the smaller tail over ln x or ln(x / (1 - x)), where it is concave and monotone,
   inside a bracket: that of the scalar form with the second derivative, which costs nothing. A
   block keeps its unfinished elements together; one that is finished leaves it. */

/* The bracket halves when the iteration does not: far fewer steps are needed. */
#define KEEL_INVERSE_STEPS 200
/* A step of this size, over the root of the parameter, leaves an error below rounding. */
#define KEEL_LAST_STEP 1e-6
/* Below this x the leading term of P is P to full accuracy. */
#define KEEL_LEADING_TERM (-42.0)
/* Below this logarithm a number underflows to 0. */
#define KEEL_UNDERFLOW 746.0
/* Room for rounding in the lower end of the bracket. */
#define KEEL_BOUND_MARGIN 1e-12
#define KEEL_SCALED_MARGIN 1e-14
/* One step changes ln x by at most this much. */
#define KEEL_LONGEST_STEP 5.0
/* From here on every argument of the gamma law rounds to the shape. */
#define KEEL_MEAN_SHAPE 1e36
#define KEEL_LARGEST_NUMBER 0x1.fffffffffffffp+1023

/* Unfinished elements of a block, and where each stands in it. */
typedef struct {
  double a[KEEL_ROOM], b[KEEL_ROOM], point[KEEL_ROOM], logit[KEEL_ROOM], lowest[KEEL_ROOM],
    highest[KEEL_ROOM], target[KEEL_ROOM], log_target[KEEL_ROOM], side[KEEL_ROOM];
  double lower[KEEL_ROOM], upper[KEEL_ROOM], density[KEEL_ROOM], done[KEEL_ROOM];
  uint16_t place[KEEL_ROOM];
} FN(search);

INLINE V FN(lesser)(V a, V b) { return FN(choose)((U)(a < b), a, b); }
INLINE V FN(greater)(V a, V b) { return FN(choose)((U)(a > b), a, b); }
INLINE V FN(clamp)(V x, double lowest, double highest) {
  return FN(greater)(FN(lesser)(x, FN(splat)(highest)), FN(splat)(lowest));
}

/* ln(value / target), to its own full accuracy next to 0. */
INLINE V FN(log_ratio)(V value, V target, V log_target) {
  V ratio = value / target;
  U near = (U)(ratio > 0.5) & (U)(ratio < 2.0);
  V change = FN(choose)(near, (value - target) / target, FN(splat)(0.0));
  V y = FN(log1p)(change);
  if (FN(any)(~near)) y = FN(choose)(near, y, FN(log)(value) - log_target);
  return y;
}

/* Halley's step from the logarithm's excess, its slope and its curvature over the slope. */
INLINE V FN(halley)(V excess, V slope, V curvature) {
  V step = -excess / slope;
  return step / (1.0 + FN(clamp)(0.5 * step * curvature, -0.5, 1.0));
}

/* Moves what is not done to the front, and the results to their places; returns the new count. */
static size_t FN(retain)(FN(search) *s, double *result, size_t count, size_t step) {
  size_t kept = 0;
  for (size_t k = 0; k < count; k++) {
    if (s->done[k] != 0) {
      result[s->place[k]] = s->point[k];
      continue;
    }
    if (step) {
      s->a[kept] = s->a[k];
      s->b[kept] = s->b[k];
    }
    s->point[kept] = s->point[k];
    s->logit[kept] = s->logit[k];
    s->lowest[kept] = s->lowest[k];
    s->highest[kept] = s->highest[k];
    s->target[kept] = s->target[k];
    s->log_target[kept] = s->log_target[k];
    s->side[kept] = s->side[k];
    s->place[kept] = s->place[k];
    kept++;
  }
  return kept;
}

/* A first value of x for the given tail: the cube of Wilson and Hilferty, or for small shapes the
   leading behavior of the upper tail. */
INLINE V FN(gamma_guess)(V a, V target, V log_target, V log_gamma, U is_lower) {
  V z = FN(normal_quantile)(target), v = 1.0 / (9.0 * a);
  z = FN(choose)(is_lower, z, -z);
  V root = 1.0 - v + z * __builtin_elementwise_sqrt(v);
  V cube = FN(choose)((U)(root > 0.0), a * root * root * root, FN(splat)(0.0));
  V y = FN(greater)(FN(splat)(1.0), -log_target - log_gamma);
  V far = FN(greater)(FN(splat)(0.1), FN(madd)(a - 1.0, FN(log)(y), y));
  return FN(choose)(~is_lower & (U)(a < 10.0), far, cube);
}

/* Sets up the search of a vector of elements; those that need none are done. */
INLINE void FN(gamma_begin)(FN(search) *s, size_t k, V a, V p, V q) {
  V zero = FN(splat)(0.0), one = FN(splat)(1.0);
  U valid = (U)(a > 0.0) & (U)(a < __builtin_inf()) & (U)(p >= 0.0) & (U)(q >= 0.0);
  U trivial = ~valid | (U)(p == 0.0) | (U)(q == 0.0) | (U)(a >= KEEL_MEAN_SHAPE);
  V result = FN(choose)((U)(a >= KEEL_MEAN_SHAPE), a, zero);
  result = FN(choose)((U)(q == 0.0), FN(splat)(__builtin_inf()), result);
  result = FN(choose)((U)(p == 0.0), zero, result);
  result = FN(choose)(valid, result, FN(splat)(__builtin_nan("")));
  a = FN(choose)(trivial, one, a);
  p = FN(choose)(trivial, 0.5 * one, p);
  q = FN(choose)(trivial, 0.5 * one, q);

  /* P(a, x) <= x^a / Gamma(a + 1) gives a lower bound of ln x, sharp for small x. */
  U is_lower = (U)(p <= q), small = (U)(a < 1.0);
  P plain = {p, zero}, other = {FN(log1p)(-q), zero};
  P log_p = FN(pair_choose)(is_lower, FN(log_pair)(plain), other);
  V log_gamma = FN(choose)(
    small, FN(log_gamma_one_plus)(FN(lesser)(a, one)),
    FN(log_gamma_positive)(FN(choose)(small, one, 1.0 + a)));
  P more = {log_gamma, zero}, scaled = FN(pair_sum)(log_p, more);
  U under = (U)(scaled.high < -KEEL_UNDERFLOW * a);
  P bound = FN(pair_quotient)(FN(pair_choose)(under, (P){zero, zero}, scaled), a, 1.0 / a);
  V lowest = FN(factor_exp)(one, bound);
  V target = FN(choose)(is_lower, p, q), log_target = FN(log)(target);
  V guess = FN(gamma_guess)(a, target, log_target, log_gamma - FN(log)(a), is_lower);
  U leading = under | (U)(bound.high < KEEL_LEADING_TERM);
  V x = FN(lesser)(FN(greater)(lowest, guess), FN(splat)(KEEL_LARGEST_NUMBER / 4));
  x = FN(choose)(leading, FN(choose)(under, zero, lowest), x);
  FN(store)(s->point + k, FN(choose)(trivial, result, x));
  FN(store)(s->done + k, FN(choose)(trivial | leading, one, zero));
  FN(store)(s->lowest + k, lowest * (1.0 - KEEL_BOUND_MARGIN));
  FN(store)(s->highest + k, FN(splat)(KEEL_LARGEST_NUMBER));
  FN(store)(s->target + k, target);
  FN(store)(s->log_target + k, log_target);
  FN(store)(s->side + k, FN(choose)(is_lower, one, -one));
}

/* One step of a vector of elements. */
INLINE void FN(gamma_advance)(FN(search) *s, size_t k, V a) {
  V x = FN(load)(s->point + k), side = FN(load)(s->side + k), target = FN(load)(s->target + k);
  V lowest = FN(load)(s->lowest + k), highest = FN(load)(s->highest + k);
  U is_lower = (U)(side > 0.0);
  V value = FN(choose)(is_lower, FN(load)(s->lower + k), FN(load)(s->upper + k));
  V excess = FN(log_ratio)(value, target, FN(load)(s->log_target + k));
  U is_left = (U)(excess * side < 0.0);
  lowest = FN(choose)(is_left, FN(greater)(lowest, x), lowest);
  highest = FN(choose)(is_left, highest, FN(lesser)(highest, x));
  V slope = side * FN(load)(s->density + k) / value;
  V step = FN(halley)(excess, slope, (a - x) - slope);
  V longest = FN(splat)(KEEL_LONGEST_STEP);
  U finite = (U)(FN(magnitude)(step) < __builtin_inf());
  step = FN(choose)(finite, step, FN(choose)(is_left, longest, -longest));
  step = FN(clamp)(step, -KEEL_LONGEST_STEP, KEEL_LONGEST_STEP);
  V next = FN(madd)(x, FN(expm1)(step), x);
  V precise = KEEL_LAST_STEP / __builtin_elementwise_sqrt(1.0 + a);
  U last = (U)(FN(magnitude)(step) < precise) | (U)(FN(magnitude)(excess) < 0x1p-52);
  U inside = (U)(next > lowest) & (U)(next < highest);
  V middle = __builtin_elementwise_sqrt(lowest) * __builtin_elementwise_sqrt(highest);
  U stuck = ~inside & ~((U)(middle > lowest) & (U)(middle < highest));
  next = FN(choose)(inside | last, next, middle);
  U exact = (U)(excess == 0.0);
  next = FN(choose)(exact | (stuck & ~last), x, next);
  FN(store)(s->point + k, next);
  FN(store)(s->lowest + k, lowest);
  FN(store)(s->highest + k, highest);
  FN(store)(s->done + k, FN(choose)(exact | last | stuck, FN(splat)(1.0), FN(splat)(0.0)));
}

/* The arguments at which P, or Q when is_upper is 1, has the values p. */
static void FN(inverse_gamma)(
  const double *a, size_t step, const double *p, double *y, size_t n, int is_upper) {
  FN(search) s;
  __builtin_memset(&s, 0, sizeof s);
  double values[KEEL_ROOM] = {0}, result[KEEL_BLOCK];
  for (size_t first = 0; first < n; first += KEEL_BLOCK) {
    size_t count = n - first < KEEL_BLOCK ? n - first : KEEL_BLOCK;
    __builtin_memcpy(values, p + first, count * sizeof(double));
    if (step) __builtin_memcpy(s.a, a + first, count * sizeof(double));
    else s.a[0] = a[0];
    for (size_t k = 0; k < count; k += KEEL_WIDTH) {
      V v = FN(load)(values + k), w = 1.0 - v;
      V shape = step ? FN(load)(s.a + k) : FN(splat)(s.a[0]);
      FN(gamma_begin)(&s, k, shape, is_upper ? w : v, is_upper ? v : w);
    }
    for (size_t k = 0; k < count; k++) s.place[k] = (uint16_t)k;
    size_t active = FN(retain)(&s, result, count, step);
    for (int round = 0; round < KEEL_INVERSE_STEPS && active; round++) {
      FN(gamma_tails)(s.a, step, s.point, s.lower, s.upper, s.density, active);
      for (size_t k = 0; k < active; k += KEEL_WIDTH)
        FN(gamma_advance)(&s, k, step ? FN(load)(s.a + k) : FN(splat)(s.a[0]));
      active = FN(retain)(&s, result, active, step);
    }
    for (size_t k = 0; k < active; k++) result[s.place[k]] = s.point[k];
    __builtin_memcpy(y + first, result, count * sizeof(double));
  }
}

/* ln (p a B(a, b)); p (a + b) / b comes as one number where a small b makes the parts cancel. */
INLINE P FN(log_scaled_beta)(V p, V a, V b) {
  V one = FN(splat)(1.0), zero = FN(splat)(0.0);
  U a_small = (U)(a < 1.0), b_small = (U)(b < 1.0);
  P plain = {p, zero}, y = FN(log_pair)(plain);
  P log_p = y;
  if (FN(any)(a_small | b_small)) {
    /* a B = (a + b) / b Gamma(1 + a) Gamma(1 + b) / Gamma(1 + a + b) for b < 1, else
       Gamma(1 + a) Gamma(b) / Gamma(a + b); and a / b Gamma(1 + b) Gamma(a) / Gamma(a + b) for
       a >= 1 > b */
    V u = FN(choose)(a_small, a, FN(choose)(b_small, b, 0.5 * one));
    V v = FN(choose)(a_small, FN(choose)(b_small, 1.0 + b, b), a);
    P g = {FN(log_gamma_one_plus)(u), zero}, less = {-FN(log_gamma_step)(v, u), zero};
    V top = FN(choose)(a_small, a + b, a);
    P joined = {FN(log)(p / b * top), zero};
    P mixed = FN(pair_sum)(FN(pair_sum)(g, less), FN(pair_choose)(b_small, joined, log_p));
    y = FN(pair_choose)(a_small | b_small, mixed, y);
  }
  U large = ~(a_small | b_small);
  if (FN(any)(large)) {
    V u = FN(choose)(large, a, one), v = FN(choose)(large, b, one);
    FN(beta_shape) shape = FN(beta_shape_of)(u, v);
    P up = {u, zero}, vp = {v, zero};
    V inverse = 1.0 / shape.sum.high;
    P x = FN(pair_quotient)(up, shape.sum.high, inverse);
    P z = FN(pair_quotient)(vp, shape.sum.high, inverse);
    x.low -= x.high * (shape.sum.low * inverse);
    z.low -= z.high * (shape.sum.low * inverse);
    P e = FN(pair_sum)(
      FN(pair_product)(FN(log_pair)(x), u), FN(pair_product)(FN(log_pair)(z), v));
    P rest = {FN(log)(u / shape.factor) + shape.shift, zero};
    y = FN(pair_choose)(large, FN(pair_sum)(log_p, FN(pair_sum)(e, rest)), y);
  }
  return y;
}

/* The argument 1 / (1 + exp(-u)), the smaller of x and -y. */
INLINE V FN(point_of_logit)(V u) {
  V small = FN(exp)(-FN(magnitude)(u)), share = small / (1.0 + small);
  return FN(choose)((U)(u < 0.0), share, -share);
}

/* The argument whose logit is larger by a step. */
INLINE V FN(moved)(V x, V y, V step) {
  V f = FN(exp)(-FN(magnitude)(step));
  U up = (U)(step >= 0.0);
  V u = FN(choose)(up, x, x * f), v = FN(choose)(up, y * f, y), sum = u + v;
  return FN(choose)((U)(u <= v), u / sum, -(v / sum));
}

INLINE void FN(beta_begin)(FN(search) *s, size_t k, V a, V b, V p, V q) {
  V zero = FN(splat)(0.0), one = FN(splat)(1.0);
  U valid = (U)(a > 0.0) & (U)(a < __builtin_inf()) & (U)(b > 0.0) & (U)(b < __builtin_inf())
    & (U)(p >= 0.0) & (U)(q >= 0.0);
  U trivial = ~valid | (U)(p == 0.0) | (U)(q == 0.0);
  V result = FN(choose)((U)(p == 0.0), zero, -zero);
  result = FN(choose)(valid, result, FN(splat)(__builtin_nan("")));
  /* The smaller tail is sought, turned to the lower side. */
  U turned = (U)(q < p);
  V target = FN(choose)(turned, q, p);
  V u = FN(choose)(turned, b, a), v = FN(choose)(turned, a, b);
  result = FN(choose)(turned, zero, result);
  result = FN(choose)(valid, result, FN(splat)(__builtin_nan("")));
  target = FN(choose)(trivial, 0.5 * one, target);
  u = FN(choose)(trivial, one, u);
  v = FN(choose)(trivial, one, v);

  /* I <= (x / (1 - x))^a / (a B) gives a lower bound of the logit, sharp for small x. */
  P scaled = FN(log_scaled_beta)(target, u, v);
  /* Parameters whose sum or quotient overflows have no bound. */
  U known = (U)(FN(magnitude)(scaled.high) < __builtin_inf());
  U under = known & (U)(scaled.high < -KEEL_UNDERFLOW * u);
  P bound = FN(pair_quotient)(FN(pair_choose)(under | ~known, (P){zero, zero}, scaled), u, 1.0 / u);
  U leading = known & ~under & (U)(bound.high + FN(log)(1.0 + u + v) < KEEL_LEADING_TERM);
  V direct = FN(choose)(leading, FN(factor_exp)(one, bound), zero);
  V margin = KEEL_BOUND_MARGIN * FN(magnitude)(bound.high) + KEEL_SCALED_MARGIN / u;
  V lowest = FN(greater)(FN(splat)(-KEEL_UNDERFLOW), bound.high - margin);
  lowest = FN(choose)(known, lowest, FN(splat)(-KEEL_UNDERFLOW));
  V guess = FN(log)(u / v)
    + FN(normal_quantile)(target) * __builtin_elementwise_sqrt(1.0 / u + 1.0 / v);
  guess = FN(choose)((U)(u >= 1.0) & (U)(v >= 1.0), guess, lowest);
  V logit = FN(lesser)(FN(greater)(lowest, guess), FN(splat)(KEEL_UNDERFLOW));
  U done = trivial | under | leading;
  V point = FN(choose)(done, direct, FN(point_of_logit)(logit));
  FN(store)(s->point + k, FN(choose)(trivial, result, point));
  FN(store)(s->done + k, FN(choose)(done, one, zero));
  FN(store)(s->logit + k, logit);
  FN(store)(s->lowest + k, lowest);
  FN(store)(s->highest + k, FN(splat)(KEEL_UNDERFLOW));
  FN(store)(s->target + k, target);
  FN(store)(s->log_target + k, FN(log)(target));
  FN(store)(s->side + k, FN(choose)(turned, -one, one));
  FN(store)(s->a + k, u);
  FN(store)(s->b + k, v);
}

INLINE void FN(beta_advance)(FN(search) *s, size_t k) {
  V a = FN(load)(s->a + k), b = FN(load)(s->b + k), t = FN(load)(s->point + k);
  V logit = FN(load)(s->logit + k), target = FN(load)(s->target + k);
  V lowest = FN(load)(s->lowest + k), highest = FN(load)(s->highest + k);
  V value = FN(load)(s->lower + k), v = FN(magnitude)(t);
  U is_y = (U)((FN(bits)(t) >> 63) != 0u);
  V x = FN(choose)(is_y, 1.0 - v, v), y = FN(choose)(is_y, v, 1.0 - v);
  V excess = FN(log_ratio)(value, target, FN(load)(s->log_target + k));
  lowest = FN(choose)((U)(excess < 0.0), FN(greater)(lowest, logit), lowest);
  highest = FN(choose)((U)(excess < 0.0), highest, FN(lesser)(highest, logit));
  V slope = FN(load)(s->density + k) / value;
  V step = FN(halley)(excess, slope, (a * y - b * x) - slope);
  V next = logit + step;
  V precise = KEEL_LAST_STEP / __builtin_elementwise_sqrt(1.0 + FN(lesser)(a, b));
  U last = (U)(FN(magnitude)(step) < precise)
    | ((U)(FN(magnitude)(excess) < 0x1p-52) & (U)(FN(magnitude)(step) < 1.0));
  U inside = (U)(next > lowest) & (U)(next < highest);
  V middle = lowest + (highest - lowest) * 0.5;
  U stuck = ~inside & ~last & ~((U)(middle > lowest) & (U)(middle < highest));
  V bounded = FN(choose)((U)(FN(magnitude)(step) < 2.0 * KEEL_UNDERFLOW), step, FN(splat)(0.0));
  V point = FN(moved)(x, y, bounded);
  point = FN(choose)(inside | last, point, FN(point_of_logit)(middle));
  U exact = (U)(excess == 0.0);
  point = FN(choose)(exact | stuck, t, point);
  FN(store)(s->point + k, point);
  FN(store)(s->logit + k, FN(choose)(inside, next, middle));
  FN(store)(s->lowest + k, lowest);
  FN(store)(s->highest + k, highest);
  FN(store)(s->done + k, FN(choose)(exact | last | stuck, FN(splat)(1.0), FN(splat)(0.0)));
}

/* The arguments at which I, or its complement when is_upper is 1, has the values p. */
static void FN(inverse_beta)(
  const double *a, const double *b, size_t step, const double *p, double *y, size_t n,
  int is_upper) {
  FN(search) s;
  __builtin_memset(&s, 0, sizeof s);
  double values[KEEL_ROOM] = {0}, result[KEEL_BLOCK], side[KEEL_ROOM];
  double shapes[2][KEEL_ROOM] = {{0}};
  for (size_t first = 0; first < n; first += KEEL_BLOCK) {
    size_t count = n - first < KEEL_BLOCK ? n - first : KEEL_BLOCK;
    __builtin_memcpy(values, p + first, count * sizeof(double));
    if (step) {
      __builtin_memcpy(shapes[0], a + first, count * sizeof(double));
      __builtin_memcpy(shapes[1], b + first, count * sizeof(double));
    }
    for (size_t k = 0; k < count; k += KEEL_WIDTH) {
      V v = FN(load)(values + k), w = 1.0 - v;
      V av = step ? FN(load)(shapes[0] + k) : FN(splat)(a[0]);
      V bv = step ? FN(load)(shapes[1] + k) : FN(splat)(b[0]);
      FN(beta_begin)(&s, k, av, bv, is_upper ? w : v, is_upper ? v : w);
    }
    for (size_t k = 0; k < count; k++) s.place[k] = (uint16_t)k;
    __builtin_memcpy(side, s.side, sizeof side);
    size_t active = FN(retain)(&s, result, count, 1);
    for (int round = 0; round < KEEL_INVERSE_STEPS && active; round++) {
      FN(beta_tails)(s.a, s.b, 1, s.point, s.lower, s.upper, s.density, active);
      for (size_t k = 0; k < active; k += KEEL_WIDTH) FN(beta_advance)(&s, k);
      active = FN(retain)(&s, result, active, 1);
    }
    for (size_t k = 0; k < active; k++) result[s.place[k]] = s.point[k];
    /* What was turned gives back y. */
    for (size_t k = 0; k < count; k++) {
      int is_y = __builtin_signbit(result[k]) != 0;
      double v = is_y ? -result[k] : result[k];
      y[first + k] = is_y == (side[k] < 0) ? v : 1 - v;
    }
  }
}
