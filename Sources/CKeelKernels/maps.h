/* Loops over arrays, once a level: whole vectors in place, the rest through a padded vector. */

#define KEEL_MAP(name)                                                                            \
  static void FN(map_##name)(const double *restrict x, double *restrict y, size_t n) {            \
    size_t i = 0;                                                                                 \
    for (; i + KEEL_WIDTH <= n; i += KEEL_WIDTH) FN(store)(y + i, FN(name)(FN(load)(x + i)));     \
    if (i < n) {                                                                                  \
      double buffer[KEEL_WIDTH] = {0};                                                            \
      __builtin_memcpy(buffer, x + i, (n - i) * sizeof(double));                                  \
      FN(store)(buffer, FN(name)(FN(load)(buffer)));                                              \
      __builtin_memcpy(y + i, buffer, (n - i) * sizeof(double));                                  \
    }                                                                                             \
  }

KEEL_MAP(exp)
KEEL_MAP(log)
KEEL_MAP(erf)
KEEL_MAP(erfc)
KEEL_MAP(scaled_erfc)
KEEL_MAP(normal_pdf)
KEEL_MAP(normal_cdf)
KEEL_MAP(normal_survival)
KEEL_MAP(normal_quantile)
KEEL_MAP(log_gamma)
KEEL_MAP(digamma)

#undef KEEL_MAP
#undef KEEL_FILL
