/* Combinations of chosen columns of a matrix, once a level.

   Goals: memory speed, and an order of the sums that depends on nothing but the arguments. Eight
   columns are read side by side, so that the result is loaded and stored once for eight columns. */

enum { FN(KEEL_SIDE_BY_SIDE) = 8 };

/* y += sum of factors[k] a[:, columns[k]] over `count` columns, at most eight. */
INLINE void FN(add_columns)(
  const double *restrict a, size_t leading, size_t rows, const ptrdiff_t *columns,
  const double *factors, int count, double *restrict y) {
  const double *c[FN(KEEL_SIDE_BY_SIDE)];
  double f[FN(KEEL_SIDE_BY_SIDE)];
  for (int k = 0; k < FN(KEEL_SIDE_BY_SIDE); k++) {
    c[k] = a + (size_t)columns[k < count ? k : 0] * leading;
    f[k] = k < count ? factors[k] : 0.0;
  }
  size_t i = 0;
  for (; i + KEEL_WIDTH <= rows; i += KEEL_WIDTH) {
    V sum = FN(load)(y + i);
#pragma clang loop unroll(full)
    for (int k = 0; k < FN(KEEL_SIDE_BY_SIDE); k++)
      sum = FN(madd)(FN(splat)(f[k]), FN(load)(c[k] + i), sum);
    FN(store)(y + i, sum);
  }
  for (; i < rows; i++) {
    double sum = y[i];
    for (int k = 0; k < FN(KEEL_SIDE_BY_SIDE); k++) {
#if KEEL_FMA
      sum = __builtin_fma(f[k], c[k][i], sum);
#else
      sum += f[k] * c[k][i];
#endif
    }
    y[i] = sum;
  }
}

/* The same, and sizes += sum of |factors[k] a[:, columns[k]]|: every element is read once. */
INLINE void FN(add_columns_and_sizes)(
  const double *restrict a, size_t leading, size_t rows, const ptrdiff_t *columns,
  const double *factors, int count, double *restrict y, double *restrict sizes) {
  const double *c[FN(KEEL_SIDE_BY_SIDE)];
  double f[FN(KEEL_SIDE_BY_SIDE)];
  for (int k = 0; k < FN(KEEL_SIDE_BY_SIDE); k++) {
    c[k] = a + (size_t)columns[k < count ? k : 0] * leading;
    f[k] = k < count ? factors[k] : 0.0;
  }
  size_t i = 0;
  for (; i + KEEL_WIDTH <= rows; i += KEEL_WIDTH) {
    V sum = FN(load)(y + i), size = FN(load)(sizes + i);
#pragma clang loop unroll(full)
    for (int k = 0; k < FN(KEEL_SIDE_BY_SIDE); k++) {
      V element = FN(load)(c[k] + i);
      sum = FN(madd)(FN(splat)(f[k]), element, sum);
      size = FN(madd)(FN(splat)(__builtin_fabs(f[k])), FN(magnitude)(element), size);
    }
    FN(store)(y + i, sum);
    FN(store)(sizes + i, size);
  }
  for (; i < rows; i++) {
    double sum = y[i], size = sizes[i];
    for (int k = 0; k < FN(KEEL_SIDE_BY_SIDE); k++) {
#if KEEL_FMA
      sum = __builtin_fma(f[k], c[k][i], sum);
#else
      sum += f[k] * c[k][i];
#endif
      size += __builtin_fabs(f[k]) * __builtin_fabs(c[k][i]);
    }
    y[i] = sum;
    sizes[i] = size;
  }
}

static void FN(combine_columns)(
  const double *restrict a, size_t leading, size_t rows, const ptrdiff_t *columns,
  const double *factors, size_t count, double *restrict y, double *restrict magnitudes) {
  for (size_t k = 0; k < count; k += FN(KEEL_SIDE_BY_SIDE)) {
    size_t rest = count - k;
    int width = rest < FN(KEEL_SIDE_BY_SIDE) ? (int)rest : FN(KEEL_SIDE_BY_SIDE);
    if (magnitudes)
      FN(add_columns_and_sizes)(
        a, leading, rows, columns + k, factors + k, width, y, magnitudes);
    else
      FN(add_columns)(a, leading, rows, columns + k, factors + k, width, y);
  }
}
