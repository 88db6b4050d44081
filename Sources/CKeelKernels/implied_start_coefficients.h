/* Written by Tests/Generate/implied_start_coefficients.py; change the script, not this
   file. */
#ifndef KEEL_IMPLIED_START_COEFFICIENTS_H
#define KEEL_IMPLIED_START_COEFFICIENTS_H

/* h (1 + 2 r) for the price r = phi(h) / h - Phi(-h) of the normal model over the
   distance, in the root of 1 - log(4 r (1 + r) / (1 + 2 r)^2): the numerator.
   Relative error 3.6e-05. */
#define KEEL_NORMAL_ABOVE_COUNT 6
static const double KEEL_NORMAL_ABOVE[KEEL_NORMAL_ABOVE_COUNT] = {
  0x1.1a74e61d7aefbp-1,
  -0x1.883326d27b865p-3,
  0x1.0543621221b8fp-5,
  0x1.320abb7ac94bdp-2,
  -0x1.9c85d09395abap-3,
  0x1.27c6200bca501p-4,
};

/* Its denominator. */
#define KEEL_NORMAL_BELOW_COUNT 5
static const double KEEL_NORMAL_BELOW[KEEL_NORMAL_BELOW_COUNT] = {
  0x1.0000000000000p+0,
  -0x1.2b6d8569c7ffbp-1,
  0x1.7e22205dff773p-2,
  -0x1.1530da0d4a8edp-3,
  0x1.a1895882e28d3p-5,
};

/* The largest squares of log-moneyness, q, and of the normal model's volatility, t, of the
   next table. */
#define KEEL_LARGEST_Q 16.0
#define KEEL_LARGEST_T 0x1.4f89e87bdafdep+2

/* (s / s' - 1) / t for the volatilities s and s' of the two models at one price up to
   one half: the numerator, by 1, q, t, t q, t^2, t^2 q.
   Relative error 3.2e-05. */
#define KEEL_LOGNORMAL_ABOVE_COUNT 6
static const double KEEL_LOGNORMAL_ABOVE[KEEL_LOGNORMAL_ABOVE_COUNT] = {
  0x1.5479bd57a3ecep-5,
  0x1.e2a870b1fa118p-13,
  -0x1.d4b043a10760cp-10,
  -0x1.a5445b1a789ecp-21,
  -0x1.2892d8b05e99cp-13,
  -0x1.3bff31af9d806p-21,
};

/* Its denominator, by 1, q, t, t q. */
#define KEEL_LOGNORMAL_BELOW_COUNT 4
static const double KEEL_LOGNORMAL_BELOW[KEEL_LOGNORMAL_BELOW_COUNT] = {
  0x1.0000000000000p+0,
  0x1.c2f153240d185p-7,
  -0x1.1107f986be1f8p-3,
  -0x1.fc4e6ba97911bp-11,
};

/* z / p for a price p = 1 - 2 Phi(-z / 2) at the money of at least one half, in the
   root of 1 - log(1 - p^2): the numerator.
   Relative error 4.4e-06. */
#define KEEL_HIGH_ABOVE_COUNT 6
static const double KEEL_HIGH_ABOVE[KEEL_HIGH_ABOVE_COUNT] = {
  0x1.6eb8c1d137ad3p+0,
  0x1.16a874146e46ep-3,
  -0x1.3c8a08f555a57p+0,
  0x1.c826893665af3p+0,
  -0x1.c77579fc59b00p-1,
  0x1.b083bad879a06p-3,
};

/* Its denominator. */
#define KEEL_HIGH_BELOW_COUNT 5
static const double KEEL_HIGH_BELOW[KEEL_HIGH_BELOW_COUNT] = {
  0x1.0000000000000p+0,
  -0x1.d65ac83348eccp-1,
  0x1.76150fdeb1c38p-1,
  -0x1.417c6c3443760p-2,
  0x1.326ba63743d02p-4,
};

/* (s^2 - z^2) / x, x the magnitude of log-moneyness: the numerator, by 1, z, z^2, x,
   x z.
   Relative error 1.1e-04. */
#define KEEL_EFFECT_ABOVE_COUNT 5
static const double KEEL_EFFECT_ABOVE[KEEL_EFFECT_ABOVE_COUNT] = {
  0x1.1ca52db95549dp-5,
  0x1.2730895387b9bp+1,
  0x1.daf175690883bp-2,
  0x1.7e39136966affp-1,
  0x1.d79d8dd944a7dp-1,
};

/* Its denominator, by 1, z, z^2, x, x z. */
#define KEEL_EFFECT_BELOW_COUNT 5
static const double KEEL_EFFECT_BELOW[KEEL_EFFECT_BELOW_COUNT] = {
  0x1.0000000000000p+0,
  0x1.f7d8d50b182b8p-2,
  0x1.f536396d9581dp-4,
  0x1.77a4abb935238p-1,
  0x1.96633ef625013p-3,
};

/* log(1 + f) / f for 1 + f from the root of 1/2 to that of 2. */
#define KEEL_SHORT_LOG_COUNT 8
static const double KEEL_SHORT_LOG[KEEL_SHORT_LOG_COUNT] = {
  0x1.fffffeee22df5p-1,
  -0x1.00007dd917085p-1,
  0x1.5558ab6bd4b53p-2,
  -0x1.ff5cfba0720b2p-3,
  0x1.97d34b18b17d2p-3,
  -0x1.61db8f9f1bad1p-3,
  0x1.4a43fb8d127edp-3,
  -0x1.955045df98156p-4,
};

#endif
