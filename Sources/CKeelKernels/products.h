/* Sums of products, once a level. A vector here is one register wide: the four columns of a block and
   their sums fill the registers. The order of the additions depends on the length and the level alone. */

#define H FN(keel_half)
#define KEEL_HALF (KEEL_WIDTH / 2)

typedef double H __attribute__((ext_vector_type(KEEL_HALF)));

INLINE H FN(load_half)(const double *x) {
  H v;
  __builtin_memcpy(&v, x, sizeof v);
  return v;
}

INLINE void FN(store_half)(double *y, H v) { __builtin_memcpy(y, &v, sizeof v); }

INLINE H FN(madd_half)(H a, H b, H c) {
#if KEEL_FMA
  return __builtin_elementwise_fma(a, b, c);
#else
  return a * b + c;
#endif
}

INLINE double FN(sum_half)(H v) {
  double sum = 0;
#pragma clang loop unroll(full)
  for (int k = 0; k < KEEL_HALF; k++) sum += v[k];
  return sum;
}

static double FN(dot)(const double *restrict x, const double *restrict y, size_t n) {
  H s0 = (H)0.0, s1 = s0, s2 = s0, s3 = s0;
  size_t i = 0;
  for (; i + 4 * KEEL_HALF <= n; i += 4 * KEEL_HALF) {
    s0 = FN(madd_half)(FN(load_half)(x + i), FN(load_half)(y + i), s0);
    s1 = FN(madd_half)(
      FN(load_half)(x + i + KEEL_HALF), FN(load_half)(y + i + KEEL_HALF), s1);
    s2 = FN(madd_half)(
      FN(load_half)(x + i + 2 * KEEL_HALF), FN(load_half)(y + i + 2 * KEEL_HALF), s2);
    s3 = FN(madd_half)(
      FN(load_half)(x + i + 3 * KEEL_HALF), FN(load_half)(y + i + 3 * KEEL_HALF), s3);
  }
  for (; i + KEEL_HALF <= n; i += KEEL_HALF)
    s0 = FN(madd_half)(FN(load_half)(x + i), FN(load_half)(y + i), s0);
  double sum = FN(sum_half)((s0 + s1) + (s2 + s3));
  for (; i < n; i++) sum += x[i] * y[i];
  return sum;
}

static void FN(axpy)(double factor, const double *restrict x, double *restrict y, size_t n) {
  H f = (H)factor;
  size_t i = 0;
  for (; i + KEEL_HALF <= n; i += KEEL_HALF)
    FN(store_half)(y + i, FN(madd_half)(FN(load_half)(x + i), f, FN(load_half)(y + i)));
  for (; i < n; i++) y[i] += factor * x[i];
}

/* y := A x. Four columns of the lower triangle at a time serve as columns and as rows, so that the
   matrix is read once by half. */
static void FN(symmetric_product)(
  const double *restrict a, size_t n, const double *restrict x, double *restrict y) {
  for (size_t i = 0; i < n; i++) y[i] = 0;
  size_t j = 0;
  for (; j + 4 <= n; j += 4) {
    const double *c0 = a + j * n, *c1 = c0 + n, *c2 = c1 + n, *c3 = c2 + n;
    const double x0 = x[j], x1 = x[j + 1], x2 = x[j + 2], x3 = x[j + 3];
    const H b0 = (H)x0, b1 = (H)x1, b2 = (H)x2, b3 = (H)x3;
    H s0 = (H)0.0, s1 = s0, s2 = s0, s3 = s0;
    size_t i = j + 4;
    for (; i + KEEL_HALF <= n; i += KEEL_HALF) {
      /* A quarter of a kilobyte ahead: the columns are too short for the processor to run ahead by
         itself. A prefetch beyond the matrix does nothing. */
      __builtin_prefetch(c0 + i + 32);
      __builtin_prefetch(c1 + i + 32);
      __builtin_prefetch(c2 + i + 32);
      __builtin_prefetch(c3 + i + 32);
      const H u = FN(load_half)(x + i);
      const H v0 = FN(load_half)(c0 + i), v1 = FN(load_half)(c1 + i);
      const H v2 = FN(load_half)(c2 + i), v3 = FN(load_half)(c3 + i);
      H w = FN(load_half)(y + i);
      w = FN(madd_half)(v0, b0, w);
      w = FN(madd_half)(v1, b1, w);
      w = FN(madd_half)(v2, b2, w);
      w = FN(madd_half)(v3, b3, w);
      FN(store_half)(y + i, w);
      s0 = FN(madd_half)(v0, u, s0);
      s1 = FN(madd_half)(v1, u, s1);
      s2 = FN(madd_half)(v2, u, s2);
      s3 = FN(madd_half)(v3, u, s3);
    }
    double t0 = FN(sum_half)(s0), t1 = FN(sum_half)(s1), t2 = FN(sum_half)(s2),
           t3 = FN(sum_half)(s3);
    for (; i < n; i++) {
      y[i] += (c0[i] * x0 + c1[i] * x1) + (c2[i] * x2 + c3[i] * x3);
      t0 += c0[i] * x[i];
      t1 += c1[i] * x[i];
      t2 += c2[i] * x[i];
      t3 += c3[i] * x[i];
    }
    y[j] += t0 + (c0[j] * x0 + c0[j + 1] * x1) + (c0[j + 2] * x2 + c0[j + 3] * x3);
    y[j + 1] += t1 + (c0[j + 1] * x0 + c1[j + 1] * x1) + (c1[j + 2] * x2 + c1[j + 3] * x3);
    y[j + 2] += t2 + (c0[j + 2] * x0 + c1[j + 2] * x1) + (c2[j + 2] * x2 + c2[j + 3] * x3);
    y[j + 3] += t3 + (c0[j + 3] * x0 + c1[j + 3] * x1) + (c2[j + 3] * x2 + c3[j + 3] * x3);
  }
  for (; j < n; j++) {
    const double *c = a + j * n;
    double t = c[j] * x[j];
    for (size_t i = j + 1; i < n; i++) {
      y[i] += c[i] * x[j];
      t += c[i] * x[i];
    }
    y[j] += t;
  }
}

/* y[k] := 1 - ((a[k] scale) scales[k]) (factor factors[k]), and the least of them that is a number. */
static double FN(correlation_gap)(
  const double *restrict a, const double *restrict scales, const double *restrict factors,
  double scale, double factor, double *restrict y, size_t n) {
  const H one = (H)1.0, s = (H)scale, f = (H)factor;
  H least = (H)__builtin_inf();
  size_t k = 0;
  for (; k + KEEL_HALF <= n; k += KEEL_HALF) {
    const H c = FN(load_half)(factors + k) * f;
    const H value = one - (FN(load_half)(a + k) * s * FN(load_half)(scales + k)) * c;
    FN(store_half)(y + k, value);
    least = __builtin_elementwise_min(value, least);
  }
  double result = __builtin_inf();
  for (; k < n; k++) {
    y[k] = 1 - (a[k] * scale * scales[k]) * (factors[k] * factor);
    if (y[k] < result) result = y[k];
  }
#pragma clang loop unroll(full)
  for (int j = 0; j < KEEL_HALF; j++)
    if (least[j] < result) result = least[j];
  return result;
}

/* Where x[k] < y[k]: y[k] := x[k] and tags[k] := tag. Returns the least y[k]; *ties is set when some
   x[k] equals the y[k] that it meets. */
static double FN(lower_tagged)(
  const double *restrict x, double tag, double *restrict y, double *restrict tags, size_t n,
  int *restrict ties) {
  typedef __typeof__((H)0.0 < (H)0.0) M;
  const M t = (M)(H)tag;
  M equal = (M)(H)0.0;
  H least = (H)__builtin_inf();
  size_t k = 0;
  for (; k + KEEL_HALF <= n; k += KEEL_HALF) {
    const H u = FN(load_half)(x + k), v = FN(load_half)(y + k);
    const M lower = u < v;
    equal |= u == v;
    const H w = (H)((lower & (M)u) | (~lower & (M)v));
    FN(store_half)(y + k, w);
    FN(store_half)(tags + k, (H)((lower & t) | (~lower & (M)FN(load_half)(tags + k))));
    least = __builtin_elementwise_min(w, least);
  }
  double result = __builtin_inf();
  int found = 0;
  for (; k < n; k++) {
    found |= x[k] == y[k];
    if (x[k] < y[k]) {
      y[k] = x[k];
      tags[k] = tag;
    }
    if (y[k] < result) result = y[k];
  }
#pragma clang loop unroll(full)
  for (int j = 0; j < KEEL_HALF; j++) {
    if (least[j] < result) result = least[j];
    found |= equal[j] != 0;
  }
  *ties = found;
  return result;
}

/* The first k >= start with x[k] == value, or n. */
static size_t FN(first_equal)(const double *restrict x, size_t n, size_t start, double value) {
  size_t k = start;
  const H v = (H)value;
  for (; k + 4 * KEEL_HALF <= n; k += 4 * KEEL_HALF) {
    typedef __typeof__(v == v) M;
    const M m = (FN(load_half)(x + k) == v) | (FN(load_half)(x + k + KEEL_HALF) == v)
      | (FN(load_half)(x + k + 2 * KEEL_HALF) == v) | (FN(load_half)(x + k + 3 * KEEL_HALF) == v);
    if (__builtin_reduce_or(m)) break;
  }
  while (k < n && x[k] != value) k++;
  return k;
}

/* Adds the sums over some columns y = x scale - mean, for each row, of y, a y, y^2, b y^2, c y^3 and y^4: six
   arrays, `leading` apart. Column k begins at x + starts[k]; the factors a, b, c of each column follow each other. */
INLINE void FN(row_sums_of)(
  int columns, const double *restrict x, const size_t *restrict starts, size_t n, double scale,
  const double *restrict means, const double *restrict factors, double *restrict sums,
  size_t leading) {
  size_t i = 0;
  for (; i + KEEL_HALF <= n; i += KEEL_HALF) {
    H total[6];
#pragma clang loop unroll(full)
    for (int k = 0; k < 6; k++) total[k] = FN(load_half)(sums + (size_t)k * leading + i);
#pragma clang loop unroll(full)
    for (int j = 0; j < columns; j++) {
      const double *f = factors + 3 * j;
      const H y = FN(load_half)(x + starts[j] + i) * scale - means[j];
      const H square = y * y;
      total[0] += y;
      total[1] = FN(madd_half)(y, (H)f[0], total[1]);
      total[2] += square;
      total[3] = FN(madd_half)(square, (H)f[1], total[3]);
      total[4] = FN(madd_half)(square * y, (H)f[2], total[4]);
      total[5] = FN(madd_half)(square, square, total[5]);
    }
#pragma clang loop unroll(full)
    for (int k = 0; k < 6; k++) FN(store_half)(sums + (size_t)k * leading + i, total[k]);
  }
  for (; i < n; i++)
    for (int j = 0; j < columns; j++) {
      const double *f = factors + 3 * j;
      const double y = x[starts[j] + i] * scale - means[j], square = y * y;
      double *total = sums + i;
      total[0] += y;
      total[leading] += f[0] * y;
      total[2 * leading] += square;
      total[3 * leading] += f[1] * square;
      total[4 * leading] += f[2] * (square * y);
      total[5 * leading] += square * square;
    }
}

static void FN(row_sums)(
  const double *restrict x, const size_t *restrict starts, size_t columns, size_t n, double scale,
  const double *restrict means, const double *restrict factors, double *restrict sums,
  size_t leading) {
  if (columns == 4)
    FN(row_sums_of)(4, x, starts, n, scale, means, factors, sums, leading);
  else
    for (size_t j = 0; j < columns; j++)
      FN(row_sums_of)(1, x, starts + j, n, scale, means + j, factors + 3 * j, sums, leading);
}

/* y[i] := min(x[i] scale - center, ceiling) weights[i]. */
static void FN(weighted)(
  const double *restrict x, size_t n, double scale, double center, double ceiling,
  const double *restrict weights, const double *next, double *restrict y) {
  size_t i = 0;
  for (; i + KEEL_HALF <= n; i += KEEL_HALF) {
    /* Runs of rows are too short for the processor to run ahead into the next column by itself. */
    __builtin_prefetch(next + i);
    typedef __typeof__((H)0.0 < (H)0.0) M;
    const H centered = FN(load_half)(x + i) * scale - center;
    const M below = centered < (H)ceiling;
    const H least = (H)((below & (M)centered) | (~below & (M)(H)ceiling));
    FN(store_half)(y + i, least * FN(load_half)(weights + i));
  }
  for (; i < n; i++) {
    const double centered = x[i] * scale - center;
    y[i] = (centered < ceiling ? centered : ceiling) * weights[i];
  }
}

#undef H
#undef KEEL_HALF
