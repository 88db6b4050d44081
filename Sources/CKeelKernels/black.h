/* The Black-Scholes price and its derivatives, once a level.

   Goals in order: relative accuracy in every wing, no branch on values, speed. All is computed on
   the out-of-the-money side, in units of the lesser of the discounted forward and strike. With
   x = -|ln(F / K)|, variance v = s^2, d1 = x / s + s / 2 and d2 = d1 - s:

     price = Phi(d1) - exp(-x) Phi(d2) = exp(-d1^2 / 2) (R(-d1) - R(-d2)),
     R(t) = exp(t^2 / 2) Phi(-t)

   (F. Black, "The pricing of commodity contracts", Journal of Financial Economics 3 (1976)). R is
   u P(1 - 8 u) with u = 1 / (t + 4.5), for t >= -1/2. The difference never cancels: P at one
   argument and its divided difference, from the same partial sums, give

     u1 P(s1) - u2 P(s2) = (t2 - t1) u1 u2 (P(s2) - 8 u1 P[s1, s2]),  P[s1, s2] < 0,

   a product of positive factors whose first one is known exactly. Where d1 is above 1/2 the price
   is 1 - exp(-d1^2 / 2) (R(d1) + R(-d2)), which does not cancel either.

   There are three precisions. A price alone needs no more than to be exact for inputs that are
   moved by some units in the last place, so all is in one part ("short"). For derivatives, which
   keep their digits far out, the logarithm, the root of the variance and the square in the
   exponent are carried in two parts. An inversion, whose prices come back to the last digits, also
   carries the rounding of R. Without fused operations some factors are cut to 26 bits, so that
   their products are exact.

   Elements outside the ranges below (expired, without volatility, not a number, ...) are left to
   the caller: their outputs are NaN and they are counted. So are those whose growth cancels the
   logarithm to less than its error allows. */

/* The ranges in which no intermediate result overflows. */
#define KEEL_AMOUNT_LOWEST 0x1p-300
#define KEEL_AMOUNT_HIGHEST 0x1p300
#define KEEL_VOLATILITY_LOWEST 0x1p-100
#define KEEL_VOLATILITY_HIGHEST 0x1p100
#define KEEL_GROWTH_HIGHEST 300.0

/* The logarithm of spot over strike is off by less than 2^-54 times this and the cube of its
   magnitude, which counts up to the second number. */
#define KEEL_LOGARITHM_BLUR 4.0
#define KEEL_LOGARITHM_HIGHEST 0.29

/* Legs whose ratio is within exp(0.35) of one lose digits when subtracted. */
#define KEEL_NEAR_THE_MONEY KEEL_EXP_RANGE
/* The difference of the undiscounted legs and of what discounting takes loses at most as many times
   an ulp as growth is larger than the logarithm of the ratio. */
#define KEEL_GROWTH_SHARE 2.0

/* Beyond this exponent and this distance every density is zero, whatever its units. */
#define KEEL_EXPONENT_LOWEST (-1400.0)
/* Below this a density is kept in two factors. */
#define KEEL_EXPONENT_DEEP (-400.0)
#define KEEL_DISTANCE_HIGHEST 1024.0

/* Forward, strike and the logarithm of their ratio, all discounted. */
typedef struct {
  /* The legs: S exp(-y T), K exp(-r T); the lesser and the greater of them. */
  V near, far, lesser, greater;
  /* -|ln(near / far)| in two parts. */
  P x;
  U call_is_out;
  /* Where neither leg is discounted. */
  U is_exact;
  /* The difference of the legs from those before discounting, and where it keeps its digits: in
     place of an exponential where there are no fused operations. */
  V difference;
  U is_different;
} FN(legs);

/* The distances and the density of one variance. */
typedef struct {
  /* d1 and d2 on the out-of-the-money side. */
  V d1, d2;
  /* exp(-d1^2 / 2) in two factors, so that a product is rounded once where it is subnormal. */
  V density, density_scale;
  /* What rounding took from the first factor, relative to it; t2 - t1. */
  V density_rest;
  P gap;
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

/* a - b c to the last bits, where b has 26 bits and is the quotient to these. */
INLINE V FN(short_residual)(V a, V b, V c) {
  V high = (V)((U)c & 0xfffffffff8000000u);
  return (a - b * high) - b * (c - high);
}

/* a / b = 2^steps (1 + s) / (1 - s) for s = difference / sum, |s| < 0.2004. With b times a power of two the
   difference is exact, and what rounding took from the sum follows from it. */
typedef struct {
  V steps, difference, sum, sum_low;
} FN(quotient);

INLINE FN(quotient) FN(quotient_of)(V a, V b) {
  FN(quotient) y;
  U steps = FN(bits)(a) - FN(bits)(b) + 0x4008000000000000u;
  y.steps = FN(value)((steps >> 52) | 0x4330000000000000u) - (0x1p52 + 1024.0);
  b = FN(value)(FN(bits)(b) + ((steps & 0xfff0000000000000u) - 0x4000000000000000u));
  y.difference = a - b;
  y.sum = a + b;
  y.sum_low = y.difference - FN(madd)(FN(splat)(-2.0), b, y.sum);
  return y;
}

/* 2 artanh(s) - 2 s = s^3 (2 / 3 + ...). */
INLINE V FN(artanh_tail)(V s) {
  V q = s * s;
  return (s * q) * FN(polynomial)(q, KEEL_LOG_RATIO, 0, KEEL_LOG_RATIO_COUNT);
}

/* log(a / b) in two parts, of which some 59 bits hold, and 1 / y by the same division. */
INLINE P FN(log_quotient)(V a, V b, V y, V *per_y) {
  FN(quotient) z = FN(quotient_of)(a, b);
  V per_both = 1.0 / (z.sum * y), per_sum = y * per_both, s = z.difference * per_sum;
  *per_y = z.sum * per_both;
  V s_low = FN(madd)(-s, z.sum_low, FN(residual)(z.difference, s, z.sum)) * per_sum;
  P lead = FN(ordered_sum)(z.steps * KEEL_LN2_HIGH, 2.0 * s);
  lead.low += FN(madd)(FN(splat)(2.0), s_low,
    FN(madd)(z.steps, FN(splat)(KEEL_LN2_LOW), FN(artanh_tail)(s)));
  return FN(ordered_sum)(lead.high, lead.low);
}

/* The same to some units in the last place, in a multiple of log 2 and the rest. */
INLINE P FN(short_log_quotient)(V a, V b, V y, V *per_y) {
  FN(quotient) z = FN(quotient_of)(a, b);
  V per_both = 1.0 / (z.sum * y), s = z.difference * (y * per_both);
  *per_y = z.sum * per_both;
  V rest = FN(madd)(z.steps, FN(splat)(KEEL_LN2_LOW), FN(artanh_tail)(s));
  return (P){z.steps * KEEL_LN2_HIGH, FN(madd)(FN(splat)(2.0), s, rest)};
}

/* amount exp(-rate time), to 1 ulp; what it is above the amount is added to `excess`, and the
   magnitude of the exponent, or infinity where it is large, to `size`. */
INLINE V FN(discounted)(V amount, V rate, V time, V *excess, V *size) {
  V a = -(rate * time), magnitude = FN(magnitude)(a), share = FN(short_expm1)(a);
  V small = FN(madd)(amount, share, amount);
  *excess += amount * share;
  *size += magnitude;
  U is_large = (U)(magnitude > KEEL_EXP_RANGE);
  if (!FN(any)(is_large)) return small;
  U n;
  V v, r = FN(exp_parts)(a, FN(splat)(0.0), &v, &n);
  V large = FN(madd)(amount, r + v, amount) * FN(value)((n + 1023u) << 52);
  *size = FN(choose)(is_large, FN(splat)(__builtin_inf()), *size);
  return FN(choose)(is_large, large, small);
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
      : FN(outside)(o.volatility, KEEL_VOLATILITY_LOWEST, KEEL_VOLATILITY_HIGHEST));
  if (!walk->has_no_rate) o.left |= FN(beyond)(o.rate * o.time, KEEL_GROWTH_HIGHEST);
  if (!walk->has_no_carry) o.left |= FN(beyond)(o.carry * o.time, KEEL_GROWTH_HIGHEST);
  /* The sign bit over all bits; most vectors have none. */
  o.left = (U)((FN(keel_integers))o.left < 0);
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

/* Where growth cancels the logarithm of S / K and the error of that would show beside the total
   volatility s. */
INLINE U FN(is_blurred)(V logarithm, V x, V s) {
  V size = FN(magnitude)(logarithm), most = FN(splat)(KEEL_LOGARITHM_HIGHEST);
  size = size < most ? size : most;
  return (U)(KEEL_LOGARITHM_BLUR * (size * size * size) > s + FN(magnitude)(x));
}

/* The logarithm of the ratio of the legs from that of S / K. */
INLINE P FN(grown)(P x, const FN(options) *o, const FN(option_walk) *walk) {
  if (walk->has_no_rate && walk->has_no_carry) return x;
  P rate = {o->rate, FN(splat)(0.0)};
  if (!walk->has_no_carry) rate = FN(sum)(o->rate, -o->carry);
  return FN(pair_sum)(x, FN(pair_product)(rate, o->time));
}

/* The same in one part: growth meets what it cancels before either is rounded. */
INLINE V FN(short_grown)(P x, const FN(options) *o, const FN(option_walk) *walk) {
  if (walk->has_no_rate && walk->has_no_carry) return x.high + x.low;
  return FN(madd)(o->rate - o->carry, o->time, x.high) + x.low;
}

/* The legs for the logarithm of their ratio. */
INLINE FN(legs) FN(legs_of)(P x, const FN(options) *o, const FN(option_walk) *walk) {
  FN(legs) y;
  y.call_is_out = (U)(x.high <= 0.0);
  U sign = ~y.call_is_out & 0x8000000000000000u;
  y.x = (P){FN(value)(FN(bits)(x.high) ^ sign), FN(value)(FN(bits)(x.low) ^ sign)};
  /* exp(0) is one, to the bit. */
  V near_more = FN(splat)(0.0), far_more = near_more, size = near_more;
  y.near = o->spot;
  if (!walk->has_no_carry)
    y.near = FN(discounted)(o->spot, o->carry, o->time, &near_more, &size);
  y.far = o->strike;
  if (!walk->has_no_rate)
    y.far = FN(discounted)(o->strike, o->rate, o->time, &far_more, &size);
  y.difference = FN(magnitude)((o->strike - o->spot) + (far_more - near_more));
  y.is_different = (U)(-KEEL_GROWTH_SHARE * y.x.high > size);
  y.is_exact = (U)(o->rate == 0.0) & (U)(o->carry == 0.0);
  y.lesser = FN(choose)(y.call_is_out, y.near, y.far);
  y.greater = FN(choose)(y.call_is_out, y.far, y.near);
  return y;
}

/* The difference of the legs where it is asked for. Next to the money it comes from the logarithm of
   their ratio where the legs carry the rounding of a discount. */
INLINE P FN(intrinsic)(const FN(legs) *legs, U is_asked) {
  P y = FN(sum)(legs->greater, -legs->lesser);
  U near = (U)(legs->x.high > -KEEL_NEAR_THE_MONEY) & is_asked;
#if KEEL_FMA
  near &= ~legs->is_exact;
#else
  near &= ~legs->is_different;
  y.high = FN(choose)(legs->is_different, legs->difference, y.high);
  y.low = FN(choose)(legs->is_different, FN(splat)(0.0), y.low);
#endif
  if (FN(any)(near)) {
    V a = FN(choose)(near, -legs->x.high, FN(splat)(0.0));
    P ratio = FN(product)(legs->lesser, FN(short_expm1)(a) - legs->x.low);
    y = FN(pair_choose)(near, ratio, y);
  }
  U positive = (U)(y.high > 0.0);
  return FN(pair_choose)(positive, y, (P){FN(splat)(0.0), FN(splat)(0.0)});
}

/* c[first] + c[first + 1] s + ... at s2, and its divided difference at s1 and s2, for an even
   number of terms. With E(s^2) + s O(s^2) in place of Horner's scheme the chains have half the
   length. For P the halves cancel where s2 is near one alone: far out, where some units in the last
   place of the price are less than one of the volatility. */
INLINE V FN(divided_difference)(
  V s1, V s2, const double *c, int first, int count, V *value) {
  V q1 = s1 * s1, q2 = s2 * s2;
  V even = FN(splat)(c[count - 2]), odd = FN(splat)(c[count - 1]);
  V even_step = even, odd_step = odd;
#pragma clang loop unroll(full)
  for (int i = count - 4; i > first; i -= 2) {
    even = FN(madd)(even, q2, FN(splat)(c[i]));
    odd = FN(madd)(odd, q2, FN(splat)(c[i + 1]));
    even_step = FN(madd)(even_step, q1, even);
    odd_step = FN(madd)(odd_step, q1, odd);
  }
  even = FN(madd)(even, q2, FN(splat)(c[first]));
  odd = FN(madd)(odd, q2, FN(splat)(c[first + 1]));
  *value = FN(madd)(odd, s2, even);
  return FN(madd)(FN(madd)(odd_step, s1, even_step), s1 + s2, odd);
}

/* P(s2) and the divided difference P[s1, s2] at s = 1 - span u, in two parts. */
INLINE P FN(tail_difference)(P u1, P u2, P *difference) {
  V m1 = KEEL_TAIL_SPAN * u1.high, m2 = KEEL_TAIL_SPAN * u2.high, s1 = 1.0 - m1, s2 = 1.0 - m2;
  V y, z = FN(divided_difference)(s1, s2, KEEL_TAIL, 2, KEEL_TAIL_COUNT, &y);
  z = FN(madd)(z, s1, y);
  /* The last two steps carry their rounding, and s1 and s2 their own. */
  V s1_low = ((1.0 - s1) - m1) - KEEL_TAIL_SPAN * u1.low;
  V s2_low = ((1.0 - s2) - m2) - KEEL_TAIL_SPAN * u2.low;
  P p = FN(step)(s2, y, FN(splat)(KEEL_TAIL[1])), q = FN(step)(s1, z, p.high);
  /* Half of the second derivative: that of the difference by either argument, to a few digits. */
  V bend = FN(polynomial)(0.5 * (s1 + s2), KEEL_TAIL_BEND, 0, KEEL_TAIL_BEND_COUNT);
  q.low += FN(madd)(bend, s1_low + s2_low, p.low);
  P value = FN(step)(s2, p.high, FN(splat)(KEEL_TAIL[0]));
  value.low += FN(madd)(p.low, s2, FN(madd)(q.high, s2_low, FN(splat)(KEEL_TAIL_0_LOW)));
  *difference = q;
  return value;
}

/* exp(exponent + low). */
INLINE void FN(core_density)(FN(core) *core, V exponent, V low) {
  V v;
  core->exponent = exponent;
  U deep = (U)(exponent < KEEL_EXPONENT_DEEP), n;
  int is_deep = FN(any)(deep);
  if (is_deep) {
    U far = (U)(exponent < KEEL_EXPONENT_LOWEST);
    exponent = FN(choose)(far, FN(splat)(KEEL_EXPONENT_LOWEST), exponent);
    low = FN(choose)(far, FN(splat)(0.0), low);
  }
  V r = FN(exp_parts)(exponent, low, &v, &n);
  V mantissa = 1.0 + (r + v);
  core->density_rest = (((1.0 - mantissa) + r) + v) * (2.0 - mantissa);
  core->density_scale = FN(splat)(1.0);
  V power = FN(value)((n + 1023u) << 52);
  if (is_deep) {
    U rest = deep & (n - (((n + 4096u) >> 1) - 2048u));
    core->density_scale = FN(value)((rest + 1023u) << 52);
    power = FN(value)((n - rest + 1023u) << 52);
  }
  core->density = mantissa * power;
}

/* The distances and the density, for a total volatility in two parts and 1 / s. */
INLINE FN(core) FN(black_distances)(P x, P s, V per_s) {
  FN(core) core;
  V h = x.high * per_s, half_s = 0.5 * s.high;
#if KEEL_FMA
  V rest = FN(residual)(x.high, h, s.high);
#else
  h = FN(short_number)(h);
  V rest = FN(short_residual)(x.high, h, s.high);
#endif
  V h_low = (rest + FN(madd)(-h, s.low, x.low)) * per_s;
  P above = FN(sum)(h, half_s);
  above.low += FN(madd)(FN(splat)(0.5), s.low, h_low);
  V d1 = above.high + above.low, d1_low = (above.high - d1) + above.low;
  core.d1 = d1;
  core.d2 = (h - half_s) + FN(madd)(FN(splat)(-0.5), s.low, h_low);

#if KEEL_FMA
  V square = d1 * d1, low = -FN(madd)(d1, d1_low, 0.5 * FN(product_low)(d1, d1, square));
#else
  V first = FN(short_number)(d1), square = first * first;
  V low = -FN(madd)(d1, d1_low, 0.5 * ((d1 - first) * (d1 + first)));
#endif
  FN(core_density)(&core, -0.5 * square, low);
  core.is_scaled = (U)(d1 <= KEEL_TAIL_START);
  P doubled = FN(ordered_sum)(-2.0 * h, -2.0 * h_low);
  core.gap = FN(pair_choose)(core.is_scaled, s, doubled);
  return core;
}

/* The same to some units in the last place of x and s. */
INLINE FN(core) FN(black_short_distances)(V x, V s, V per_s) {
  FN(core) core;
  V h = x * per_s, zero = FN(splat)(0.0);
  core.d1 = FN(madd)(FN(splat)(0.5), s, h);
  core.d2 = FN(madd)(FN(splat)(-0.5), s, h);
  FN(core_density)(&core, -0.5 * core.d1 * core.d1, zero);
  core.is_scaled = (U)(core.d1 <= KEEL_TAIL_START);
  core.gap = (P){FN(choose)(core.is_scaled, s, -2.0 * h), zero};
  return core;
}

/* t + shift; the low part is exact up to t = shift and good to its last bit above. */
INLINE P FN(tail_argument)(V t) {
  V w = t + KEEL_TAIL_SHIFT;
  return (P){w, t - (w - KEEL_TAIL_SHIFT)};
}

/* The price, and the tails where they are asked for. */
INLINE void FN(black_tails)(FN(core) *core, int has_tails) {
  V d1 = core->d1, density_rest = core->density_rest;
  P gap = core->gap;
  V t1 = FN(value)(FN(bits)(d1) ^ (core->is_scaled & 0x8000000000000000u)), t2 = -core->d2;
  P w1 = FN(tail_argument)(t1), w2 = FN(tail_argument)(t2);
  P w = FN(product)(w1.high, w2.high);
  w.low += FN(madd)(w1.high, w2.low, w2.high * w1.low);
  V u12 = 1.0 / w.high, rest = FN(residual)(FN(splat)(1.0), u12, w.high) - u12 * w.low;
  P u1 = FN(product)(w2.high, u12), u2 = FN(product)(w1.high, u12);
  u1.low += FN(madd)(u12, w2.low, u1.high * rest);
  u2.low += FN(madd)(u12, w1.low, u2.high * rest);
  P q, p2 = FN(tail_difference)(u1, u2, &q);
  /* gap u12 (p2 - span u1 q), its factors' rounding carried along. */
  V span = -KEEL_TAIL_SPAN * u1.high;
  P term = FN(product)(span, q.high), sum = FN(sum)(p2.high, term.high);
  sum.low += FN(madd)(span, q.low, p2.low) + FN(madd)(-KEEL_TAIL_SPAN * u1.low, q.high, term.low);
  P y = FN(pair_product)(sum, u12);
  V low = FN(madd)(y.high, FN(madd)(gap.high, rest, gap.low), y.low * gap.high);
  y = FN(product)(y.high, gap.high);
  y.low += low;
  core->ratio = y.high + y.low;
  y = FN(pair_product)(y, core->density);
  y.low = FN(madd)(y.high, density_rest, y.low);
  core->price = y;
  if (!has_tails && !FN(any)(~core->is_scaled)) return;

  V p1 = FN(madd)(-KEEL_TAIL_SPAN * gap.high * u12, q.high, p2.high);
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
  P full = FN(ordered_sum)(FN(splat)(1.0), -missing.high * core->density_scale);
  full.low = FN(madd)(-missing.low, core->density_scale, full.low);
  core->price = FN(pair_choose)(core->is_scaled, y, full);
}

/* The same without the rounding of R, whose carrying would take a fifth of the time and more. */
INLINE void FN(black_short_tails)(FN(core) *core, int has_tails) {
  V t1 = FN(value)(FN(bits)(core->d1) ^ (core->is_scaled & 0x8000000000000000u));
  V w1 = t1 + KEEL_TAIL_SHIFT, w2 = KEEL_TAIL_SHIFT - core->d2, u12 = 1.0 / (w1 * w2);
  V u1 = w2 * u12, u2 = w1 * u12, s1 = 1.0 - KEEL_TAIL_SPAN * u1, s2 = 1.0 - KEEL_TAIL_SPAN * u2;
  V zero = FN(splat)(0.0);
  V y, z = FN(divided_difference)(s1, s2, KEEL_SHORT_TAIL, 0, KEEL_SHORT_TAIL_COUNT, &y);
  V share = core->gap.high * u12, less = KEEL_TAIL_SPAN * z;
  core->ratio = share * FN(madd)(-u1, less, y);
  core->price = (P){core->density * core->ratio, zero};
  if (!has_tails && !FN(any)(~core->is_scaled)) return;
  core->first = core->density * (u1 * FN(madd)(-share, less, y));
  core->second = core->density * (u2 * y);
  core->missing = (P){core->first + core->second, zero};
  V full = FN(madd)(-core->missing.high, core->density_scale, FN(splat)(1.0));
  core->price.high = FN(choose)(core->is_scaled, core->price.high, full);
}

/* factor y, where y lacks the density's second factor. */
INLINE V FN(rescaled)(V factor, V y, V scale) { return (factor * y) * scale; }

/* The price, for both kinds; `is_out` where the option is out of the money. */
INLINE V FN(price_of)(const FN(legs) *legs, const FN(core) *core, U is_out) {
  V out = core->price.high * legs->lesser;
  out *= FN(choose)(core->is_scaled, core->density_scale, FN(splat)(1.0));
  return out + FN(value)(FN(bits)(FN(intrinsic)(legs, ~is_out).high) & ~is_out);
}

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
  V scale = core->density_scale;
  y.price = FN(price_of)(legs, core, is_out);
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
  /* The logarithm of spot over strike. */
  P logarithm;
  /* The total volatility and the root of time, of which it is the product with the volatility. */
  V s, root, per_s;
} FN(priced);

INLINE void FN(priced_start)(FN(priced) *y, const FN(option_walk) *walk) {
  y->options = FN(options_of)(walk, 0);
  y->root = __builtin_elementwise_sqrt(y->options.time);
  y->s = y->options.volatility * y->root;
  y->logarithm = FN(log_quotient)(y->options.spot, y->options.strike, y->s, &y->per_s);
}

/* The total volatility in two parts. */
INLINE P FN(total_volatility)(const FN(priced) *p) {
  V volatility = p->options.volatility, per_root = volatility * p->per_s;
  V root_low = FN(residual)(p->options.time, p->root, p->root) * (0.5 * per_root);
  V low = FN(product_low)(volatility, p->root, p->s);
  return (P){p->s, FN(madd)(volatility, root_low, low)};
}

/* The first `columns` outputs of a vector, `leading` numbers apart. Whole, because the parts share
   most of their terms. */
INLINE void FN(priced_finish)(
  const FN(priced) *p, const FN(legs) *sides, const FN(core) *distances, double *output,
  size_t leading, int columns) {
  FN(options) o = p->options;
  FN(legs) legs = *sides;
  FN(core) core = *distances;
  V volatility = o.volatility, time = o.time, rate = o.rate, carry = o.carry, per_s = p->per_s;
  FN(prices) y = FN(black_prices)(&legs, &core, o.is_call);
  /* All bits set are not a number. */
#define KEEL_PUT(column, numbers) \
  FN(store)(output + KEEL_OUTPUT_##column * leading, FN(value)(FN(bits)(numbers) | o.left))
  KEEL_PUT(PRICE, y.price);

  V per_both = 1.0 / (o.spot * o.strike), per_spot = o.strike * per_both;
  V per_strike = o.spot * per_both;
  V scale = core.density_scale, density = y.density;
  V sign = FN(choose)(o.is_call, FN(splat)(1.0), FN(splat)(-1.0));
  V near = sign * y.near, far = sign * y.far;
  V root_time = volatility * time * per_s, pace = volatility * volatility * per_s;
  V gamma_raw = (density * per_spot) * (per_s * per_spot), vega_raw = density * root_time;
  V delta = near * per_spot;
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
  KEEL_PUT(DUAL_DELTA, -far * per_strike);
  KEEL_PUT(DUAL_GAMMA, ((density * per_strike) * (per_s * per_strike)) * scale);
  KEEL_PUT(VANNA, ((density * per_spot) * (-d2 * per_volatility)) * scale);
  KEEL_PUT(VOLGA, (vega_raw * (product * per_volatility)) * scale);
  KEEL_PUT(CHARM, carry * delta - ((density * per_spot) * drift) * scale);
  KEEL_PUT(VETA, (vega_raw * (moved - 0.5 * per_time)) * scale);
  KEEL_PUT(SPEED, (gamma_raw * (-per_spot * FN(madd)(d1, per_s, FN(splat)(1.0)))) * scale);
  KEEL_PUT(ZOMMA, (gamma_raw * ((product - 1.0) * per_volatility)) * scale);
  KEEL_PUT(COLOR, (gamma_raw * (moved + 0.5 * per_time)) * scale);
  V bend = FN(madd)(product, 1.0 - product, FN(madd)(d1, d1, d2 * d2));
  KEEL_PUT(ULTIMA, (vega_raw * (-bend * (per_volatility * per_volatility))) * scale);
#undef KEEL_PUT
}

/* The price alone, within four units in the last place of the inputs; `left` as above. */
INLINE V FN(short_price)(const FN(option_walk) *walk, U *left) {
  FN(options) o = FN(options_of)(walk, 0);
  V s = o.volatility * __builtin_elementwise_sqrt(o.time), per_s, zero = FN(splat)(0.0);
  P x = FN(short_log_quotient)(o.spot, o.strike, s, &per_s);
  FN(legs) legs = FN(legs_of)((P){FN(short_grown)(x, &o, walk), zero}, &o, walk);
  FN(core) core = FN(black_short_distances)(legs.x.high, s, per_s);
  FN(black_short_tails)(&core, 0);
  *left = o.left;
  V price = FN(price_of)(&legs, &core, ~(o.is_call ^ legs.call_is_out));
  return FN(value)(FN(bits)(price) | o.left);
}
