/* Hidden Markov chains, once a level: densities of the rows in each state, and the forward and the
   backward recursion with the sums that an EM step needs.

   The two recursions run in one loop, from both ends, as two lanes. Both are scaled by powers of two
   every few rows, so that nothing is divided in the loop; a row's densities have the largest value one, so
   that neither recursion grows. That their likelihoods agree shows that no state was lost on the way. L. Rabiner, "A tutorial on hidden Markov models" (1989). */

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

/* Two lanes: the forward and the backward recursion. */
#define W FN(keel_pair)

typedef double W __attribute__((ext_vector_type(2)));

INLINE W FN(pair_madd)(W a, W b, W c) {
#if KEEL_FMA
  return __builtin_elementwise_fma(a, b, c);
#else
  return a * b + c;
#endif
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

/* The two likelihoods may differ by rounding only: by more where a state's numbers were lost in one. */
#define KEEL_CHAIN_AGREEMENT 1e-6

/* Forward and backward numbers of all rows; 0 when they came near to underflow. The backward lane holds
   the densities of a row times its backward numbers, so that both lanes do the same: a matrix, then the
   densities of the next row. */
INLINE int FN(chain_recursions)(const keel_chain *c, const int k, double *log_scale) {
  const size_t n = c->n, m = c->leading;
  const double *restrict b = c->density;
  double *restrict forward = c->forward, *restrict backward = c->backward;
  double *restrict ahead = c->ahead;
  W p[KEEL_CHAIN_STATES * KEEL_CHAIN_STATES], x[KEEL_CHAIN_STATES], y[KEEL_CHAIN_STATES];
  for (int i = 0; i < k; i++) {
    for (int j = 0; j < k; j++)
      p[i * k + j] = (W){c->transitions[i * k + j], c->transitions[j * k + i]};
  }
  for (int j = 0; j < k; j++) {
    const size_t first = (size_t)j * m;
    x[j] = (W){c->initial[j] * b[first], b[first + n - 1]};
    forward[first] = x[j][0];
    ahead[first + n - 1] = x[j][1];
    backward[first + n - 1] = 1;
  }
  int64_t exponents[2] = {0, 0};
  for (size_t t = 1; t < n; t++) {
    const size_t s = n - t - 1;
    for (int j = 0; j < k; j++) {
      const W density = {b[(size_t)j * m + t], b[(size_t)j * m + s]};
      W sum = x[0] * p[j];
      for (int i = 1; i < k; i++) sum = FN(pair_madd)(x[i], p[i * k + j], sum);
      backward[(size_t)j * m + s] = sum[1];
      if (k > 3) {
        y[j] = sum * density;
        continue;
      }
      /* The next row waits for this sum: a product less on the way, for some more beside it. */
      y[j] = x[0] * (p[j] * density);
      for (int i = 1; i < k; i++) y[j] = FN(pair_madd)(x[i], p[i * k + j] * density, y[j]);
    }
    for (int j = 0; j < k; j++) x[j] = y[j];
    if (t % KEEL_CHAIN_ROWS == 0) {
      W size = x[0];
      for (int j = 1; j < k; j++) size += x[j];
      if (!(size[0] >= KEEL_CHAIN_LEAST && size[1] >= KEEL_CHAIN_LEAST)) return 0;
      const W power = {
        FN(power_below)(size[0], exponents), FN(power_below)(size[1], exponents + 1)};
      for (int j = 0; j < k; j++) x[j] *= power;
    }
    for (int j = 0; j < k; j++) {
      forward[(size_t)j * m + t] = x[j][0];
      ahead[(size_t)j * m + s] = x[j][1];
    }
  }
  double size = 0, other = 0;
  for (int j = 0; j < k; j++) {
    size += x[j][0];
    other += c->initial[j] * x[j][1];
  }
  if (!(size >= KEEL_CHAIN_LEAST && other >= KEEL_CHAIN_LEAST)) return 0;
  log_scale[0] = (double)exponents[0];
  log_scale[1] = size;
  const double step = log_scale[0] - (double)exponents[1];
  if (!(step >= -500 && step <= 500)) return 0;
  const double ratio = size / other * __builtin_ldexp(1, (int)step);
  return ratio >= 1 - KEEL_CHAIN_AGREEMENT && ratio <= 1 + KEEL_CHAIN_AGREEMENT;
}

#define H FN(keel_half)
#define KEEL_HALF (KEEL_WIDTH / 2)

/* One register: lanes from `count` on have another value. */
INLINE H FN(first_half)(H x, size_t count, double other) {
  if (count >= KEEL_HALF) return x;
#pragma clang loop unroll(full)
  for (size_t lane = 0; lane < KEEL_HALF; lane++) x[lane] = lane < count ? x[lane] : other;
  return x;
}

/* Probabilities of the states in each row, which replace the forward numbers, and their sums; 0 when a
   row's probabilities were lost to underflow. A vector is one register wide: the sums of three states fill
   the registers. */
INLINE int FN(chain_sums)(
  const keel_chain *c, const int k, const double *restrict x, const keel_chain_state *states,
  double *restrict moves, double *restrict sums) {
  const size_t n = c->n, m = c->leading;
  double *restrict forward = c->forward;
  const double *restrict backward = c->backward, *restrict ahead = c->ahead;
  H move[KEEL_CHAIN_STATES * KEEL_CHAIN_STATES], sum[KEEL_CHAIN_STATES * 4];
  for (int j = 0; j < k * k; j++) move[j] = (H)0.0;
  for (int j = 0; j < k * 4; j++) sum[j] = (H)0.0;
  H least = (H)1.0;
  for (size_t t = 0; t < n; t += KEEL_HALF) {
    H f[KEEL_CHAIN_STATES], g[KEEL_CHAIN_STATES], size = (H)0.0;
    for (int j = 0; j < k; j++) {
      f[j] = FN(load_half)(forward + (size_t)j * m + t);
      g[j] = f[j] * FN(load_half)(backward + (size_t)j * m + t);
      size += g[j];
    }
    size = FN(first_half)(size, n - t, 1);
    least = __builtin_elementwise_min(least, size);
    const H inverse = FN(first_half)(1.0 / size, n - t, 0), value = FN(load_half)(x + t);
    for (int j = 0; j < k; j++) {
      const keel_chain_state s = states[j];
      const H probability = g[j] * inverse, difference = value - s.mean;
      FN(store_half)(forward + (size_t)j * m + t, probability);
      H weight = probability;
      sum[4 * j] += probability;
      if (s.power != 0) {
        const H z = difference * s.inverse_scale;
        weight = probability * (2 * s.power * s.inverse_degrees)
          / FN(madd_half)(z * z, (H)s.inverse_degrees, (H)1.0);
        sum[4 * j + 1] += weight;
      }
      const H moment = weight * difference;
      sum[4 * j + 2] += moment;
      sum[4 * j + 3] = FN(madd_half)(moment, difference, sum[4 * j + 3]);
    }
    for (int i = 0; i < k; i++) f[i] *= inverse;
    /* Behind the last row `ahead` is zero. */
    for (int j = 0; j < k; j++) {
      const H later = FN(load_half)(ahead + (size_t)j * m + t + 1);
      for (int i = 0; i < k; i++) move[i * k + j] = FN(madd_half)(f[i], later, move[i * k + j]);
    }
  }
  for (int lane = 0; lane < KEEL_HALF; lane++)
    if (!(least[lane] >= 0x1p-900)) return 0;
  for (int j = 0; j < k * k; j++) moves[j] = FN(sum_half)(move[j]) * c->transitions[j];
  for (int j = 0; j < k * 4; j++) sums[j] = FN(sum_half)(sum[j]);
  for (int j = 0; j < k; j++)
    if (states[j].power == 0) sums[4 * j + 1] = sums[4 * j];
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

#undef W
#undef H
#undef KEEL_HALF
#undef KEEL_CHAIN_ROWS
#undef KEEL_CHAIN_LEAST
#undef KEEL_CHAIN_AGREEMENT
