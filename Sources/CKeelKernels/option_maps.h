/* Prices, derivatives and implied volatilities of options in columns, once a level.

   Goals: no allocation, speed, and results that do not depend on an option's place. */

/* Vectors that take each pass side by side: passes are short enough for the processor to work on
   several vectors at a time, where the whole chain of one is not. */
enum { FN(KEEL_VECTORS) = 8 };

/* The first `count` outputs of options from `first` on; returns how many are left to the caller. */
INLINE size_t FN(black_columns)(
  const keel_option_columns *columns, double *output, size_t leading, size_t first, size_t n,
  int count) {
  FN(option_walk) walk;
  FN(option_walk_start)(&walk, columns, first);
  FN(priced) vectors[FN(KEEL_VECTORS)];
  U left = FN(bits)(FN(splat)(0.0));
  double last[KEEL_OUTPUT_COUNT * KEEL_WIDTH];
  output += first;
  for (size_t i = 0; i < n;) {
    int used = 0;
    size_t next = i;
    for (; used < FN(KEEL_VECTORS) && next < n; used++, next += KEEL_WIDTH) {
      if (n - next < KEEL_WIDTH) FN(option_walk_finish)(&walk, n - next);
      FN(priced_start)(&vectors[used], &walk);
      FN(option_walk_step)(&walk);
    }
    for (int k = 0; k < used; k++)
      FN(legs_logarithm)(
        &vectors[k].legs, &vectors[k].options, vectors[k].s, &vectors[k].per_s);
    for (int k = 0; k < used; k++, i += KEEL_WIDTH) {
      FN(legs_finish)(&vectors[k].legs, &vectors[k].options, &walk);
      vectors[k].options.left |= FN(is_blurred)(&vectors[k].legs, vectors[k].s);
      FN(core) core = FN(black_distances)(
        vectors[k].legs.x, FN(total_volatility)(&vectors[k]), vectors[k].per_s);
#if KEEL_FMA
      FN(black_tails)(&core, count > 1);
#else
      FN(black_short_tails)(&core, count > 1);
#endif
      int is_whole = n - i >= KEEL_WIDTH;
      U mask = vectors[k].options.left & 1u;
      FN(priced_finish)(
        &vectors[k], &core, is_whole ? output + i : last, is_whole ? leading : KEEL_WIDTH, count);
      if (!is_whole) mask &= FN(first_elements)(n - i);
      left += mask;
    }
  }
  size_t rest = n % KEEL_WIDTH;
  for (int k = 0; rest > 0 && k < count; k++)
    __builtin_memcpy(
      output + n - rest + (size_t)k * leading, last + k * KEEL_WIDTH, rest * sizeof(double));
  return __builtin_reduce_add(left);
}

static size_t FN(black_price)(
  const keel_option_columns *columns, double *output, size_t leading, size_t first, size_t n) {
  return FN(black_columns)(columns, output, leading, first, n, 1);
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
