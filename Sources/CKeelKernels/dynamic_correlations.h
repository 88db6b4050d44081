/* The log-likelihood of dynamic conditional correlations with its slopes in both weights, once a level. A vector
   holds eight rows: their matrices Q come from the recursion one after the other, are then factored and inverted
   together, without a sum across a vector. Matrices are lower triangles, column after column. */

#define E FN(keel_eight)

INLINE E FN(dcc_load)(const double *restrict p) {
  E v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}

INLINE void FN(dcc_store)(double *restrict p, E v) { __builtin_memcpy(p, &v, sizeof v); }

/* Where the diagonal element j of a triangle is; that of row i in its column is i - j behind it. */
INLINE size_t FN(dcc_diagonal)(size_t j, size_t n) { return j * n - j * (j + 1) / 2 + j; }

/* y -= the sum over columns k in [begin, end) of their elements from row `row` on times those in row `row`
   (Cholesky), four columns a turn. */
INLINE void FN(dcc_subtract_columns)(
  double *restrict l, size_t begin, size_t end, size_t row, size_t n, double *restrict y) {
  const size_t count = n - row;
  size_t k = begin;
  for (; k + 4 <= end; k += 4) {
    const double *a = l + 8 * (FN(dcc_diagonal)(k, n) + row - k);
    const double *b = l + 8 * (FN(dcc_diagonal)(k + 1, n) + row - k - 1);
    const double *c = l + 8 * (FN(dcc_diagonal)(k + 2, n) + row - k - 2);
    const double *d = l + 8 * (FN(dcc_diagonal)(k + 3, n) + row - k - 3);
    const E p = -FN(dcc_load)(a), q = -FN(dcc_load)(b), r = -FN(dcc_load)(c), s = -FN(dcc_load)(d);
    for (size_t i = 0; i < count; i++) {
      E v = FN(dcc_load)(y + 8 * i);
      v = FN(madd_eight)(p, FN(dcc_load)(a + 8 * i), v);
      v = FN(madd_eight)(q, FN(dcc_load)(b + 8 * i), v);
      v = FN(madd_eight)(r, FN(dcc_load)(c + 8 * i), v);
      v = FN(madd_eight)(s, FN(dcc_load)(d + 8 * i), v);
      FN(dcc_store)(y + 8 * i, v);
    }
  }
  for (; k < end; k++) {
    const double *a = l + 8 * (FN(dcc_diagonal)(k, n) + row - k);
    const E p = -FN(dcc_load)(a);
    for (size_t i = 0; i < count; i++)
      FN(dcc_store)(y + 8 * i, FN(madd_eight)(p, FN(dcc_load)(a + 8 * i), FN(dcc_load)(y + 8 * i)));
  }
}

/* The factor L in place, and the inverses of its diagonal; 0 where a pivot of a row is not positive. */
INLINE int FN(dcc_factor)(double *restrict l, size_t n, double *restrict inverses) {
  int is_definite = 1;
  for (size_t j = 0; j < n; j++) {
    double *y = l + 8 * FN(dcc_diagonal)(j, n);
    FN(dcc_subtract_columns)(l, 0, j, j, n, y);
    E pivot = FN(dcc_load)(y);
    for (int k = 0; k < 8; k++) is_definite &= pivot[k] > 0;
    const E root = __builtin_elementwise_sqrt(pivot), inverse = (E)1.0 / root;
    FN(dcc_store)(inverses + 8 * j, inverse);
    FN(dcc_store)(y, root);
    for (size_t i = 1; i < n - j; i++) FN(dcc_store)(y + 8 * i, FN(dcc_load)(y + 8 * i) * inverse);
  }
  return is_definite;
}

/* The inverse of the factor in place, from its last column to the first. */
INLINE void FN(dcc_invert_factor)(
  double *restrict l, size_t n, const double *restrict inverses, double *restrict column) {
  for (size_t j = n; j-- > 0;) {
    double *y = l + 8 * FN(dcc_diagonal)(j, n);
    const size_t count = n - j - 1;
    for (size_t i = 0; i < count; i++) FN(dcc_store)(column + 8 * i, (E)0.0);
    size_t k = 0;
    for (; k + 2 <= count; k += 2) {
      const double *a = l + 8 * FN(dcc_diagonal)(j + 1 + k, n);
      const double *b = l + 8 * FN(dcc_diagonal)(j + 2 + k, n);
      const E p = FN(dcc_load)(y + 8 * (k + 1)), q = FN(dcc_load)(y + 8 * (k + 2));
      double *x = column + 8 * k;
      FN(dcc_store)(x, FN(madd_eight)(p, FN(dcc_load)(a), FN(dcc_load)(x)));
      for (size_t i = 1; i < count - k; i++) {
        E v = FN(madd_eight)(p, FN(dcc_load)(a + 8 * i), FN(dcc_load)(x + 8 * i));
        FN(dcc_store)(x + 8 * i, FN(madd_eight)(q, FN(dcc_load)(b + 8 * (i - 1)), v));
      }
    }
    for (; k < count; k++) {
      const double *a = l + 8 * FN(dcc_diagonal)(j + 1 + k, n);
      const E p = FN(dcc_load)(y + 8 * (k + 1));
      double *x = column + 8 * k;
      for (size_t i = 0; i < count - k; i++)
        FN(dcc_store)(x + 8 * i, FN(madd_eight)(p, FN(dcc_load)(a + 8 * i), FN(dcc_load)(x + 8 * i)));
    }
    const E inverse = FN(dcc_load)(inverses + 8 * j);
    FN(dcc_store)(y, inverse);
    for (size_t i = 0; i < count; i++)
      FN(dcc_store)(y + 8 * (i + 1), -inverse * FN(dcc_load)(column + 8 * i));
  }
}

/* What eight rows add to -2 ln L and its slopes. */
typedef struct {
  E value, news, memory;
} FN(dcc_sums);

/* The sums over the elements of an inverse, from M with inverse = M'M: times the slopes of Q, of the
   elements less v v'. */
INLINE void FN(dcc_slopes)(
  const double *restrict m, size_t n, const double *restrict v, const double *restrict news,
  const double *restrict memory, FN(dcc_sums) *restrict sums) {
  for (size_t j = 0; j < n; j++) {
    const double *right = m + 8 * FN(dcc_diagonal)(j, n);
    const E own = FN(dcc_load)(v + 8 * j);
    E a = (E)0.0, b = (E)0.0;
    size_t i = j;
    for (; i + 2 <= n; i += 2) {
      const double *x = m + 8 * FN(dcc_diagonal)(i, n), *y = m + 8 * FN(dcc_diagonal)(i + 1, n);
      const double *z = right + 8 * (i - j);
      E first = FN(dcc_load)(x) * FN(dcc_load)(z), second = (E)0.0;
      for (size_t k = 1; k < n - i; k++) {
        const E w = FN(dcc_load)(z + 8 * k);
        first = FN(madd_eight)(FN(dcc_load)(x + 8 * k), w, first);
        second = FN(madd_eight)(FN(dcc_load)(y + 8 * (k - 1)), w, second);
      }
      first -= FN(dcc_load)(v + 8 * i) * own;
      second -= FN(dcc_load)(v + 8 * (i + 1)) * own;
      const size_t at = 8 * (FN(dcc_diagonal)(j, n) + i - j);
      /* The diagonal once, what is below it for both triangles. */
      const double share = i == j ? 0.5 : 1.0;
      a = FN(madd_eight)(share * first, FN(dcc_load)(news + at), a);
      b = FN(madd_eight)(share * first, FN(dcc_load)(memory + at), b);
      a = FN(madd_eight)(second, FN(dcc_load)(news + at + 8), a);
      b = FN(madd_eight)(second, FN(dcc_load)(memory + at + 8), b);
    }
    for (; i < n; i++) {
      const double *x = m + 8 * FN(dcc_diagonal)(i, n), *z = right + 8 * (i - j);
      E first = (E)0.0;
      for (size_t k = 0; k < n - i; k++)
        first = FN(madd_eight)(FN(dcc_load)(x + 8 * k), FN(dcc_load)(z + 8 * k), first);
      first -= FN(dcc_load)(v + 8 * i) * own;
      const size_t at = 8 * (FN(dcc_diagonal)(j, n) + i - j);
      const double share = i == j ? 0.5 : 1.0;
      a = FN(madd_eight)(share * first, FN(dcc_load)(news + at), a);
      b = FN(madd_eight)(share * first, FN(dcc_load)(memory + at), b);
    }
    sums->news += 2.0 * a;
    sums->memory += 2.0 * b;
  }
}

/* Eight rows that follow each other, the last of them perhaps missing: their matrices, one vector an element. */
INLINE void FN(dcc_advance)(
  const double *restrict rows, size_t count, size_t n, const double *restrict target, double news,
  double memory, double *restrict state, double *restrict q, double *restrict news_slope,
  double *restrict memory_slope) {
  const double rest = 1 - news - memory;
  for (size_t j = 0, at = 0; j < n; j++) {
    for (size_t i = j; i < n; i++, at++) {
      double *own = state + 3 * at;
      double x = own[0], a = own[1], b = own[2];
      const double fixed = target[at];
      for (size_t lane = 0; lane < 8; lane++) {
        if (lane >= count) {
          q[8 * at + lane] = i == j ? 1 : 0;
          news_slope[8 * at + lane] = memory_slope[8 * at + lane] = 0;
          continue;
        }
        q[8 * at + lane] = x;
        news_slope[8 * at + lane] = a;
        memory_slope[8 * at + lane] = b;
        const double product = rows[lane * n + i] * rows[lane * n + j];
        a = product - fixed + memory * a;
        b = x - fixed + memory * b;
        x = rest * fixed + news * product + memory * x;
      }
      own[0] = x;
      own[1] = a;
      own[2] = b;
    }
  }
}

static int FN(dynamic_correlations)(
  const double *restrict residuals, size_t row_count, size_t n, const double *restrict target,
  double news, double memory, double *restrict work, double *restrict out) {
  const size_t size = n * (n + 1) / 2;
  double *state = work, *q = state + 3 * size, *news_slope = q + 8 * size;
  double *memory_slope = news_slope + 8 * size, *x = memory_slope + 8 * size, *v = x + 8 * n;
  double *diagonals = v + 8 * n, *inverses = diagonals + 8 * n, *column = inverses + 8 * n;
  FN(dcc_sums) sums = {(E)0.0, (E)0.0, (E)0.0};
  for (size_t k = 0; k < size; k++) {
    state[3 * k] = target[k];
    state[3 * k + 1] = state[3 * k + 2] = 0;
  }
  for (size_t begin = 0; begin < row_count; begin += 8) {
    const size_t count = row_count - begin < 8 ? row_count - begin : 8;
    const double *rows = residuals + begin * n;
    FN(dcc_advance)(rows, count, n, target, news, memory, state, q, news_slope, memory_slope);
    /* R = D^-1 Q D^-1: its quadratic form is that of Q in x = D e, its determinant that of Q over D^2. */
    E squares = (E)0.0, levels = (E)0.0;
    for (size_t j = 0; j < n; j++) {
      const size_t at = 8 * FN(dcc_diagonal)(j, n);
      const E diagonal = FN(dcc_load)(q + at);
      double e[8];
      for (size_t lane = 0; lane < 8; lane++) e[lane] = lane < count ? rows[lane * n + j] : 0;
      const E own = FN(dcc_load)(e), scaled = __builtin_elementwise_sqrt(diagonal) * own;
      squares = FN(madd_eight)(own, own, squares);
      FN(dcc_store)(x + 8 * j, scaled);
      FN(dcc_store)(diagonals + 8 * j, diagonal);
    }
    if (!FN(dcc_factor)(q, n, inverses)) return 1;
    for (size_t j = 0; j < n; j++) {
      /* q(j,j) over the square of the pivot: minus the logarithm is what the column adds to ln |R|. */
      const E inverse = FN(dcc_load)(inverses + 8 * j);
      FN(dcc_store)(column + 8 * j, FN(dcc_load)(diagonals + 8 * j) * inverse * inverse);
    }
    FN(dcc_store)(column + 8 * n, (E)1.0);
    for (size_t k = 0; k < 8 * n; k += KEEL_WIDTH)
      FN(store)(column + k, FN(log)(FN(load)(column + k)));
    for (size_t j = 0; j < n; j++) levels -= FN(dcc_load)(column + 8 * j);
    /* v = Q^-1 x = M'M x with M the inverse of the factor. */
    FN(dcc_invert_factor)(q, n, inverses, column);
    for (size_t j = 0; j < n; j++) FN(dcc_store)(column + 8 * j, (E)0.0);
    for (size_t j = 0; j < n; j++) {
      const double *m = q + 8 * FN(dcc_diagonal)(j, n);
      const E own = FN(dcc_load)(x + 8 * j);
      for (size_t i = j; i < n; i++) {
        double *y = column + 8 * i;
        FN(dcc_store)(y, FN(madd_eight)(own, FN(dcc_load)(m + 8 * (i - j)), FN(dcc_load)(y)));
      }
    }
    E form = (E)0.0;
    for (size_t j = 0; j < n; j++) {
      const double *m = q + 8 * FN(dcc_diagonal)(j, n);
      const E y = FN(dcc_load)(column + 8 * j);
      form = FN(madd_eight)(y, y, form);
      E sum = (E)0.0;
      for (size_t i = j; i < n; i++)
        sum = FN(madd_eight)(FN(dcc_load)(m + 8 * (i - j)), FN(dcc_load)(column + 8 * i), sum);
      FN(dcc_store)(v + 8 * j, sum);
    }
    sums.value += levels + (form - squares);
    FN(dcc_slopes)(q, n, v, news_slope, memory_slope, &sums);
    for (size_t j = 0; j < n; j++) {
      const size_t at = 8 * FN(dcc_diagonal)(j, n);
      const E pull = (1.0 - FN(dcc_load)(v + 8 * j) * FN(dcc_load)(x + 8 * j))
        / FN(dcc_load)(diagonals + 8 * j);
      sums.news -= pull * FN(dcc_load)(news_slope + at);
      sums.memory -= pull * FN(dcc_load)(memory_slope + at);
    }
  }
  double total[3] = {0, 0, 0};
  for (int k = 0; k < 8; k++) {
    total[0] += sums.value[k];
    total[1] += sums.news[k];
    total[2] += sums.memory[k];
  }
  for (int k = 0; k < 3; k++) out[k] = -0.5 * total[k];
  return 0;
}

#undef E
