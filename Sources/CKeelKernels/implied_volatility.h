/* The implied volatility, once a level.

   Goals in order: an answer or the reason why there is none for every price, the accuracy that
   the price allows, few steps, speed. With p(s) the out-of-the-money price in units of the lesser
   leg, Householder's method of fourth order (A. S. Householder, "The Numerical Treatment of a
   Single Nonlinear Equation", 1970) solves ln p for p <= 1/2 and ln(1 - p) above in u = ln s.

   The start is the volatility of the normal model times a correction: with r the price over the
   distance of the legs, the normal model's s' is x / h(r), a function of one variable, and s / s'
   is near 1 + s'^2 / 24, a smooth function of s'^2 and x^2 (the expansion of P. S. Hagan, D. Kumar,
   A. S. Lesniewski, D. E. Woodward, "Managing smile risk", Wilmott (2002), for no smile). Above one
   half it is the volatility that has the price at the money, moved by the log-moneyness. Its error
   is below 7e-5 for prices up to one half and legs within a factor of 50, so that one step is
   enough; others take two or three. Working on the logarithm of the price and the order of the
   steps follow P. Jaeckel, "Let's Be Rational", Wilmott (2015). The distance to the goal comes from
   the difference of the prices where they are close, and the last step and the division by the root
   of time carry their rounding, so that the volatility is rounded once.

   What the steps cannot settle (subnormal prices, a last step that is not small, a price that
   says next to nothing) is left to the caller. */

#define KEEL_IMPLIED_STEPS 3

/* The error after a step of this size is below 1.8 times its fourth power, a third of an ulp. */
#define KEEL_LAST_CHANGE 8e-5
/* A step in ln s is at most this; Householder's factor stays within these. */
#define KEEL_LARGEST_STEP 0.5
#define KEEL_LEAST_FACTOR 0.5
#define KEEL_LARGEST_FACTOR 2.0

/* Prices below this share of the lesser leg, and uncertainties above the other limit, are the
   caller's. */
#define KEEL_LEAST_SHARE 0x1p-960
#define KEEL_LARGEST_UNCERTAINTY 0.25

/* For a start the distance of the legs counts up to this multiple of the lesser one. */
#define KEEL_LARGEST_DISTANCE 0x1p60
/* At a price of one half s^2 is at most the first number and the second one times |x|. */
#define KEEL_HALF_VARIANCE 1.83
#define KEEL_HALF_SLOPE 2.13

/* Phi(-9) is 1e-19: beyond this d1 nothing is missing to the maximum. */
#define KEEL_SATURATION 9.0
/* Room for rounding in the lower end of the interval. */
#define KEEL_BRACKET_MARGIN 1e-9
#define KEEL_SQRT_TWO_PI 0x1.40d931ff62706p+1
#define KEEL_LN2 0x1.62e42fefa39efp-1

/* What is looked for, on the out-of-the-money side. */
typedef struct {
  P x;
  /* The share that is wanted, of the price or of what is missing to the maximum, and what rounding
     took from it. */
  V wanted, wanted_low;
  U is_missing;
  /* The distance of the legs over the lesser one. */
  V distance;
  /* The ends of the interval that holds the answer. */
  V lowest, highest;
} FN(volatility_search);

/* The logarithm of the share at s over the wanted one, and the derivative of the logarithm by ln
   s. */
INLINE V FN(distance)(const FN(volatility_search) *search, const FN(core) *core, V s, V *slope) {
  V scale = core->density_scale, one = FN(splat)(1.0);
  V price_scale = FN(choose)(core->is_scaled, scale, one);
  P missing = FN(pair_choose)(
    core->is_scaled, (P){FN(madd)(-core->price.high, scale, one), -core->price.low},
    (P){core->missing.high * scale, core->missing.low});
  P price = {core->price.high * price_scale, core->price.low};
  V share_scale = FN(choose)(search->is_missing, scale, price_scale);
  P pair = FN(pair_choose)(search->is_missing, missing, price);
  V share = pair.high, share_low = pair.low * share_scale;
  U is_scaled = core->is_scaled & ~search->is_missing;
  V density = s * KEEL_INV_SQRT_2PI;
  V rise = FN(choose)(is_scaled, density, density * core->density * scale)
    / FN(choose)(is_scaled, core->ratio, share);
  *slope = FN(choose)(search->is_missing, -rise, rise);
  V r = ((share - search->wanted) + (share_low - search->wanted_low)) / search->wanted;
  V u = 1.0 + r;
  V low = FN(sum_low)(one, r, u);
  U is_far = ~(U)(FN(magnitude)(r) < 0.5);
  if (FN(any)(is_far)) {
    V away = FN(log)(FN(choose)(is_scaled, core->ratio, share))
      + FN(choose)(is_scaled, core->exponent, FN(splat)(0.0)) - FN(log)(search->wanted);
    V close = FN(log)(FN(choose)(is_far, one, u)) + FN(madd)(-low, r, low);
    return FN(choose)(is_far, away, close);
  }
  return FN(log)(u) + FN(madd)(-low, r, low);
}

/* s after Householder's step in ln s for the logarithm of the share, in two parts. */
INLINE P FN(implied_step)(const FN(volatility_search) *search, V s, V *change, V *slope_at) {
  FN(core) core = FN(black_distances)(search->x, (P){s, FN(splat)(0.0)}, 1.0 / s);
  FN(black_tails)(&core, 1);
  V slope, error = FN(distance)(search, &core, s, &slope);
  V d1 = FN(clamped_distance)(core.d1), d2 = FN(clamped_distance)(core.d2);
  /* g'' = g' (1 + d1 d2 - g'), and (d1 d2)' = -(d1^2 + d2^2). */
  V bend = 1.0 + d1 * d2 - slope;
  V third = FN(madd)(bend, bend - slope, -FN(madd)(d1, d1, d2 * d2));
  V newton = -error / slope, a = newton * bend, b = newton * newton * third;
  V factor = FN(madd)(FN(splat)(0.5), a, FN(splat)(1.0)) / (1.0 + a + b * (1.0 / 6.0));
  U is_low = (U)(factor < KEEL_LEAST_FACTOR), is_high = ~(U)(factor <= KEEL_LARGEST_FACTOR);
  factor = FN(choose)(is_high, FN(splat)(KEEL_LARGEST_FACTOR), factor);
  factor = FN(choose)(is_low, FN(splat)(KEEL_LEAST_FACTOR), factor);
  V step = newton * factor;
  step = FN(choose)((U)(step > KEEL_LARGEST_STEP), FN(splat)(KEEL_LARGEST_STEP), step);
  step = FN(choose)((U)(step < -KEEL_LARGEST_STEP), FN(splat)(-KEEL_LARGEST_STEP), step);
  *change = step;
  *slope_at = slope;
  /* exp(step) - 1: Taylor coefficients 1/n!; for a last step the rest is far below an ulp. */
  V power = FN(madd)(step, FN(splat)(1.0 / 120.0), FN(splat)(1.0 / 24.0));
  power = FN(madd)(power, step, FN(splat)(1.0 / 6.0));
  power = FN(madd)(power, step, FN(splat)(0.5));
  P next = FN(sum)(s, s * FN(madd)(power * step, step, step));
  V zero = FN(splat)(0.0);
  P lowest = {search->lowest, zero}, highest = {search->highest, zero};
  next = FN(pair_choose)((U)(next.high < lowest.high), lowest, next);
  return FN(pair_choose)((U)(next.high > highest.high), highest, next);
}

/* log(x) to 1e-6 for positive normal x. */
INLINE V FN(short_log)(V x) {
  V f, e = FN(log_reduce)(x, &f);
  return FN(madd)(
    f, FN(long_polynomial)(f, KEEL_SHORT_LOG, 0, KEEL_SHORT_LOG_COUNT), e * KEEL_LN2);
}

/* The start for a price above one half, of which `missing` is missing to one. */
INLINE V FN(high_start)(V x, V missing) {
  V root = __builtin_elementwise_sqrt(1.0 - FN(short_log)(missing * (2.0 - missing)));
  V above = FN(long_polynomial)(root, KEEL_HIGH_ABOVE, 0, KEEL_HIGH_ABOVE_COUNT);
  V below = FN(long_polynomial)(root, KEEL_HIGH_BELOW, 0, KEEL_HIGH_BELOW_COUNT);
  V z = (1.0 - missing) * above / below;
  const double *a = KEEL_EFFECT_ABOVE, *b = KEEL_EFFECT_BELOW;
  above = FN(madd)(FN(polynomial)(z, a, 3, 5), x, FN(polynomial)(z, a, 0, 3));
  below = FN(madd)(FN(polynomial)(z, b, 3, 5), x, FN(polynomial)(z, b, 0, 3));
  return __builtin_elementwise_sqrt(FN(madd)(z, z, x * (above / below)));
}

/* The start for a price up to one half. */
INLINE V FN(low_start)(V x, V distance, V price) {
  V total = distance + 2.0 * price, per_total = 1.0 / total;
  V spread = 4.0 * (price * per_total) * ((distance + price) * per_total);
  V root = __builtin_elementwise_sqrt(1.0 - FN(short_log)(spread));
  V above = FN(long_polynomial)(root, KEEL_NORMAL_ABOVE, 0, KEEL_NORMAL_ABOVE_COUNT);
  V below = FN(long_polynomial)(root, KEEL_NORMAL_BELOW, 0, KEEL_NORMAL_BELOW_COUNT);
  /* x over the distance is one at the money. */
  U is_at = ~(U)(distance > 0.0);
  V one = FN(splat)(1.0);
  V normal = (total * FN(choose)(is_at, one, x) * below)
    / (FN(choose)(is_at, one, distance) * above);
  V q = x * x, t = normal * normal;
  q = FN(choose)((U)(q > KEEL_LARGEST_Q), FN(splat)(KEEL_LARGEST_Q), q);
  t = FN(choose)((U)(t > KEEL_LARGEST_T), FN(splat)(KEEL_LARGEST_T), t);
  const double *a = KEEL_LOGNORMAL_ABOVE, *b = KEEL_LOGNORMAL_BELOW;
  above = FN(madd)(FN(madd)(q, FN(splat)(a[5]), FN(splat)(a[4])), t,
    FN(madd)(q, FN(splat)(a[3]), FN(splat)(a[2])));
  above = FN(madd)(above, t, FN(madd)(q, FN(splat)(a[1]), FN(splat)(a[0])));
  below = FN(madd)(FN(madd)(q, FN(splat)(b[3]), FN(splat)(b[2])), t,
    FN(madd)(q, FN(splat)(b[1]), FN(splat)(b[0])));
  V s = FN(madd)(normal * t, above / below, normal);
  V most = __builtin_elementwise_sqrt(
    FN(madd)(x, FN(splat)(KEEL_HALF_SLOPE), FN(splat)(KEEL_HALF_VARIANCE)));
  return FN(choose)((U)(s < most), s, most);
}

INLINE V FN(implied_start)(const FN(volatility_search) *search) {
  V x = -search->x.high, half = FN(splat)(0.5);
  V s = FN(low_start)(x, search->distance, FN(choose)(search->is_missing, half, search->wanted));
  if (FN(any)(search->is_missing)) {
    V high = FN(high_start)(x, FN(choose)(search->is_missing, search->wanted, half));
    s = FN(choose)(search->is_missing, high, s);
  }
  s = FN(choose)((U)(s < search->lowest), search->lowest, s);
  return FN(choose)((U)(s > search->highest), search->highest, s);
}

/* The search of a price, and why there may be none. */
typedef struct {
  FN(volatility_search) search;
  V unit;
  U below, above, uninformed, left;
} FN(quote);

INLINE FN(quote) FN(quote_of)(V price, U is_call, const FN(legs) *legs) {
  FN(quote) q;
  V zero = FN(splat)(0.0), harmless = FN(splat)(0.25);
  U is_out = ~(is_call ^ legs->call_is_out);
  P difference = FN(intrinsic)(legs, ~FN(bits)(zero));
  P intrinsic = FN(pair_choose)(is_out, (P){zero, zero}, difference);
  V maximum = FN(choose)(is_call, legs->near, legs->far);
  V time_value = (price - intrinsic.high) - intrinsic.low, missing = maximum - price;
  /* One unit in the last place; price and intrinsic value may each be off by half of it. */
  q.unit = FN(value)(FN(bits)(price) & 0x7ff0000000000000u) * 0x1p-52;
  V lost = FN(choose)(is_out, zero, 2.0 * q.unit);
  q.below = (U)(price < intrinsic.high);
  q.above = ~(q.below | ((U)(price < maximum) & (U)(time_value < legs->lesser)));
  q.uninformed = ~(q.below | q.above | (U)(time_value > lost));
  U fails = q.below | q.above | q.uninformed;

  U is_missing = (U)(time_value > 0.5 * legs->lesser) & ~fails;
  missing = FN(choose)((U)(missing < legs->lesser), missing, legs->lesser);
  V value = FN(choose)(is_missing, missing, time_value), per_lesser = 1.0 / legs->lesser;
  V wanted = value * per_lesser, low = FN(residual)(value, wanted, legs->lesser) * per_lesser;
  q.left = ~fails & ~(U)(wanted > KEEL_LEAST_SHARE);
  wanted = FN(choose)(fails | q.left, harmless, wanted);
  q.search.wanted_low = FN(choose)(fails | q.left, zero, low);
  V distance = difference.high * per_lesser;
  U is_far = ~(U)(distance < KEEL_LARGEST_DISTANCE);
  q.search.distance = FN(choose)(is_far, FN(splat)(KEEL_LARGEST_DISTANCE), distance);
  q.search.is_missing = is_missing;
  q.search.x = legs->x;
  q.search.wanted = wanted;
  /* p(s) <= s / sqrt(2 pi), its value at the money; and d1 = 9 leaves nothing to the maximum. */
  V share = FN(choose)(is_missing, 1.0 - wanted, wanted), edge = FN(splat)(KEEL_SATURATION);
  q.search.lowest = share * (KEEL_SQRT_TWO_PI * (1.0 - KEEL_BRACKET_MARGIN));
  q.search.highest = edge + __builtin_elementwise_sqrt(edge * edge - 2.0 * legs->x.high);
  return q;
}

/* The volatilities, NaN where there is none, the derivatives of the prices by the logarithm of the
   volatility, the number of steps, the outcomes and the mask of what is left to the caller. */
typedef struct {
  V volatility, sensitivity;
  U steps, outcome, left;
} FN(implied);

/* Steps until each one is small; an element that has its answer keeps it. */
INLINE P FN(implied_total)(const FN(volatility_search) *search, FN(implied) *y, U *settled) {
  P s = {FN(implied_start)(search), FN(splat)(0.0)};
  V slope = FN(splat)(0.0);
  y->steps = *settled = FN(bits)(slope);
  for (int i = 0; i < KEEL_IMPLIED_STEPS; i++) {
    V change, slope_here;
    P next = FN(implied_step)(search, s.high, &change, &slope_here);
    s = FN(pair_choose)(*settled, s, next);
    slope = FN(choose)(*settled, slope, slope_here);
    y->steps += ~*settled & 1u;
    *settled |= (U)(FN(magnitude)(change) < KEEL_LAST_CHANGE);
    if (!FN(any)(~*settled)) break;
  }
  y->sensitivity = FN(magnitude)(slope) * search->wanted;
  return s;
}

/* s / sqrt(time), rounded once. */
INLINE V FN(annualized)(P s, V time) {
  V root = __builtin_elementwise_sqrt(time), per_root = 1.0 / root;
  V root_low = FN(residual)(time, root, root) * (0.5 * per_root), y = s.high * per_root;
  V rest = FN(residual)(s.high, y, root) + FN(madd)(-y, root_low, s.low);
  return FN(madd)(rest, per_root, y);
}

/* One vector. */
INLINE FN(implied) FN(implied_vector)(const FN(option_walk) *walk) {
  FN(implied) y;
  FN(options) o = FN(options_of)(walk, 1);
  V unused;
  P logarithm = FN(log_quotient)(o.spot, o.strike, FN(splat)(1.0), &unused);
  FN(legs) legs = FN(legs_of)(FN(grown)(logarithm, &o, walk), &o, walk);
  FN(quote) q = FN(quote_of)(o.volatility, o.is_call, &legs);
  U settled, fails = q.below | q.above | q.uninformed;
  P s = FN(implied_total)(&q.search, &y, &settled);
  y.sensitivity *= legs.lesser;
  settled &= (U)(0.5 * q.unit < KEEL_LARGEST_UNCERTAINTY * y.sensitivity)
    & ~FN(is_blurred)(logarithm.high, legs.x.high, s.high);
  y.left = o.left | q.left | ~(fails | settled);
  V missing = FN(splat)(__builtin_nan(""));
  y.volatility = FN(choose)(fails | y.left, missing, FN(annualized)(s, o.time));
  y.outcome = (q.below & KEEL_BELOW_INTRINSIC) | (q.above & KEEL_ABOVE_MAXIMUM)
    | (q.uninformed & KEEL_NO_INFORMATION) | (y.left & KEEL_LEFT_TO_CALLER);
  return y;
}
