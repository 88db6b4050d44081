/* The Black-Scholes price and its derivatives, once a level.

   Goals in order: relative accuracy in every wing, no branch on values, speed. All is computed on
   the out-of-the-money side, in units of the lesser of the discounted forward and strike. With
   x = -|ln(F / K)|, variance v = s^2, d1 = x / s + s / 2 and d2 = d1 - s:

     price = Phi(d1) - exp(-x) Phi(d2) = exp(-d1^2 / 2) (R(-d1) - R(-d2)),
     R(t) = exp(t^2 / 2) Phi(-t)

   (F. Black, "The pricing of commodity contracts", Journal of Financial Economics 3 (1976)). R is
   u P(1 - 8 u) with u = 1 / (t + 4.5), for t >= -1/2. The difference never cancels: Horner's
   scheme at one argument, and the divided difference of P from its partial sums at the other,
   give

     u1 P(s1) - u2 P(s2) = (t2 - t1) u1 u2 (P(s2) - 8 u1 P[s1, s2]),  P[s1, s2] < 0,

   a product of positive factors whose first one is known exactly. Where d1 is above 1/2 the price
   is 1 - exp(-d1^2 / 2) (R(d1) + R(-d2)), which does not cancel either. The logarithm, the
   variance and the square in the exponent are carried in two parts.

   Elements outside the ranges below (expired, without volatility, not a number, ...) are left to
   the caller: their outputs are NaN and they are counted. So are those whose growth cancels the
   logarithm to less than its error allows. */

/* The ranges in which no intermediate result overflows. */
#define KEEL_AMOUNT_LOWEST 0x1p-300
#define KEEL_AMOUNT_HIGHEST 0x1p300
#define KEEL_VOLATILITY_LOWEST 0x1p-100
#define KEEL_VOLATILITY_HIGHEST 0x1p100
#define KEEL_RATE_HIGHEST 0x1p100
#define KEEL_GROWTH_HIGHEST 300.0

/* The logarithm of spot over strike is off by less than 2^-54 times this and the cube of its
   magnitude, which counts up to the second number. */
#define KEEL_LOGARITHM_BLUR 2.0
#define KEEL_LOGARITHM_HIGHEST 0.41

/* Legs whose ratio is within exp(1/2) of one lose digits when subtracted. */
#define KEEL_NEAR_THE_MONEY 0.5

/* Beyond this exponent and this distance every density is zero, whatever its units. */
#define KEEL_EXPONENT_LOWEST (-1400.0)
#define KEEL_DISTANCE_HIGHEST 1024.0

/* Forward, strike and the logarithm of their ratio, all discounted. */
typedef struct {
  /* The legs: S exp(-y T), K exp(-r T); the lesser and the greater of them. */
  V near, far, lesser, greater;
  /* 1 / S and 1 / K. */
  V per_spot, per_strike;
  /* -|ln(near / far)| in two parts. */
  P x;
  /* How far the logarithm of S / K may be off, in 2^-54. */
  V blur;
  U call_is_out;
  /* Where neither leg is discounted. */
  U is_exact;
} FN(legs);

/* The distances and the density of one variance. */
typedef struct {
  /* d1 and d2 on the out-of-the-money side, and what rounding took from them. */
  V d1, d2, d1_low, d2_low;
  /* exp(-d1^2 / 2) in two factors, so that a product is rounded once where it is subnormal. */
  V density, density_scale;
  /* What rounding took from the first factor, relative to it; t2 - t1. */
  V density_rest, gap;
  /* -d1^2 / 2, and the price over the density where d1 <= 1/2. */
  V exponent, ratio;
  /* The price, without the density's second factor where d1 <= 1/2; what is missing to 1 and the
     tails of d1 and d2, without it everywhere. */
  P price, missing;
  V first, second;
  /* Where d1 <= 1/2. */
  U is_scaled;
} FN(core);

/* a - b c with at most one rounding of an error of the size of one in b c. */
INLINE V FN(residual)(V a, V b, V c) {
#if KEEL_FMA
  return __builtin_elementwise_fma(-b, c, a);
#else
  V p = b * c;
  return (a - p) - FN(product_low)(b, c, p);
#endif
}

/* log(numerator / denominator) in two parts, of which some 60 bits hold, and 1 / y by the same
   division; `per` are the inverses. */
INLINE P FN(log_quotient)(
  V numerator, V denominator, V per_numerator, V per_denominator, V y, V *per_y) {
  V ratio = numerator * per_denominator, f;
  ratio = FN(choose)((U)(numerator == denominator), FN(splat)(1.0), ratio);
  V ratio_low = FN(residual)(numerator, ratio, denominator) * per_numerator;
  V e = FN(log_reduce)(ratio, &f);
  V g = f + 2.0, g_low = (2.0 - g) + f, per_both = 1.0 / (g * y), per_g = y * per_both;
  V s = f * per_g, s_low = (FN(residual)(f, s, g) - s * g_low) * per_g, q = s * s, square = f * f;
  *per_y = g * per_both;
  V tail = q * FN(polynomial)(q, KEEL_LOG, 0, KEEL_LOG_COUNT);
  V half = 0.5 * square, half_low = 0.5 * FN(product_low)(f, f, square);
  /* log(1 + f) = f - f^2 / 2 + s (f^2 / 2 + tail), the first three terms in two parts. */
  V less = f - half, less_low = ((f - less) - half) - half_low, third = s * half;
  V third_low = FN(product_low)(s, half, third)
    + FN(madd)(s, tail + half_low, s_low * (half + tail));
  P lead = FN(sum)(e * KEEL_LN2_HIGH, less), inner = FN(sum)(lead.high, third);
  inner.low += (lead.low + less_low)
    + (third_low + FN(madd)(e, FN(splat)(KEEL_LN2_LOW), ratio_low));
  V high = inner.high + inner.low;
  return (P){high, (inner.high - high) + inner.low};
}

/* amount exp(-rate time), to 1 ulp. */
INLINE V FN(discounted)(V amount, V rate, V time) {
  U n;
  V v, r = FN(exp_parts)(-(rate * time), FN(splat)(0.0), &v, &n);
  return FN(madd)(amount, r + v, amount) * FN(value)((n + 1023u) << 52);
}

/* The sign bit is set where x is not within [lowest, highest], both positive. */
INLINE U FN(outside)(V x, double lowest, double highest) {
  U low = FN(bits)(FN(splat)(lowest)), high = FN(bits)(FN(splat)(highest)), b = FN(bits)(x);
  return (b - low) | (high - b);
}

/* The same for a magnitude that may be zero. */
INLINE U FN(beyond)(V x, double highest) {
  return FN(bits)(FN(splat)(highest)) - FN(bits)(FN(magnitude)(x));
}

/* The inputs of one vector; `left` are the elements outside the ranges, which become harmless. */
typedef struct {
  V spot, strike, time, volatility, rate, carry;
  U is_call, left;
} FN(options);

/* With a price in place of the volatility, its sign and size are judged elsewhere. */
INLINE FN(options) FN(options_of)(const FN(option_walk) *walk, int has_price) {
  FN(options) o;
  o.spot = FN(load)(walk->inputs[KEEL_INPUT_SPOT]);
  o.strike = FN(load)(walk->inputs[KEEL_INPUT_STRIKE]);
  o.time = FN(load)(walk->inputs[KEEL_INPUT_TIME]);
  o.volatility = FN(load)(walk->inputs[KEEL_INPUT_VOLATILITY]);
  o.rate = FN(load)(walk->inputs[KEEL_INPUT_RATE]);
  o.carry = FN(load)(walk->inputs[KEEL_INPUT_CARRY]);
  o.is_call = FN(is_call)(walk->kinds);
  o.left = FN(outside)(o.spot, KEEL_AMOUNT_LOWEST, KEEL_AMOUNT_HIGHEST)
    | FN(outside)(o.strike, KEEL_AMOUNT_LOWEST, KEEL_AMOUNT_HIGHEST)
    | FN(outside)(o.time, KEEL_VOLATILITY_LOWEST, KEEL_VOLATILITY_HIGHEST)
    | (has_price
      ? FN(beyond)(o.volatility, KEEL_AMOUNT_HIGHEST)
      : FN(outside)(o.volatility, KEEL_VOLATILITY_LOWEST, KEEL_VOLATILITY_HIGHEST))
    | FN(beyond)(o.rate, KEEL_RATE_HIGHEST) | FN(beyond)(o.carry, KEEL_RATE_HIGHEST)
    | FN(beyond)(o.rate * o.time, KEEL_GROWTH_HIGHEST)
    | FN(beyond)(o.carry * o.time, KEEL_GROWTH_HIGHEST);
  /* The sign bit over all bits; most vectors have none. */
  o.left = ~((o.left >> 63) - 1u);
  if (FN(any)(o.left)) {
    V one = FN(splat)(1.0), none = FN(splat)(0.0);
    o.spot = FN(choose)(o.left, one, o.spot);
    o.strike = FN(choose)(o.left, one, o.strike);
    o.time = FN(choose)(o.left, one, o.time);
    o.volatility = FN(choose)(o.left, one, o.volatility);
    o.rate = FN(choose)(o.left, none, o.rate);
    o.carry = FN(choose)(o.left, none, o.carry);
  }
  return o;
}

/* The inverses of spot and strike, by one division. */
INLINE void FN(legs_start)(FN(legs) *legs, const FN(options) *o) {
  V per_both = 1.0 / (o->spot * o->strike);
  legs->per_spot = o->strike * per_both;
  legs->per_strike = o->spot * per_both;
}

/* ln(S / K), and 1 / y by a division that it needs anyway. */
INLINE void FN(legs_logarithm)(FN(legs) *legs, const FN(options) *o, V y, V *per_y) {
  legs->x = FN(log_quotient)(o->spot, o->strike, legs->per_spot, legs->per_strike, y, per_y);
  V size = FN(magnitude)(legs->x.high), most = FN(splat)(KEEL_LOGARITHM_HIGHEST);
  size = FN(choose)((U)(size < most), size, most);
  legs->blur = KEEL_LOGARITHM_BLUR * (size * size * size);
}

/* Where growth cancels the logarithm of S / K and the error of that would show beside the total
   volatility s. */
INLINE U FN(is_blurred)(const FN(legs) *legs, V s) {
  return (U)(legs->blur > s - legs->x.high);
}

/* The growth and the discounts. */
INLINE void FN(legs_finish)(FN(legs) *legs, const FN(options) *o, const FN(option_walk) *walk) {
  P x = FN(pair_sum)(legs->x, FN(pair_product)(FN(sum)(o->rate, -o->carry), o->time));
  legs->call_is_out = (U)(x.high <= 0.0);
  U sign = ~legs->call_is_out & 0x8000000000000000u;
  legs->x = (P){FN(value)(FN(bits)(x.high) ^ sign), FN(value)(FN(bits)(x.low) ^ sign)};
  /* exp(0) is one, to the bit. */
  legs->near = o->spot;
  if (!walk->has_no_carry) legs->near = FN(discounted)(o->spot, o->carry, o->time);
  legs->far = o->strike;
  if (!walk->has_no_rate) legs->far = FN(discounted)(o->strike, o->rate, o->time);
  legs->is_exact = (U)(o->rate == 0.0) & (U)(o->carry == 0.0);
  legs->lesser = FN(choose)(legs->call_is_out, legs->near, legs->far);
  legs->greater = FN(choose)(legs->call_is_out, legs->far, legs->near);
}

/* The difference of the legs. Next to the money it comes from the logarithm of their ratio where
   the legs carry the rounding of a discount. */
INLINE P FN(intrinsic)(const FN(legs) *legs) {
  P y = FN(sum)(legs->greater, -legs->lesser);
  U near = (U)(legs->x.high > -KEEL_NEAR_THE_MONEY) & ~legs->is_exact;
  if (FN(any)(near)) {
    V a = FN(choose)(near, -legs->x.high, FN(splat)(0.0)), v;
    U n;
    V r = FN(exp_parts)(a, -legs->x.low, &v, &n), power = FN(value)((n + 1023u) << 52);
    P ratio = FN(product)(legs->lesser, FN(madd)(power, r + v, power - 1.0));
    y = FN(pair_choose)(near, ratio, y);
  }
  U positive = (U)(y.high > 0.0);
  return FN(pair_choose)(positive, y, (P){FN(splat)(0.0), FN(splat)(0.0)});
}

/* P(s2) and the divided difference P[s1, s2] at s = 1 - span u, in two parts. */
INLINE P FN(tail_difference)(P u1, P u2, P *difference) {
  V m1 = KEEL_TAIL_SPAN * u1.high, m2 = KEEL_TAIL_SPAN * u2.high, s1 = 1.0 - m1, s2 = 1.0 - m2;
  V y = FN(splat)(KEEL_TAIL[KEEL_TAIL_COUNT - 1]), z = y, w = FN(splat)(0.0);
#pragma clang loop unroll(full)
  for (int i = KEEL_TAIL_COUNT - 2; i > 2; i--) {
    y = FN(madd)(y, s2, FN(splat)(KEEL_TAIL[i]));
    /* The derivative of the difference by s1, which multiplies a correction: leading terms do. */
    if (i < KEEL_TAIL_COUNT / 2) w = FN(madd)(w, s1, z);
    z = FN(madd)(z, s1, y);
  }
  y = FN(madd)(y, s2, FN(splat)(KEEL_TAIL[2]));
  /* The last two steps carry their rounding, and s1 and s2 their own. */
  V s1_low = ((1.0 - s1) - m1) - KEEL_TAIL_SPAN * u1.low;
  V s2_low = ((1.0 - s2) - m2) - KEEL_TAIL_SPAN * u2.low;
  w = FN(madd)(w, s1, z);
  P before = FN(product)(z, s1), next = FN(sum)(before.high, y);
  V next_low = before.low + next.low;
  V product = s2 * y, p = product + KEEL_TAIL[1];
  V p_low = FN(sum_low)(FN(splat)(KEEL_TAIL[1]), product, p) + FN(product_low)(s2, y, product);
  w = FN(madd)(w, s1, next.high);
  before = FN(product)(next.high, s1);
  P last = FN(sum)(before.high, p);
  last.low += FN(madd)(next_low, s1, before.low) + FN(madd)(w, s1_low, p_low);
  product = s2 * p;
  V q = product + KEEL_TAIL[0];
  V q_low = FN(sum_low)(FN(splat)(KEEL_TAIL[0]), product, q) + FN(product_low)(s2, p, product);
  q_low += FN(madd)(p_low, s2, FN(madd)(last.high, s2_low, FN(splat)(KEEL_TAIL_0_LOW)));
  *difference = last;
  return (P){q, q_low};
}

/* The distances and the density, for a variance in two parts, its root s and 1 / s. */
INLINE FN(core) FN(black_distances)(P x, P variance, V s, V per_s) {
  FN(core) core;
  V s_low = (FN(residual)(variance.high, s, s) + variance.low) * (0.5 * per_s);
  P above = FN(sum)(x.high, 0.5 * variance.high), below = FN(sum)(x.high, -0.5 * variance.high);
  V above_low = above.low + FN(madd)(FN(splat)(0.5), variance.low, x.low);
  V below_low = below.low + FN(madd)(FN(splat)(-0.5), variance.low, x.low);
  V d1 = (above.high + above_low) * per_s;
  V d1_low = (FN(residual)(above.high, d1, s) + FN(residual)(above_low, d1, s_low)) * per_s;
  V d2 = (below.high + below_low) * per_s;
  core.d1 = d1;
  core.d1_low = d1_low;
  core.d2 = d2;
  core.d2_low = (FN(residual)(below.high, d2, s) + FN(residual)(below_low, d2, s_low)) * per_s;

  V square = d1 * d1, low = -FN(madd)(d1, d1_low, 0.5 * FN(product_low)(d1, d1, square));
  V exponent = -0.5 * square, v;
  U far = (U)(exponent < KEEL_EXPONENT_LOWEST), n;
  core.exponent = exponent;
  exponent = FN(choose)(far, FN(splat)(KEEL_EXPONENT_LOWEST), exponent);
  low = FN(choose)(far, FN(splat)(0.0), low);
  V r = FN(exp_parts)(exponent, low, &v, &n);
  U half = ((n + 4096u) >> 1) - 2048u;
  V mantissa = 1.0 + (r + v);
  core.density_rest = (((1.0 - mantissa) + r) + v) * (2.0 - mantissa);
  core.density = mantissa * FN(value)((half + 1023u) << 52);
  core.density_scale = FN(value)((n - half + 1023u) << 52);

  core.is_scaled = (U)(d1 <= KEEL_TAIL_START);
  core.gap = FN(choose)(core.is_scaled, s, -2.0 * x.high * per_s);
  return core;
}

/* The price and the tails. */
INLINE void FN(black_tails)(FN(core) *core) {
  V d1 = core->d1, density_rest = core->density_rest, gap = core->gap;
  V t1 = FN(choose)(core->is_scaled, -d1, d1), t2 = -core->d2, shift = FN(splat)(KEEL_TAIL_SHIFT);
  P w1 = FN(sum)(shift, t1), w2 = FN(sum)(shift, t2);
  w1.low += FN(choose)(core->is_scaled, -core->d1_low, core->d1_low);
  w2.low -= core->d2_low;
  P w = FN(product)(w1.high, w2.high);
  w.low += FN(madd)(w1.high, w2.low, w2.high * w1.low);
  V u12 = 1.0 / w.high, rest = FN(residual)(FN(splat)(1.0), u12, w.high) - u12 * w.low;
  P u1 = FN(product)(w2.high, u12), u2 = FN(product)(w1.high, u12);
  u1.low += FN(madd)(u12, w2.low, u1.high * rest);
  u2.low += FN(madd)(u12, w1.low, u2.high * rest);
  P q, p2 = FN(tail_difference)(u1, u2, &q);
  V p1 = FN(madd)(-KEEL_TAIL_SPAN * gap * u12, q.high, p2.high);
  P first = FN(product)(u1.high, p1), second = FN(product)(u2.high, p2.high);
  core->first = core->density * first.high;
  core->second = core->density * second.high;
  /* R(d1) + R(-d2), what is missing to 1. */
  P both = FN(sum)(first.high, second.high);
  both.low += (first.low + FN(madd)(u1.low, p1, u1.high * p2.low))
    + (second.low + FN(madd)(u2.low, p2.high, u2.high * p2.low));
  P missing = FN(pair_product)(both, core->density);
  missing.low = FN(madd)(missing.high, density_rest, missing.low);
  core->missing = missing;
  /* gap u12 (p2 - span u1 q), its factors' rounding carried along. */
  V span = -KEEL_TAIL_SPAN * u1.high;
  P term = FN(product)(span, q.high), sum = FN(sum)(p2.high, term.high);
  sum.low += FN(madd)(span, q.low, p2.low) + FN(madd)(-KEEL_TAIL_SPAN * u1.low, q.high, term.low);
  P y = FN(pair_product)(FN(pair_product)(sum, u12), gap);
  y.low = FN(madd)(y.high, rest, y.low);
  core->ratio = y.high + y.low;
  y = FN(pair_product)(y, core->density);
  y.low = FN(madd)(y.high, density_rest, y.low);
  P full = FN(sum)(FN(splat)(1.0), -missing.high * core->density_scale);
  full.low = FN(madd)(-missing.low, core->density_scale, full.low);
  core->price = FN(pair_choose)(core->is_scaled, y, full);
}

/* factor y, where y lacks the density's second factor. */
INLINE V FN(rescaled)(V factor, V y, V scale) { return (factor * y) * scale; }

typedef struct {
  V price;
  /* The shares of the near and the far leg in the price, positive for both kinds. */
  V near, far;
  /* near phi(d1) = far phi(d2), without the density's second factor. */
  V density;
} FN(prices);

INLINE FN(prices) FN(black_prices)(const FN(legs) *legs, const FN(core) *core, U is_call) {
  FN(prices) y;
  U is_out = ~(is_call ^ legs->call_is_out);
  V one = FN(splat)(1.0), scale = core->density_scale;
  P share = FN(pair_product)(core->price, legs->lesser);
  V out = (share.high + share.low) * FN(choose)(core->is_scaled, scale, one);
  y.price = FN(choose)(is_out, out, FN(intrinsic)(legs).high + out);
  V lesser = FN(rescaled)(legs->lesser, core->first, scale);
  V second = FN(rescaled)(legs->lesser, core->second, scale);
  lesser = FN(choose)(core->is_scaled ^ is_out, legs->lesser - lesser, lesser);
  V greater = FN(choose)(is_out, second, legs->greater - second);
  y.near = FN(choose)(legs->call_is_out, lesser, greater);
  y.far = FN(choose)(legs->call_is_out, greater, lesser);
  y.density = (legs->lesser * KEEL_INV_SQRT_2PI) * core->density;
  return y;
}

INLINE V FN(clamped_distance)(V d) {
  d = FN(choose)((U)(d > KEEL_DISTANCE_HIGHEST), FN(splat)(KEEL_DISTANCE_HIGHEST), d);
  return FN(choose)((U)(d < -KEEL_DISTANCE_HIGHEST), FN(splat)(-KEEL_DISTANCE_HIGHEST), d);
}

/* What is known of a vector of options between the passes. */
typedef struct {
  FN(options) options;
  FN(legs) legs;
  FN(core) core;
  P variance;
  V s, per_s;
} FN(priced);

INLINE void FN(priced_start)(FN(priced) *y, const FN(option_walk) *walk) {
  y->options = FN(options_of)(walk, 0);
  V volatility = y->options.volatility;
  y->variance = FN(pair_product)(FN(product)(volatility, volatility), y->options.time);
  y->s = __builtin_elementwise_sqrt(y->variance.high);
  FN(legs_start)(&y->legs, &y->options);
}

/* The first `columns` outputs of a vector, `leading` numbers apart. Whole, because the parts share
   most of their terms. */
INLINE void FN(priced_finish)(const FN(priced) *p, double *output, size_t leading, int columns) {
  FN(options) o = p->options;
  FN(legs) legs = p->legs;
  FN(core) core = p->core;
  V volatility = o.volatility, time = o.time, rate = o.rate, carry = o.carry, per_s = p->per_s;
  FN(prices) y = FN(black_prices)(&legs, &core, o.is_call);
  V missing = FN(splat)(__builtin_nan(""));
#define KEEL_PUT(column, value) \
  FN(store)(output + KEEL_OUTPUT_##column * leading, FN(choose)(o.left, missing, value))
  KEEL_PUT(PRICE, y.price);
  if (columns == 1) return;

  V scale = core.density_scale, density = y.density;
  V sign = FN(choose)(o.is_call, FN(splat)(1.0), FN(splat)(-1.0));
  V near = sign * y.near, far = sign * y.far;
  V root_time = volatility * time * per_s, pace = volatility * volatility * per_s;
  V gamma_raw = (density * legs.per_spot) * (per_s * legs.per_spot), vega_raw = density * root_time;
  V delta = near * legs.per_spot;
  KEEL_PUT(DELTA, delta);
  KEEL_PUT(GAMMA, gamma_raw * scale);
  KEEL_PUT(VEGA, vega_raw * scale);
  KEEL_PUT(THETA, (carry * near - rate * far) - (0.5 * pace * density) * scale);
  KEEL_PUT(RHO, time * far);
  KEEL_PUT(CARRY_RHO, -time * near);
  if (columns <= KEEL_OUTPUT_DUAL_DELTA) return;

  V a = FN(clamped_distance)(core.d1), b = FN(clamped_distance)(core.d2);
  V d1 = FN(choose)(legs.call_is_out, a, -b), d2 = FN(choose)(legs.call_is_out, b, -a);
  V per_volatility = root_time * per_s, per_time = pace * per_s, product = d1 * d2;
  /* The derivative of d1 with respect to time to expiry. */
  V drift = FN(madd)(rate - carry, per_s, -0.5 * d2 * per_time);
  V moved = FN(madd)(d1, drift, carry);
  KEEL_PUT(DUAL_DELTA, -far * legs.per_strike);
  KEEL_PUT(DUAL_GAMMA, ((density * legs.per_strike) * (per_s * legs.per_strike)) * scale);
  KEEL_PUT(VANNA, ((density * legs.per_spot) * (-d2 * per_volatility)) * scale);
  KEEL_PUT(VOLGA, (vega_raw * (product * per_volatility)) * scale);
  KEEL_PUT(CHARM, carry * delta - ((density * legs.per_spot) * drift) * scale);
  KEEL_PUT(VETA, (vega_raw * (moved - 0.5 * per_time)) * scale);
  KEEL_PUT(SPEED, (gamma_raw * (-legs.per_spot * FN(madd)(d1, per_s, FN(splat)(1.0)))) * scale);
  KEEL_PUT(ZOMMA, (gamma_raw * ((product - 1.0) * per_volatility)) * scale);
  KEEL_PUT(COLOR, (gamma_raw * (moved + 0.5 * per_time)) * scale);
  V bend = FN(madd)(product, 1.0 - product, FN(madd)(d1, d1, d2 * d2));
  KEEL_PUT(ULTIMA, (vega_raw * (-bend * (per_volatility * per_volatility))) * scale);
#undef KEEL_PUT
}
