/* Sums of complex exponentials, once a level. The lanes of a vector hold neighboring nodes, so that
   nodes of even and odd places stay apart to the end. */

/* cos(x), and sin(x), for |x| < 2^50; error 2 ulp of one and the rounding of x. */
INLINE V FN(circle)(V x, V *sine) {
  const double first = 0x1.45f306dc9c883p-1, second = -0x1.6b01ec5417056p-55;
  V rounded = FN(madd)(x, FN(splat)(first), FN(splat)(KEEL_ROUNDER));
  U quarter = FN(bits)(rounded);
  V f = FN(madd)(x, FN(splat)(first), KEEL_ROUNDER - rounded);
  f = FN(madd)(x, FN(splat)(second), f);
  V q = f * f;
  V s = FN(polynomial)(q, KEEL_SIN, 0, KEEL_SIN_COUNT) * f;
  V c = FN(polynomial)(q, KEEL_COS, 0, KEEL_COS_COUNT);
  U odd = (U)((quarter << 63) != (U)(uint64_t)0);
  V a = FN(choose)(odd, s, c), b = FN(choose)(odd, c, s);
  /* The sine is negative in quarters 2 and 3, the cosine in 1 and 2. */
  *sine = FN(value)(FN(bits)(b) ^ ((quarter << 62) & 0x8000000000000000u));
  return FN(value)(FN(bits)(a) ^ (((quarter + 1) << 62) & 0x8000000000000000u));
}

enum { FN(KEEL_MOST_COLUMNS) = 9 };

/* The sums of `columns` columns from `first` on, of `all`. */
INLINE void FN(exponential_columns)(
  const double *restrict x, const double *restrict y, const double *restrict weights, size_t n,
  int first, int columns, int all, const double *restrict k, size_t count,
  double *restrict output) {
  for (size_t j = 0; j < count; j++) {
    V sums[FN(KEEL_MOST_COLUMNS)], size = FN(splat)(0.0);
    for (int c = 0; c < columns; c++) sums[c] = FN(splat)(0.0);
    for (size_t i = 0; i < n; i += KEEL_WIDTH) {
      const V modulus = FN(exp)(-(FN(load)(x + i) * k[j]));
      V sine, cosine = FN(circle)(FN(load)(y + i) * k[j], &sine);
      cosine *= modulus;
      sine *= modulus;
      size = FN(madd)(FN(load)(weights + 2 * (size_t)all * n + i), modulus, size);
      for (int c = 0; c < columns; c++) {
        const double *w = weights + 2 * (size_t)(first + c) * n + i;
        sums[c] = FN(madd)(FN(load)(w), cosine, sums[c]);
        sums[c] = FN(madd)(FN(load)(w + n), sine, sums[c]);
      }
    }
    double *z = output + j * (2 * (size_t)all + 1);
    for (int c = 0; c < columns; c++) {
      double even = 0, odd = 0;
      for (int lane = 0; lane < KEEL_WIDTH; lane += 2) {
        even += sums[c][lane];
        odd += sums[c][lane + 1];
      }
      z[2 * (first + c)] = even;
      z[2 * (first + c) + 1] = odd;
    }
    double total = 0;
    for (int lane = 0; lane < KEEL_WIDTH; lane++) total += size[lane];
    z[2 * all] = total;
  }
}

static void FN(exponential_sums)(
  const double *restrict x, const double *restrict y, const double *restrict weights, size_t n,
  int columns, const double *restrict k, size_t count, double *restrict output) {
  switch (columns) {
  case 1: FN(exponential_columns)(x, y, weights, n, 0, 1, 1, k, count, output); break;
  case 3: FN(exponential_columns)(x, y, weights, n, 0, 3, 3, k, count, output); break;
  case 4: FN(exponential_columns)(x, y, weights, n, 0, 4, 4, k, count, output); break;
  case 5: FN(exponential_columns)(x, y, weights, n, 0, 5, 5, k, count, output); break;
  case 6: FN(exponential_columns)(x, y, weights, n, 0, 6, 6, k, count, output); break;
  case 9: FN(exponential_columns)(x, y, weights, n, 0, 9, 9, k, count, output); break;
  default:
    for (int c = 0; c < columns; c++)
      FN(exponential_columns)(x, y, weights, n, c, 1, columns, k, count, output);
  }
}
