/* Logarithms of moments of Heston's model at complex orders, once a level.

   Goals: the errors of the scalar form in HestonModel.swift, whose formulas these are; speed. A lane whose numbers leave
   the range of plain squares is NaN, and is for the scalar form. */

typedef struct {
  V re, im;
} FN(complex);

INLINE FN(complex) FN(complex_product)(FN(complex) a, FN(complex) b) {
  return (FN(complex)){a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}

/* a / b, given 1 / |b|^2. */
INLINE FN(complex) FN(complex_quotient)(FN(complex) a, FN(complex) b, V inverse) {
  return (FN(complex)){(a.re * b.re + a.im * b.im) * inverse, (a.im * b.re - a.re * b.im) * inverse};
}

INLINE FN(complex) FN(choose_complex)(U mask, FN(complex) a, FN(complex) b) {
  return (FN(complex)){FN(choose)(mask, a.re, b.re), FN(choose)(mask, a.im, b.im)};
}

INLINE V FN(squared_modulus)(FN(complex) a) { return a.re * a.re + a.im * a.im; }

INLINE U FN(in_range)(V square) { return (U)(square > 1e-280) & (U)(square < 1e280); }

/* exp(a) - 1 for -60 <= a <= 0. */
INLINE V FN(decay_expm1)(V a) {
  U n;
  V v, r = FN(exp_parts)(a, FN(splat)(0.0), &v, &n);
  V power = FN(scale)(FN(splat)(1.0), n);
  return FN(madd)(power, r + v, power - 1.0);
}

/* The angle of x + i y, of modulus size: a polynomial good to 2e-8 (M. Abramowitz, I. A. Stegun, Handbook of
   Mathematical Functions, 4.4.49), then what the sine of the difference says. */
INLINE V FN(angle)(V x, V y, V size) {
  V across = FN(magnitude)(x), up = FN(magnitude)(y);
  U steep = (U)(up > across);
  V t = FN(choose)(steep, across, up) / FN(choose)(steep, up, across), q = t * t;
  static const double c[] = {
    -0.3333314528, 0.1999355085, -0.1420889944, 0.1065626393,
    -0.0752896400, 0.0429096138, -0.0161657367, 0.0028662257};
  V a = FN(madd)(t * q, FN(polynomial)(q, c, 0, 8), t);
  a = FN(choose)(steep, 0x1.921fb54442d18p0 - a, a);
  a = FN(choose)((U)(x < 0.0), 0x1.921fb54442d18p1 - a, a);
  V sine, cosine = FN(circle)(a, &sine);
  a += (up * cosine - x * sine) / size;
  return FN(value)(FN(bits)(a) ^ (FN(bits)(y) & 0x8000000000000000u));
}

/* ln(1 + x). */
INLINE FN(complex) FN(log1p_complex)(FN(complex) x) {
  V shifted = x.re + 1.0;
  V excess = x.re * (x.re + 2.0) + x.im * x.im;
  U near = (U)(excess > -0.5);
  V square = FN(choose)(near, excess + 1.0, shifted * shifted + x.im * x.im);
  V lost = FN(choose)(near, (excess - (square - 1.0)) / square, FN(splat)(0.0));
  return (FN(complex)){
    0.5 * (FN(log)(square) + lost), FN(angle)(shifted, x.im, __builtin_elementwise_sqrt(square))};
}

static void FN(heston_moments)(
  const keel_heston *model, const double *restrict x, const double *restrict y, size_t n,
  double *restrict output) {
  const double q = model->squared_noise, kappa = model->reversion, time = model->time;
  for (size_t i = 0; i < n; i += KEEL_WIDTH) {
    FN(complex) z = {FN(load)(x + i), FN(load)(y + i)};
    FN(complex) s = FN(complex_product)(z, (FN(complex)){z.re - 1.0, z.im});
    FN(complex) b = {kappa - model->slant * z.re, -(model->slant * z.im)};
    FN(complex) d2 = FN(complex_product)(b, b);
    d2.re -= q * s.re;
    d2.im -= q * s.im;
    V square = FN(squared_modulus)(d2), size = __builtin_elementwise_sqrt(square);
    U valid = FN(in_range)(square);
    /* d, the root with a real part that is not negative. */
    V larger = __builtin_elementwise_sqrt(0.5 * (size + FN(magnitude)(d2.re)));
    V smaller = FN(magnitude)(d2.im) / (2.0 * larger);
    U right = (U)(d2.re >= 0.0);
    V im = FN(choose)(right, smaller, larger);
    FN(complex) d = {
      FN(choose)(right, larger, smaller),
      FN(value)(FN(bits)(im) ^ (FN(bits)(d2.im) & 0x8000000000000000u))};
    /* 1 - exp(-d T). */
    V fall = -(d.re * time), half = -(d.im * time) * 0.5;
    valid &= (U)(FN(magnitude)(half) < 1e9);
    V sine, cosine = FN(circle)(half, &sine);
    V grown = FN(decay_expm1)(FN(choose)((U)(fall < -60.0), FN(splat)(-60.0), fall));
    FN(complex) gone = {
      2.0 * sine * sine * (grown + 1.0) - grown, -2.0 * (sine * cosine) * (grown + 1.0)};
    FN(complex) g = FN(complex_quotient)(gone, d, 1.0 / size);
    FN(complex) bg = FN(complex_product)(b, g);
    FN(complex) under = {2.0 - gone.re + bg.re, bg.im - gone.im};
    V low = FN(squared_modulus)(under);
    valid &= FN(in_range)(low);
    FN(complex) initial = FN(complex_quotient)(FN(complex_product)(s, g), under, 1.0 / low);
    V re = model->initial_variance * initial.re, imaginary = model->initial_variance * initial.im;
    if (kappa > 0.0) {
      FN(complex) sum = {b.re + d.re, b.im + d.im};
      U aligned = (U)(b.re * d.re + b.im * d.im >= 0.0);
      V width = FN(squared_modulus)(sum);
      valid &= FN(in_range)(width) | ~aligned;
      FN(complex) p = FN(choose_complex)(
        aligned, FN(complex_quotient)(s, sum, 1.0 / width),
        (FN(complex)){(b.re - d.re) / q, (b.im - d.im) / q});
      FN(complex) w = FN(complex_product)(p, g);
      w.re *= 0.5;
      w.im *= 0.5;
      FN(complex) change = {q * w.re, q * w.im};
      FN(complex) logarithm = FN(log1p_complex)(change), series = FN(complex_product)(w, change);
      logarithm = FN(choose_complex)(
        (U)(FN(squared_modulus)(change) < 1e-18),
        (FN(complex)){w.re - 0.5 * series.re, w.im - 0.5 * series.im},
        (FN(complex)){logarithm.re / q, logarithm.im / q});
      const double mean = kappa * model->mean_variance;
      re += mean * (p.re * time - 2.0 * logarithm.re);
      imaginary += mean * (p.im * time - 2.0 * logarithm.im);
    }
    V nothing = FN(splat)(__builtin_nan(""));
    FN(store)(output + i, FN(choose)(valid, re, nothing));
    FN(store)(output + n + i, FN(choose)(valid, imaginary, nothing));
  }
}
