/* Signs of moves as bits, and how often they agree.

   Written for each instruction set by hand, since what counts bits differs; all are exact, so the choice
   never shows in a result. */
#include "CKeelKernels.h"

#if defined(__x86_64__)
#include <immintrin.h>
#define FAST(features) __attribute__((target(features)))
#endif

/* Bits of 64 numbers, at most: which are beyond the threshold, and which of them are negative. */
static void plane_word(
  const double *x, size_t n, double scale, double center, double threshold, uint64_t *active,
  uint64_t *negative) {
  uint64_t beyond = 0, below = 0;
  for (size_t k = 0; k < n; k++) {
    double y = x[k] * scale - center;
    beyond |= (uint64_t)(y >= threshold || y <= -threshold) << k;
    below |= (uint64_t)(y <= -threshold) << k;
  }
  *active = beyond;
  *negative = below;
}

static void planes_plain(
  const double *x, size_t n, double scale, double center, double threshold,
  uint64_t *restrict active, uint64_t *restrict negative) {
  for (size_t i = 0; i < n; i += 64)
    plane_word(
      x + i, n - i < 64 ? n - i : 64, scale, center, threshold, active + i / 64,
      negative + i / 64);
}

static uint32_t ones(uint64_t word) { return (uint32_t)__builtin_popcountll(word); }

static void agreement_plain(
  const uint64_t *restrict active, const uint64_t *restrict negative, size_t words, size_t column,
  size_t columns, size_t first, size_t n, size_t stride, uint32_t *restrict both,
  uint32_t *restrict against) {
  for (size_t k = 0; k < columns * (n - first); k++) {
    const size_t j = k / (n - first), i = first + k % (n - first);
    const uint64_t *a = active + (column + j) * words, *s = negative + (column + j) * words;
    const uint64_t *b = active + i * words, *t = negative + i * words;
    uint32_t count = 0, opposed = 0;
    for (size_t w = 0; w < words; w++) {
      uint64_t common = a[w] & b[w];
      count += ones(common);
      opposed += ones(common & (s[w] ^ t[w]));
    }
    both[j * stride + i] = count;
    against[j * stride + i] = opposed;
  }
}

#if defined(__x86_64__)
FAST("avx2")
static void planes_avx2(
  const double *x, size_t n, double scale, double center, double threshold,
  uint64_t *restrict active, uint64_t *restrict negative) {
  const __m256d up = _mm256_set1_pd(threshold), down = _mm256_set1_pd(-threshold);
  const __m256d c = _mm256_set1_pd(center), f = _mm256_set1_pd(scale);
  size_t i = 0;
  for (; i + 64 <= n; i += 64) {
    uint64_t beyond = 0, below = 0;
    for (int k = 0; k < 64; k += 4) {
      __m256d y = _mm256_sub_pd(_mm256_mul_pd(_mm256_loadu_pd(x + i + k), f), c);
      __m256d low = _mm256_cmp_pd(y, down, _CMP_LE_OQ), high = _mm256_cmp_pd(y, up, _CMP_GE_OQ);
      below |= (uint64_t)_mm256_movemask_pd(low) << k;
      beyond |= (uint64_t)_mm256_movemask_pd(_mm256_or_pd(low, high)) << k;
    }
    active[i / 64] = beyond;
    negative[i / 64] = below;
  }
  planes_plain(x + i, n - i, scale, center, threshold, active + i / 64, negative + i / 64);
}

/* The ones of each of four words (W. Muła, N. Kurz, D. Lemire, "Faster population counts using AVX2
   instructions", The Computer Journal 61, 2018). */
FAST("avx2")
static __m256i ones_avx2(__m256i v) {
  const __m256i table = _mm256_setr_epi8(
    0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, 0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
  const __m256i nibble = _mm256_set1_epi8(15);
  __m256i low = _mm256_shuffle_epi8(table, _mm256_and_si256(v, nibble));
  __m256i high =
    _mm256_shuffle_epi8(table, _mm256_and_si256(_mm256_srli_epi16(v, 4), nibble));
  return _mm256_sad_epu8(_mm256_add_epi8(low, high), _mm256_setzero_si256());
}

FAST("avx2")
static uint32_t sum_avx2(__m256i v) {
  uint64_t parts[4];
  _mm256_storeu_si256((__m256i *)parts, v);
  return (uint32_t)(parts[0] + parts[1] + parts[2] + parts[3]);
}

FAST("avx2")
static void agreement_avx2(
  const uint64_t *restrict active, const uint64_t *restrict negative, size_t words, size_t column,
  size_t columns, size_t first, size_t n, size_t stride, uint32_t *restrict both,
  uint32_t *restrict against) {
  for (size_t k = 0; k < columns * (n - first); k++) {
    const size_t j = k / (n - first), i = first + k % (n - first);
    const uint64_t *a = active + (column + j) * words, *s = negative + (column + j) * words;
    const uint64_t *b = active + i * words, *t = negative + i * words;
    __m256i count = _mm256_setzero_si256(), opposed = count;
    for (size_t w = 0; w < words; w += 4) {
      __m256i common = _mm256_and_si256(
        _mm256_loadu_si256((const __m256i *)(a + w)), _mm256_loadu_si256((const __m256i *)(b + w)));
      __m256i differ = _mm256_xor_si256(
        _mm256_loadu_si256((const __m256i *)(s + w)), _mm256_loadu_si256((const __m256i *)(t + w)));
      count = _mm256_add_epi64(count, ones_avx2(common));
      opposed = _mm256_add_epi64(opposed, ones_avx2(_mm256_and_si256(common, differ)));
    }
    both[j * stride + i] = sum_avx2(count);
    against[j * stride + i] = sum_avx2(opposed);
  }
}

FAST("avx512f,avx512vpopcntdq")
static void planes_avx512(
  const double *x, size_t n, double scale, double center, double threshold,
  uint64_t *restrict active, uint64_t *restrict negative) {
  const __m512d up = _mm512_set1_pd(threshold), down = _mm512_set1_pd(-threshold);
  const __m512d c = _mm512_set1_pd(center), f = _mm512_set1_pd(scale);
  size_t i = 0;
  for (; i + 64 <= n; i += 64) {
    uint64_t beyond = 0, below = 0;
    for (int k = 0; k < 64; k += 8) {
      __m512d y = _mm512_sub_pd(_mm512_mul_pd(_mm512_loadu_pd(x + i + k), f), c);
      uint64_t low = _mm512_cmp_pd_mask(y, down, _CMP_LE_OQ);
      uint64_t high = _mm512_cmp_pd_mask(y, up, _CMP_GE_OQ);
      below |= low << k;
      beyond |= (low | high) << k;
    }
    active[i / 64] = beyond;
    negative[i / 64] = below;
  }
  planes_plain(x + i, n - i, scale, center, threshold, active + i / 64, negative + i / 64);
}

/* Two columns and four rows at a time: twelve loads serve sixteen counts. */
FAST("avx512f,avx512vpopcntdq")
static void block_avx512(
  const uint64_t *const planes[12], size_t words, uint32_t *both, uint32_t *against, size_t stride) {
  __m512i counts[8], opposed[8];
  for (int k = 0; k < 8; k++) counts[k] = opposed[k] = _mm512_setzero_si512();
  for (size_t w = 0; w < words; w += 8) {
    __m512i v[12];
#pragma clang loop unroll(full)
    for (int k = 0; k < 12; k++) v[k] = _mm512_loadu_si512(planes[k] + w);
#pragma clang loop unroll(full)
    for (int k = 0; k < 8; k++) {
      const int column = k / 4, row = 2 + k % 4;
      __m512i common = _mm512_and_si512(v[column], v[row]);
      __m512i differ = _mm512_xor_si512(v[6 + column], v[6 + row]);
      counts[k] = _mm512_add_epi64(counts[k], _mm512_popcnt_epi64(common));
      opposed[k] =
        _mm512_add_epi64(opposed[k], _mm512_popcnt_epi64(_mm512_and_si512(common, differ)));
    }
  }
#pragma clang loop unroll(full)
  for (int k = 0; k < 8; k++) {
    size_t place = (size_t)(k / 4) * stride + (size_t)(k % 4);
    both[place] = (uint32_t)_mm512_reduce_add_epi64(counts[k]);
    against[place] = (uint32_t)_mm512_reduce_add_epi64(opposed[k]);
  }
}

FAST("avx512f,avx512vpopcntdq")
static void agreement_avx512(
  const uint64_t *restrict active, const uint64_t *restrict negative, size_t words, size_t column,
  size_t columns, size_t first, size_t n, size_t stride, uint32_t *restrict both,
  uint32_t *restrict against) {
  size_t j = 0;
  for (; j + 2 <= columns; j += 2) {
    size_t i = first;
    for (; i + 4 <= n; i += 4) {
      const size_t places[6] = {column + j, column + j + 1, i, i + 1, i + 2, i + 3};
      const uint64_t *planes[12];
      for (int k = 0; k < 6; k++) {
        planes[k] = active + places[k] * words;
        planes[6 + k] = negative + places[k] * words;
      }
      block_avx512(planes, words, both + j * stride + i, against + j * stride + i, stride);
    }
    agreement_plain(active, negative, words, column + j, 2, i, n, stride, both + j * stride,
                    against + j * stride);
  }
  agreement_plain(active, negative, words, column + j, columns - j, first, n, stride,
                  both + j * stride, against + j * stride);
}

static int counts_wide_words(int level) {
  return keel_level_used(level) == KEEL_LEVEL_AVX512 && __builtin_cpu_supports("avx512vpopcntdq");
}
#endif

void keel_sign_planes(
  const double *x, size_t n, double scale, double center, double threshold,
  uint64_t *restrict active, uint64_t *restrict negative, int level) {
#if defined(__x86_64__)
  if (counts_wide_words(level)) {
    planes_avx512(x, n, scale, center, threshold, active, negative);
    return;
  }
  if (keel_level_used(level) != KEEL_LEVEL_BASELINE) {
    planes_avx2(x, n, scale, center, threshold, active, negative);
    return;
  }
#else
  (void)level;
#endif
  planes_plain(x, n, scale, center, threshold, active, negative);
}

/* Planes of so many rows stay in the cache while the columns pass over them. */
enum { ROWS = 16 };

void keel_sign_agreement(
  const uint64_t *restrict active, const uint64_t *restrict negative, size_t words, size_t n,
  size_t first, size_t count, uint32_t *restrict both, uint32_t *restrict against, int level) {
  for (size_t start = first; start < n; start += ROWS) {
    size_t end = n - start < ROWS ? n : start + ROWS;
#if defined(__x86_64__)
    if (counts_wide_words(level)) {
      agreement_avx512(
        active, negative, words, first, count, start, end, n, both, against);
      continue;
    }
    if (keel_level_used(level) != KEEL_LEVEL_BASELINE) {
      agreement_avx2(active, negative, words, first, count, start, end, n, both, against);
      continue;
    }
#else
    (void)level;
#endif
    agreement_plain(active, negative, words, first, count, start, end, n, both, against);
  }
}
