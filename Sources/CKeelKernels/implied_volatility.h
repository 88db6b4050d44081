/* The implied volatility, once a level.

   Goals in order: an answer or the reason why there is none for every price, the accuracy that
   the price allows, a fixed number of steps, speed. The objective is that of the scalar form:
   with p(s) the out-of-the-money price in units of the lesser leg, ln(-ln p) for p <= 1/2 and
   ln(-ln(1 - p)) above, over u = ln s; both are nearly straight. Three Householder steps of
   fourth order (A. S. Householder, "The Numerical Treatment of a Single Nonlinear Equation",
   1970) from the leading term of the wing or of large volatilities converge from everywhere:
   after two steps the error in u is below 1e-4. Working on the logarithm of the price and the
   order of the steps follow P. Jaeckel, "Let's Be Rational", Wilmott (2015). The distance to the
   goal comes from the difference of the prices where they are close, so that the last step has
   full accuracy.

   What the steps cannot settle (subnormal prices, a last step that is not small, a price that
   says next to nothing) is left to the caller. */

#define KEEL_IMPLIED_STEPS 3

/* A last step above this, whose fourth power would show, is left to the caller. */
#define KEEL_LAST_CHANGE 1e-4
/* A step in ln s is at most this; Householder's factor stays within these. */
#define KEEL_LARGEST_STEP 2.0
#define KEEL_LEAST_FACTOR 0.5
#define KEEL_LARGEST_FACTOR 2.0

/* Prices below this share of the lesser leg, and uncertainties above the other limit, are the
   caller's. */
#define KEEL_LEAST_SHARE 0x1p-960
#define KEEL_LARGEST_UNCERTAINTY 0.25

/* Phi(-9) is 1e-19: beyond this d1 nothing is missing to the maximum. */
#define KEEL_SATURATION 9.0
/* Room for rounding in the lower end of the interval. */
#define KEEL_BRACKET_MARGIN 1e-9
#define KEEL_SQRT_TWO_PI 0x1.40d931ff62706p+1

/* What is looked for, on the out-of-the-money side. */
typedef struct {
  P x;
  /* The share that is wanted, of the price or of what is missing to the maximum, and its
     logarithm. */
  V wanted, goal;
  U is_missing;
  /* The ends of the interval that holds the answer. */
  V lowest, highest;
} FN(volatility_search);

/* log(1 + r); the rounding of 1 + r is carried where r is small. */
INLINE V FN(log_near_one)(V r) {
  V u = 1.0 + r, low = FN(sum_low)(FN(splat)(1.0), r, u);
  return FN(log)(u) + FN(madd)(-low, r, low);
}

/* The logarithm of the share at s over the wanted one, and the derivative of the logarithm by ln
   s. */
INLINE V FN(distance)(const FN(volatility_search) *search, const FN(core) *core, V s, V *slope) {
  V scale = core->density_scale, one = FN(splat)(1.0);
  V price = core->price * FN(choose)(core->is_scaled, scale, one);
  V missing = FN(choose)(
    core->is_scaled, 1.0 - price, core->missing * scale);
  V share = FN(choose)(search->is_missing, missing, price);
  V r = (share - search->wanted) / search->wanted;
  U is_close = (U)(FN(magnitude)(r) < 0.5), is_scaled = core->is_scaled & ~search->is_missing;
  V argument = FN(choose)(is_close, 1.0 + r, FN(choose)(is_scaled, core->ratio, share));
  V low = FN(sum_low)(one, r, 1.0 + r), logarithm = FN(log)(argument);
  V close = logarithm + FN(madd)(-low, r, low);
  V away = logarithm + FN(choose)(is_scaled, core->exponent, FN(splat)(0.0)) - search->goal;
  V density = s * KEEL_INV_SQRT_2PI;
  V rise = FN(choose)(is_scaled, density, density * core->density * scale)
    / FN(choose)(is_scaled, core->ratio, share);
  *slope = FN(choose)(search->is_missing, -rise, rise);
  return FN(choose)(is_close, close, away);
}

/* Householder's step in ln s for ln(-g), where g is the logarithm of the share. */
INLINE V FN(implied_step)(const FN(volatility_search) *search, V s, V *change, V *slope_at) {
  FN(core) core = FN(black_distances)(search->x, FN(product)(s, s), s, 1.0 / s);
  FN(black_tails)(&core);
  V slope, error = FN(distance)(search, &core, s, &slope);
  V value = search->goal + error, per_value = 1.0 / value;
  V d1 = FN(clamped_distance)(core.d1), d2 = FN(clamped_distance)(core.d2);
  /* g'' = g' (1 + d1 d2 - g'), and (d1 d2)' = -(d1^2 + d2^2). */
  V bend = 1.0 + d1 * d2 - slope, second = slope * bend;
  V third = second * bend - slope * (FN(madd)(d1, d1, d2 * d2) + second);
  V f1 = slope * per_value, f2 = second * per_value - f1 * f1;
  V f3 = third * per_value - f1 * (3.0 * second * per_value - 2.0 * f1 * f1);
  V newton = -FN(log_near_one)(error / search->goal) / f1, per_slope = newton / f1;
  V a = per_slope * f2, b = per_slope * newton * f3;
  V factor = FN(madd)(FN(splat)(0.5), a, FN(splat)(1.0)) / (1.0 + a + b * (1.0 / 6.0));
  U is_low = (U)(factor < KEEL_LEAST_FACTOR), is_high = ~(U)(factor <= KEEL_LARGEST_FACTOR);
  factor = FN(choose)(is_high, FN(splat)(KEEL_LARGEST_FACTOR), factor);
  factor = FN(choose)(is_low, FN(splat)(KEEL_LEAST_FACTOR), factor);
  V step = newton * factor;
  step = FN(choose)((U)(step > KEEL_LARGEST_STEP), FN(splat)(KEEL_LARGEST_STEP), step);
  step = FN(choose)((U)(step < -KEEL_LARGEST_STEP), FN(splat)(-KEEL_LARGEST_STEP), step);
  *change = step;
  *slope_at = slope;
  V next = FN(madd)(s, FN(expm1)(step), s);
  next = FN(choose)((U)(next < search->lowest), search->lowest, next);
  return FN(choose)((U)(next > search->highest), search->highest, next);
}

/* The leading terms of the wing and at the money together, or the one of large volatilities. */
INLINE V FN(implied_start)(const FN(volatility_search) *search, V at_the_money) {
  V inflection = __builtin_elementwise_sqrt(-2.0 * search->x.high);
  V root = __builtin_elementwise_sqrt(-2.0 * search->goal), wing = -search->x.high / root;
  wing = FN(choose)((U)(wing < inflection), wing, inflection);
  wing = __builtin_elementwise_sqrt(FN(madd)(wing, wing, at_the_money * at_the_money));
  V large = 2.0 * root;
  large = FN(choose)((U)(large > inflection), large, inflection);
  return FN(choose)(search->is_missing, large, wing);
}

/* The share of a price, its search, and why there may be none. */
typedef struct {
  FN(volatility_search) search;
  V share, unit;
  U below, above, uninformed, left;
} FN(quote);

INLINE FN(quote) FN(quote_of)(V price, U is_call, const FN(legs) *legs) {
  FN(quote) q;
  V zero = FN(splat)(0.0), harmless = FN(splat)(0.25);
  U is_out = ~(is_call ^ legs->call_is_out);
  P intrinsic = FN(pair_choose)(is_out, (P){zero, zero}, FN(intrinsic)(legs));
  V maximum = FN(choose)(is_call, legs->near, legs->far);
  V time_value = (price - intrinsic.high) - intrinsic.low, missing = maximum - price;
  /* One unit in the last place; price and intrinsic value may each be off by half of it. */
  q.unit = FN(value)(FN(bits)(price) & 0x7ff0000000000000u) * 0x1p-52;
  V lost = FN(choose)(is_out, zero, 2.0 * q.unit);
  q.below = (U)(price < intrinsic.high);
  q.above = ~(q.below | ((U)(price < maximum) & (U)(time_value < legs->lesser)));
  q.uninformed = ~(q.below | q.above | (U)(time_value > lost));
  U fails = q.below | q.above | q.uninformed;

  V share = time_value / legs->lesser, wanted;
  missing = FN(choose)((U)(missing < legs->lesser), missing, legs->lesser);
  q.search.is_missing = (U)(share > 0.5) & ~fails;
  wanted = FN(choose)(q.search.is_missing, missing / legs->lesser, share);
  q.left = ~fails & ~(U)(wanted > KEEL_LEAST_SHARE);
  wanted = FN(choose)(fails | q.left, harmless, wanted);
  q.share = FN(choose)(fails | q.left, harmless, share);
  q.search.x = legs->x;
  q.search.wanted = wanted;
  q.search.goal = FN(log)(wanted);
  return q;
}

/* One vector: the volatilities, NaN where there is none, and the outcomes as bytes. Returns the
   mask of the elements that are left to the caller. */
INLINE U FN(implied_vector)(const FN(option_walk) *walk, double *output, uint8_t *outcomes) {
  FN(options) o = FN(options_of)(walk, 1);
  V unused, change, slope;
  FN(legs) legs;
  FN(legs_start)(&legs, &o);
  FN(legs_logarithm)(&legs, &o, FN(splat)(1.0), &unused);
  FN(legs_finish)(&legs, &o, walk);
  FN(quote) q = FN(quote_of)(o.volatility, o.is_call, &legs);
  /* p(s) <= s / sqrt(2 pi), its value at the money; and d1 = 9 leaves nothing to the maximum. */
  V at_the_money = q.share * KEEL_SQRT_TWO_PI, edge = FN(splat)(KEEL_SATURATION);
  q.search.lowest = at_the_money * (1.0 - KEEL_BRACKET_MARGIN);
  q.search.highest = edge + __builtin_elementwise_sqrt(edge * edge - 2.0 * legs.x.high);
  V s = FN(implied_start)(&q.search, at_the_money);
  for (int i = 0; i < KEEL_IMPLIED_STEPS; i++)
    s = FN(implied_step)(&q.search, s, &change, &slope);

  U fails = q.below | q.above | q.uninformed;
  V uncertainty = 0.5 * q.unit / (legs.lesser * q.search.wanted * FN(magnitude)(slope));
  U settled = (U)(FN(magnitude)(change) < KEEL_LAST_CHANGE)
    & (U)(uncertainty < KEEL_LARGEST_UNCERTAINTY);
  U left = o.left | q.left | ~(fails | settled);
  V volatility = s / __builtin_elementwise_sqrt(o.time);
  FN(store)(output, FN(choose)(fails | left, FN(splat)(__builtin_nan("")), volatility));
  U outcome = (q.below & KEEL_BELOW_INTRINSIC) | (q.above & KEEL_ABOVE_MAXIMUM)
    | (q.uninformed & KEEL_NO_INFORMATION) | (left & KEEL_LEFT_TO_CALLER);
  FN(keel_bytes) bytes = __builtin_convertvector(outcome, FN(keel_bytes));
  __builtin_memcpy(outcomes, &bytes, sizeof bytes);
  return left;
}

static size_t FN(implied_volatility)(
  const keel_option_columns *columns, double *output, uint8_t *outcomes, size_t first, size_t n) {
  FN(option_walk) walk;
  FN(option_walk_start)(&walk, columns, first);
  U left = FN(bits)(FN(splat)(0.0));
  output += first;
  outcomes += first;
  double last[KEEL_WIDTH];
  uint8_t last_outcomes[KEEL_WIDTH];
  for (size_t i = 0; i < n; i += KEEL_WIDTH) {
    size_t rest = n - i;
    int is_whole = rest >= KEEL_WIDTH;
    if (!is_whole) FN(option_walk_finish)(&walk, rest);
    U mask = FN(implied_vector)(
      &walk, is_whole ? output + i : last, is_whole ? outcomes + i : last_outcomes);
    FN(option_walk_step)(&walk);
    if (is_whole) {
      left += mask & 1u;
      continue;
    }
    left += mask & FN(first_elements)(rest) & 1u;
    __builtin_memcpy(output + i, last, rest * sizeof(double));
    __builtin_memcpy(outcomes + i, last_outcomes, rest);
  }
  return __builtin_reduce_add(left);
}
