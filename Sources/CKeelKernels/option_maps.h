/* Prices, derivatives and implied volatilities of options in columns, once a level.

   Goals: no allocation, speed, and results that do not depend on an option's place. */

/* Prices of options from `first` on; returns how many are left to the caller. */
static size_t FN(black_price)(
  const keel_option_columns *columns, double *output, size_t leading, size_t first, size_t n) {
  (void)leading;
  FN(option_walk) walk;
  FN(option_walk_start)(&walk, columns, first);
  U left = FN(bits)(FN(splat)(0.0)), mask;
  output += first;
  /* Elements that two vectors share are computed twice, to the same bits. */
  size_t i = FN(elements_unaligned)(output, n);
  if (i > 0) {
    FN(store)(output, FN(short_price)(&walk, &mask));
    left += mask & FN(first_elements)(i) & 1u;
    FN(option_walk_skip)(&walk, columns, i);
  }
  for (; i + KEEL_WIDTH <= n; i += KEEL_WIDTH) {
    FN(store)(output + i, FN(short_price)(&walk, &mask));
    left += mask & 1u;
    FN(option_walk_step)(&walk);
  }
  if (i < n) {
    FN(option_walk_finish)(&walk, n - i);
    V last = FN(short_price)(&walk, &mask);
    left += mask & FN(first_elements)(n - i) & 1u;
    __builtin_memcpy(output + i, &last, (n - i) * sizeof(double));
  }
  return __builtin_reduce_add(left);
}

/* Vectors that take each pass side by side: passes are short enough for the processor to work on two
   vectors at a time, where the whole chain of one is not. */
enum { FN(KEEL_VECTORS) = 2 };

/* The first `count` outputs of one vector; one where an element is left to the caller. */
INLINE U FN(priced_outputs)(
  FN(priced) *p, const FN(option_walk) *walk, double *output, size_t leading, int count) {
  FN(legs) legs = FN(legs_of)(FN(grown)(p->logarithm, &p->options, walk), &p->options, walk);
  p->options.left |= FN(is_blurred)(p->logarithm.high, legs.x.high, p->s);
  FN(core) core = FN(black_distances)(legs.x, FN(total_volatility)(p), p->per_s);
  FN(black_short_tails)(&core, 1);
  FN(priced_finish)(p, &legs, &core, output, leading, count);
  return p->options.left & 1u;
}

/* The first `count` outputs of options from `first` on, more than the price; returns how many are left
   to the caller. */
INLINE size_t FN(black_columns)(
  const keel_option_columns *columns, double *output, size_t leading, size_t first, size_t n,
  int count) {
  FN(option_walk) walk;
  FN(option_walk_start)(&walk, columns, first);
  U left = FN(bits)(FN(splat)(0.0));
  double last[KEEL_OUTPUT_COUNT * KEEL_WIDTH];
  output += first;
  size_t i = FN(elements_unaligned)(output, n);
  if (i > 0) {
    FN(priced) p;
    FN(priced_start)(&p, &walk);
    left += FN(priced_outputs)(&p, &walk, output, leading, count) & FN(first_elements)(i);
    FN(option_walk_skip)(&walk, columns, i);
  }
  const size_t rest = (n - i) % KEEL_WIDTH;
  while (i < n) {
    FN(priced) passed[FN(KEEL_VECTORS)];
    int used = 0;
    size_t next = i;
    for (; used < FN(KEEL_VECTORS) && next < n; used++, next += KEEL_WIDTH) {
      if (n - next < KEEL_WIDTH) FN(option_walk_finish)(&walk, n - next);
      FN(priced_start)(&passed[used], &walk);
      FN(option_walk_step)(&walk);
    }
    for (int k = 0; k < used; k++, i += KEEL_WIDTH) {
      int is_whole = n - i >= KEEL_WIDTH;
      U mask = FN(priced_outputs)(
        &passed[k], &walk, is_whole ? output + i : last, is_whole ? leading : KEEL_WIDTH, count);
      left += is_whole ? mask : mask & FN(first_elements)(n - i);
    }
  }
  for (int k = 0; rest > 0 && k < count; k++)
    __builtin_memcpy(
      output + n - rest + (size_t)k * leading, last + k * KEEL_WIDTH, rest * sizeof(double));
  return __builtin_reduce_add(left);
}

static size_t FN(black_greeks)(
  const keel_option_columns *columns, double *output, size_t leading, size_t first, size_t n) {
  return FN(black_columns)(columns, output, leading, first, n, KEEL_OUTPUT_DUAL_DELTA);
}

static size_t FN(black_all_greeks)(
  const keel_option_columns *columns, double *output, size_t leading, size_t first, size_t n) {
  return FN(black_columns)(columns, output, leading, first, n, KEEL_OUTPUT_COUNT);
}

static size_t FN(implied_volatility)(
  const keel_option_columns *columns, double *output, uint8_t *outcomes, size_t first, size_t n) {
  FN(option_walk) walk;
  FN(option_walk_start)(&walk, columns, first);
  U left = FN(bits)(FN(splat)(0.0));
  output += first;
  outcomes += first;
  for (size_t i = 0; i < n; i += KEEL_WIDTH) {
    size_t count = n - i < KEEL_WIDTH ? n - i : KEEL_WIDTH;
    if (count < KEEL_WIDTH) FN(option_walk_finish)(&walk, count);
    FN(implied) y = FN(implied_vector)(&walk);
    FN(option_walk_step)(&walk);
    FN(keel_bytes) bytes = __builtin_convertvector(y.outcome, FN(keel_bytes));
    if (count == KEEL_WIDTH) {
      FN(store)(output + i, y.volatility);
      __builtin_memcpy(outcomes + i, &bytes, sizeof bytes);
      left += y.left & 1u;
      continue;
    }
    __builtin_memcpy(output + i, &y.volatility, count * sizeof(double));
    __builtin_memcpy(outcomes + i, &bytes, count);
    left += y.left & FN(first_elements)(count) & 1u;
  }
  return __builtin_reduce_add(left);
}
