/* Hidden Markov chains, once a level: densities of the rows in each state, and the forward and the
   backward recursion with the sums that an EM step needs.

   The two recursions run in one loop, from both ends: their latencies overlap. Both are scaled by powers
   of two every few rows, so that nothing is divided in the loop; a row's densities have the largest value
   one, so that neither recursion grows. L. Rabiner, "A tutorial on hidden Markov models" (1989). */

#if KEEL_FMA
#define KEEL_CHAIN_MADD(a, b, c) __builtin_fma(a, b, c)
#else
#define KEEL_CHAIN_MADD(a, b, c) ((a) * (b) + (c))
#endif

/* The lanes from `count` on have another value. */
INLINE V FN(first_lanes)(V x, size_t count, double other) {
  if (count >= KEEL_WIDTH) return x;
#pragma clang loop unroll(full)
  for (size_t lane = 0; lane < KEEL_WIDTH; lane++) x[lane] = lane < count ? x[lane] : other;
  return x;
}

INLINE double FN(lanes_sum)(V x) {
  double sum = 0;
#pragma clang loop unroll(full)
  for (int lane = 0; lane < KEEL_WIDTH; lane++) sum += x[lane];
  return sum;
}

static double FN(chain_densities)(
  const double *restrict x, size_t n, size_t leading, const keel_chain_state *states, int k,
  double *restrict density) {
  V total = FN(splat)(0.0);
  for (size_t i = 0; i < n; i += KEEL_WIDTH) {
    V values[KEEL_CHAIN_STATES], largest = FN(splat)(-__builtin_inf());
    const V value = FN(load)(x + i);
    for (int j = 0; j < k; j++) {
      const keel_chain_state s = states[j];
      const V z = (value - s.mean) * s.inverse_scale, square = z * z;
      const V shape = s.power == 0
        ? 0.5 * square : s.power * FN(log)(FN(madd)(square, FN(splat)(s.inverse_degrees), FN(splat)(1.0)));
      values[j] = s.constant - shape;
      largest = FN(choose)((U)(values[j] > largest), values[j], largest);
    }
    for (int j = 0; j < k; j++)
      FN(store)(density + (size_t)j * leading + i, FN(exp)(values[j] - largest));
    total += FN(first_lanes)(largest, n - i, 0);
  }
  return FN(lanes_sum)(total);
}

/* The sum of k numbers. */
INLINE double FN(chain_size)(const double *a, int k) {
  double sum = a[0];
  for (int j = 1; j < k; j++) sum += a[j];
  return sum;
}

/* 2^-e for a number in [2^e, 2^(e + 1)), which must be normal and below 2^1023. */
INLINE double FN(power_below)(double size, int64_t *exponent) {
  uint64_t bits;
  __builtin_memcpy(&bits, &size, sizeof bits);
  const int64_t e = (int64_t)(bits >> 52) - 1023;
  *exponent += e;
  bits = (uint64_t)(1023 - e) << 52;
  double power;
  __builtin_memcpy(&power, &bits, sizeof power);
  return power;
}

/* The rows between two rescalings, and the least size that they may leave. */
#define KEEL_CHAIN_ROWS 8
#define KEEL_CHAIN_LEAST 0x1p-400

/* Forward and backward numbers of all rows; 0 when they came near to underflow. */
INLINE int FN(chain_recursions)(const keel_chain *c, const int k, double *log_scale) {
  const size_t n = c->n, m = c->leading;
  const double *restrict b = c->density;
  double *restrict forward = c->forward, *restrict backward = c->backward;
  double *restrict ahead = c->ahead;
  double p[KEEL_CHAIN_STATES * KEEL_CHAIN_STATES];
  double f[KEEL_CHAIN_STATES], g[KEEL_CHAIN_STATES], next[KEEL_CHAIN_STATES];
  for (int j = 0; j < k * k; j++) p[j] = c->transitions[j];
  for (int j = 0; j < k; j++) {
    f[j] = c->initial[j] * b[(size_t)j * m];
    g[j] = 1;
    forward[(size_t)j * m] = f[j];
    backward[(size_t)j * m + n - 1] = 1;
  }
  int64_t forward_exponent = 0, backward_exponent = 0;
  double lift = 1;
  for (size_t t = 1; t < n; t++) {
    if (t % KEEL_CHAIN_ROWS == 0) {
      const double size = FN(chain_size)(f, k), other = FN(chain_size)(g, k);
      if (!(size >= KEEL_CHAIN_LEAST && other >= KEEL_CHAIN_LEAST)) return 0;
      const double power = FN(power_below)(size, &forward_exponent);
      /* A row's forward numbers have one scale for all uses, the backward ones that they meet do not
         matter: a row is normalized after. */
      for (int j = 0; j < k; j++) f[j] *= power;
      lift = FN(power_below)(other, &backward_exponent);
    }
    const size_t s = n - t;
    for (int j = 0; j < k; j++) {
      double sum = f[0] * (p[j] * b[(size_t)j * m + t]);
      for (int i = 1; i < k; i++)
        sum = KEEL_CHAIN_MADD(f[i], p[i * k + j] * b[(size_t)j * m + t], sum);
      next[j] = sum;
    }
    for (int j = 0; j < k; j++) forward[(size_t)j * m + t] = f[j] = next[j];
    for (int j = 0; j < k; j++) ahead[(size_t)j * m + s] = g[j] * (b[(size_t)j * m + s] * lift);
    for (int i = 0; i < k; i++) {
      double sum = g[0] * (p[i * k] * (b[s] * lift));
      for (int j = 1; j < k; j++)
        sum = KEEL_CHAIN_MADD(g[j], p[i * k + j] * (b[(size_t)j * m + s] * lift), sum);
      next[i] = sum;
    }
    for (int j = 0; j < k; j++) backward[(size_t)j * m + s - 1] = g[j] = next[j];
    lift = 1;
  }
  const double size = FN(chain_size)(f, k), other = FN(chain_size)(g, k);
  if (!(size >= KEEL_CHAIN_LEAST && other >= KEEL_CHAIN_LEAST)) return 0;
  log_scale[0] = (double)forward_exponent;
  log_scale[1] = size;
  return 1;
}

/* Probabilities of the states in each row, which replace the forward numbers, and their sums; 0 when a
   row's probabilities were lost to underflow. */
INLINE int FN(chain_sums)(
  const keel_chain *c, const int k, const double *restrict x, const keel_chain_state *states,
  double *restrict moves, double *restrict sums) {
  const size_t n = c->n, m = c->leading;
  double *restrict forward = c->forward;
  const double *restrict backward = c->backward, *restrict ahead = c->ahead;
  V move[KEEL_CHAIN_STATES * KEEL_CHAIN_STATES], sum[KEEL_CHAIN_STATES * 4];
  for (int j = 0; j < k * k; j++) move[j] = FN(splat)(0.0);
  for (int j = 0; j < k * 4; j++) sum[j] = FN(splat)(0.0);
  V least = FN(splat)(1.0);
  for (size_t t = 0; t < n; t += KEEL_WIDTH) {
    V f[KEEL_CHAIN_STATES], g[KEEL_CHAIN_STATES], size = FN(splat)(0.0);
    for (int j = 0; j < k; j++) {
      f[j] = FN(load)(forward + (size_t)j * m + t);
      g[j] = f[j] * FN(load)(backward + (size_t)j * m + t);
      size += g[j];
    }
    size = FN(first_lanes)(size, n - t, 1);
    least = FN(choose)((U)(size < least), size, least);
    const V inverse = 1.0 / size, value = FN(load)(x + t);
    const V within = FN(first_lanes)(inverse, n - t, 0);
    for (int j = 0; j < k; j++) {
      const keel_chain_state s = states[j];
      const V probability = g[j] * within, difference = value - s.mean;
      FN(store)(forward + (size_t)j * m + t, probability);
      V weight = probability;
      sum[4 * j] += probability;
      if (s.power != 0) {
        const V z = difference * s.inverse_scale;
        weight = probability * (2 * s.power * s.inverse_degrees)
          / FN(madd)(z * z, FN(splat)(s.inverse_degrees), FN(splat)(1.0));
      }
      const V moment = weight * difference;
      sum[4 * j + 1] += weight;
      sum[4 * j + 2] += moment;
      sum[4 * j + 3] = FN(madd)(moment, difference, sum[4 * j + 3]);
    }
    for (int i = 0; i < k; i++) f[i] *= within;
    /* Behind the last row `ahead` is zero. */
    for (int j = 0; j < k; j++) {
      const V later = FN(load)(ahead + (size_t)j * m + t + 1);
      for (int i = 0; i < k; i++) move[i * k + j] = FN(madd)(f[i], later, move[i * k + j]);
    }
  }
  for (int lane = 0; lane < KEEL_WIDTH; lane++)
    if (!(least[lane] >= 0x1p-900)) return 0;
  for (int j = 0; j < k * k; j++) moves[j] = FN(lanes_sum)(move[j]) * c->transitions[j];
  for (int j = 0; j < k * 4; j++) sums[j] = FN(lanes_sum)(sum[j]);
  return 1;
}

INLINE int FN(chain_of)(
  const keel_chain *c, const int k, const double *restrict x, const keel_chain_state *states,
  double *restrict moves, double *restrict sums, double *restrict log_scale) {
  return FN(chain_recursions)(c, k, log_scale) && FN(chain_sums)(c, k, x, states, moves, sums);
}

static int FN(chain_pass)(
  const keel_chain *c, int k, const double *restrict x, const keel_chain_state *states,
  double *restrict moves, double *restrict sums, double *restrict log_scale) {
  switch (k) {
  case 2: return FN(chain_of)(c, 2, x, states, moves, sums, log_scale);
  case 3: return FN(chain_of)(c, 3, x, states, moves, sums, log_scale);
  default: return FN(chain_of)(c, k, x, states, moves, sums, log_scale);
  }
}

/* For the shape of Student's law: weighted sums of ln(1 + z^2 / degrees) and of z^2 / (degrees + z^2). */
static void FN(chain_shape)(
  const double *restrict x, const double *restrict weights, size_t n, const keel_chain_state *state,
  double *restrict output) {
  const keel_chain_state s = *state;
  V logarithms = FN(splat)(0.0), shares = logarithms;
  for (size_t t = 0; t < n; t += KEEL_WIDTH) {
    const V z = (FN(load)(x + t) - s.mean) * s.inverse_scale, part = z * z * s.inverse_degrees;
    const V weight = FN(first_lanes)(FN(load)(weights + t), n - t, 0), whole = part + 1.0;
    logarithms = FN(madd)(weight, FN(log)(whole), logarithms);
    shares = FN(madd)(weight, part / whole, shares);
  }
  output[0] = FN(lanes_sum)(logarithms);
  output[1] = FN(lanes_sum)(shares);
}

#undef KEEL_CHAIN_MADD
#undef KEEL_CHAIN_ROWS
#undef KEEL_CHAIN_LEAST
