/* Vectors of KEEL_WIDTH numbers and the arithmetic that all kernels share. Included once a level
   by kernels.c, which defines KEEL_SUFFIX, KEEL_WIDTH and KEEL_FMA. */

#define KEEL_JOIN_(a, b) a##b
#define KEEL_JOIN(a, b) KEEL_JOIN_(a, b)
#define FN(name) KEEL_JOIN(name, KEEL_SUFFIX)
#define V FN(keel_vector)
#define U FN(keel_bits)
#define INLINE static inline __attribute__((always_inline))

typedef double V __attribute__((ext_vector_type(KEEL_WIDTH)));
typedef uint64_t U __attribute__((ext_vector_type(KEEL_WIDTH)));
typedef int64_t FN(keel_integers) __attribute__((ext_vector_type(KEEL_WIDTH)));

INLINE U FN(bits)(V x) { return (U)x; }
INLINE V FN(value)(U x) { return (V)x; }
INLINE V FN(splat)(double x) { return (V)x; }

/* a where the mask is set, else b. */
INLINE V FN(choose)(U mask, V a, V b) { return (V)((mask & (U)a) | (~mask & (U)b)); }
INLINE V FN(magnitude)(V x) { return (V)((U)x & 0x7fffffffffffffffu); }

INLINE V FN(load)(const double *x) {
  V v;
  __builtin_memcpy(&v, x, sizeof v);
  return v;
}

INLINE void FN(store)(double *y, V v) { __builtin_memcpy(y, &v, sizeof v); }

/* a b + c, rounded once where the processor can. */
INLINE V FN(madd)(V a, V b, V c) {
#if KEEL_FMA
  return __builtin_elementwise_fma(a, b, c);
#else
  return a * b + c;
#endif
}

/* x to the nearest of 26 bits. */
INLINE V FN(short_number)(V x) { return (V)(((U)x + 0x4000000u) & 0xfffffffff8000000u); }

/* The rounding error of the product p = a b: exact with FMA, to the last bit or two without
   (T. J. Dekker, "A floating-point technique for extending the available precision", 1971; the
   halves are cut, not rounded). */
INLINE V FN(product_low)(V a, V b, V p) {
#if KEEL_FMA
  return __builtin_elementwise_fma(a, b, -p);
#else
  V ah = (V)((U)a & 0xfffffffff8000000u), al = a - ah;
  V bh = (V)((U)b & 0xfffffffff8000000u), bl = b - bh;
  return ((ah * bh - p) + ah * bl) + al * b;
#endif
}

/* The rounding error of the sum s = a + b (D. E. Knuth, TAOCP volume 2, 4.2.2). */
INLINE V FN(sum_low)(V a, V b, V s) {
  V t = s - a;
  return (a - (s - t)) + (b - t);
}

/* c[first] + c[first + 1] x + ... + c[count - 1] x^(count - 1 - first). */
INLINE V FN(polynomial)(V x, const double *c, int first, int count) {
  V y = FN(splat)(c[count - 1]);
#pragma clang loop unroll(full)
  for (int i = count - 2; i >= first; i--) y = FN(madd)(y, x, FN(splat)(c[i]));
  return y;
}

/* The same by two interleaved chains in x^2: half the latency, for long polynomials. */
INLINE V FN(long_polynomial)(V x, const double *c, int first, int count) {
  V q = x * x, y = FN(splat)(c[count - 1]), z = FN(splat)(c[count - 2]);
#pragma clang loop unroll(full)
  for (int i = count - 3; i >= first; i -= 2) {
    y = FN(madd)(y, q, FN(splat)(c[i]));
    if (i > first) z = FN(madd)(z, q, FN(splat)(c[i - 1]));
  }
  /* y ends with c[first] when the number of terms is odd, else z does. */
  return (count - first) % 2 == 1 ? FN(madd)(z, x, y) : FN(madd)(y, x, z);
}
