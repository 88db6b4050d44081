/* Counter-based random numbers, once a level.

   Goals: the same bits at every level and for every split, good tails, speed. Philox4x32-10 is from
   J. K. Salmon, M. A. Moraes, R. O. Dror and D. E. Shaw, "Parallel random numbers: as easy as
   1, 2, 3" (2011). Normal draws are Box-Muller pairs. Every step is an integer operation or one
   rounded +, -, *, / or square root, never a fused one, so no level differs. */

#define KEEL_PHILOX_M0 0xd2511f53u
#define KEEL_PHILOX_M1 0xcd9e8d57u
#define KEEL_PHILOX_W0 0x9e3779b9u
#define KEEL_PHILOX_W1 0xbb67ae85u
#define KEEL_PHILOX_ROUNDS 10
/* Normal draws read the upper half of the counters, uniform draws the lower half. */
#define KEEL_NORMAL_HALF 0x8000000000000000u

/* Blocks block, block + 1, ... as words of 64 bits. A lane holds a word of 32 bits; what stands
   above it is ignored by the next product. */
INLINE void FN(philox)(uint64_t seed, uint64_t stream, U counter, U *first, U *second) {
  const U low = (U)(uint64_t)0xffffffffu;
  U c0 = counter, c1 = counter >> 32;
  U c2 = (U)stream, c3 = (U)(stream >> 32);
  uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
#pragma clang loop unroll(full)
  for (int round = 0; round < KEEL_PHILOX_ROUNDS; round++) {
    U p0 = (c0 & low) * (U)(uint64_t)KEEL_PHILOX_M0;
    U p1 = (c2 & low) * (U)(uint64_t)KEEL_PHILOX_M1;
    c0 = (p1 >> 32) ^ c1 ^ (U)(uint64_t)k0;
    c2 = (p0 >> 32) ^ c3 ^ (U)(uint64_t)k1;
    c1 = p1;
    c3 = p0;
    k0 += KEEL_PHILOX_W0;
    k1 += KEEL_PHILOX_W1;
  }
  *first = (c0 & low) | (c1 << 32);
  *second = (c2 & low) | (c3 << 32);
}

/* (2 k + 1) 2^-53 for the upper 52 bits k: never 0, never 1, symmetric about 1/2. */
INLINE V FN(unit_open)(U bits) {
  return FN(value)((bits >> 12) | 0x3ff0000000000000u) - 0x1.fffffffffffffp-1;
}

/* c[0] + c[1] x + ... in two chains, every product and sum rounded. */
INLINE V FN(rounded_polynomial)(V x, const double *c, int count) {
  V q = x * x, y = FN(splat)(c[count - 1]), z = FN(splat)(c[count - 2]);
#pragma clang loop unroll(full)
  for (int i = count - 3; i >= 0; i -= 2) {
    y = y * q + c[i];
    if (i > 0) z = z * q + c[i - 1];
  }
  return count % 2 == 1 ? z * x + y : y * x + z;
}

/* sqrt(-2 log((bits + 1/2) / 2^64)): at most 9.5. */
INLINE V FN(radius)(U bits) {
  V high = FN(value)((bits >> 32) | 0x4530000000000000u) - (0x1p84 + 0x1p52 - 0.5);
  V v = high + FN(value)((bits & (U)(uint64_t)0xffffffffu) | 0x4330000000000000u);
  V f, e = FN(log_reduce)(v, &f) - 64.0;
  V s = f / (f + 2.0), q = s * s;
  V tail = FN(rounded_polynomial)(q, KEEL_DRAW_LOG, KEEL_DRAW_LOG_COUNT);
  V logarithm = e * KEEL_LN2 + (s * (q * tail) + (s + s));
  return __builtin_elementwise_sqrt(-2.0 * logarithm);
}

/* The cosine and sine of the angle 2 pi bits / 2^64: the upper two bits are the quarter, the next
   52 the place in it. */
INLINE V FN(direction)(U bits, V *sine) {
  V f = FN(value)(((bits << 2) >> 12) | 0x3ff0000000000000u) - 1.5;
  V q = f * f;
  V s = FN(rounded_polynomial)(q, KEEL_SIN, KEEL_SIN_COUNT) * f;
  V c = FN(rounded_polynomial)(q, KEEL_COS, KEEL_COS_COUNT);
  /* Quarters 1 and 3 exchange the two; the cosine is negative in 1 and 2, the sine in 2 and 3. */
  U odd = (U)(((bits << 1) & 0x8000000000000000u) != (U)(uint64_t)0);
  V x = FN(choose)(odd, s, c), y = FN(choose)(odd, c, s);
  U sign = bits & 0x8000000000000000u;
  *sine = FN(value)(FN(bits)(y) ^ sign);
  return FN(value)(FN(bits)(x) ^ sign ^ ((bits << 1) & 0x8000000000000000u));
}

/* Writes the two draws of each block side by side. */
INLINE void FN(store_pairs)(double *y, V a, V b) {
#if KEEL_WIDTH == 16
  FN(store)(y, __builtin_shufflevector(
    a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23));
  FN(store)(y + 16, __builtin_shufflevector(
    a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31));
#elif KEEL_WIDTH == 8
  FN(store)(y, __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11));
  FN(store)(y + 8, __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15));
#else
  FN(store)(y, __builtin_shufflevector(a, b, 0, 4, 1, 5));
  FN(store)(y + 4, __builtin_shufflevector(a, b, 2, 6, 3, 7));
#endif
}

INLINE void FN(uniform_blocks)(uint64_t seed, uint64_t stream, U block, double *y) {
  U first, second;
  FN(philox)(seed, stream, block & ~KEEL_NORMAL_HALF, &first, &second);
  FN(store_pairs)(y, FN(unit_open)(first), FN(unit_open)(second));
}

INLINE void FN(normal_blocks)(uint64_t seed, uint64_t stream, U block, double *y) {
  U first, second;
  V sine;
  FN(philox)(seed, stream, block | KEEL_NORMAL_HALF, &first, &second);
  V r = FN(radius)(first), cosine = FN(direction)(second, &sine);
  FN(store_pairs)(y, r * cosine, r * sine);
}

/* The fill around a block body: whole vectors straight to y, the ends through a buffer. */
#define KEEL_FILL(name, body)                                                                     \
  static void FN(name)(                                                                           \
    uint64_t seed, uint64_t stream, uint64_t index, double *restrict y, size_t n) {               \
    U lane;                                                                                       \
    for (int i = 0; i < KEEL_WIDTH; i++) lane[i] = (uint64_t)i;                                   \
    while (n > 0) {                                                                               \
      size_t skip = (size_t)(index & 1), count = 2 * KEEL_WIDTH - skip;                           \
      if (skip == 0) {                                                                            \
        for (; n >= 2 * KEEL_WIDTH; n -= 2 * KEEL_WIDTH) {                                        \
          FN(body)(seed, stream, lane + (index >> 1), y);                                         \
          index += 2 * KEEL_WIDTH;                                                                \
          y += 2 * KEEL_WIDTH;                                                                    \
        }                                                                                         \
        if (n == 0) return;                                                                       \
      }                                                                                           \
      double buffer[2 * KEEL_WIDTH];                                                              \
      FN(body)(seed, stream, lane + (index >> 1), buffer);                                        \
      if (count > n) count = n;                                                                   \
      __builtin_memcpy(y, buffer + skip, count * sizeof(double));                                 \
      index += count;                                                                             \
      y += count;                                                                                 \
      n -= count;                                                                                 \
    }                                                                                             \
  }

KEEL_FILL(fill_uniform, uniform_blocks)
KEEL_FILL(fill_normal, normal_blocks)
