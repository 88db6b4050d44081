/* Runs every kernel at every level that the processor has and compares the levels.

   The AVX-512 and the AVX2 bodies are one source with the same operations, so an element's result
   must be the same to the bit at both, for every length and place; sums whose order depends on the
   width of a vector agree to a bound on the rounding of any order. Every array ends where a
   protected page begins, and unwritten numbers stand before it and between its columns, so that a
   write out of range is seen and a read beyond the end stops the program.

   Prints for each kernel a digest of what each level wrote, to the bit ("digest") and to 45 bits
   ("coarse"), for comparing one machine with another, and how many numbers of two levels were
   compared and differ, were written out of range or left unwritten ("compare"). As the first
   process of a system it turns the machine off at the end. Scripts/emulate-avx512 does so. */
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/reboot.h>
#include <termios.h>
#include <unistd.h>

#include "CKeelKernels.h"

enum { LEVELS = 4, LONGEST = 1000, LARGE = 20000, SLOTS = 40, BEFORE = 64, SHOWN = 5 };

static const char *const level_names[LEVELS] = {"", "baseline", "avx2", "avx512"};

static uint64_t bits_of(double x) {
  uint64_t b;
  memcpy(&b, &x, sizeof b);
  return b;
}

static double value_of(uint64_t b) {
  double x;
  memcpy(&x, &b, sizeof x);
  return x;
}

/* Random numbers */

static uint64_t state;

/* G. L. Steele, D. Lea, C. H. Flood, "Fast splittable pseudorandom number generators" (2014). */
static uint64_t next_bits(void) {
  uint64_t z = state += 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

static double uniform(double low, double high) {
  return low + (high - low) * ((double)(next_bits() >> 11) * 0x1p-53);
}

/* Spread over magnitudes from 2^low to 2^high; without the library's functions, whose bits depend
   on the processor. */
static double spread(double low, double high) {
  double exponent = uniform(low, high), whole = floor(exponent);
  return ldexp(1 + (exponent - whole), (int)whole);
}

static const double hostile_values[] = {
  0.0, -0.0, 0x1p-1074, -0x1p-1074, 0x0.fffffffffffffp-1022, -0x0.fffffffffffffp-1022, 0x1p-1022,
  -0x1p-1022, 0x1p-537, 0x1p-300, 1e-20, -1e-20, 0.425, 0.5, -0.5, 0x1.fffffffffffffp-1, 1.0,
  0x1.0000000000001p0, -1.0, -0x1.fffffffffffffp-1, -0x1.0000000000001p0, 2.0, -2.0, 3.0, 10.0,
  -10.0, 26.7, -26.7, 38.5, -38.6, 708.0, 709.8, -745.2, -746.0, 1e5, 0x1p31, -0x1p52, 0x1p53,
  1e100, -1e100, 0x1p300, 0x1p1000, 0x1.fffffffffffffp1023, -0x1.fffffffffffffp1023, INFINITY,
  -INFINITY, NAN, -NAN};

static double hostile(void) {
  return hostile_values[next_bits() % (sizeof hostile_values / sizeof *hostile_values)];
}

/* Kinds of numbers: of the range, spread over magnitudes, hostile half of the time, any bits. */
enum { ORDINARY, WINGS, HOSTILE, ANY_BITS, KINDS };

static double number(int kind, double low, double high) {
  switch (kind) {
    case WINGS: {
      double magnitude = spread(-60, 12);
      return low < 0 && (next_bits() & 1) ? -magnitude : magnitude;
    }
    case HOSTILE: return next_bits() & 1 ? hostile() : uniform(low, high);
    case ANY_BITS: return value_of(next_bits());
    default: return uniform(low, high);
  }
}

/* Guarded memory */

static double *ends[SLOTS];
static const size_t capacity = (size_t)1 << 19;

static void map_slots(void) {
  size_t page = (size_t)sysconf(_SC_PAGESIZE), bytes = capacity * sizeof(double);
  for (int k = 0; k < SLOTS; k++) {
    char *p = mmap(
      0, bytes + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED || mprotect(p + bytes, page, PROT_NONE) != 0) {
      perror("mmap");
      exit(2);
    }
    ends[k] = (double *)(p + bytes);
  }
}

#define UNWRITTEN 0x7ff4dead5eed0000u

/* n numbers before a protected page. */
static double *array(int slot, size_t n) { return ends[slot] - n; }

static double *unwritten_array(int slot, size_t n) {
  double *y = array(slot, n), mark = value_of(UNWRITTEN);
  for (size_t i = 0; i < n + BEFORE; i++) y[(ptrdiff_t)i - BEFORE] = mark;
  return y;
}

/* Tallies */

typedef struct {
  const char *name;
  uint64_t compared, different, stray, unwritten, digests[LEVELS], coarse_digests[LEVELS];
  double worst;
} tally;

static tally tallies[64];
static int tally_count;
static const char *current = "start";
static size_t current_length;

static tally *tally_of(const char *name) {
  current = name;
  for (int k = 0; k < tally_count; k++)
    if (strcmp(tallies[k].name, name) == 0) return &tallies[k];
  tally *t = &tallies[tally_count++];
  t->name = name;
  for (int k = 0; k < LEVELS; k++) t->digests[k] = t->coarse_digests[k] = 0xcbf29ce484222325u;
  return t;
}

/* A hash after another word; the multiplier is that of FNV-1a. */
static uint64_t hashed(uint64_t hash, uint64_t word) {
  hash = (hash ^ word) * 0x100000001b3u;
  return hash ^ (hash >> 29);
}

/* All that is not a number counts as the same. */
static uint64_t bits_for_digest(double x) {
  return x == x ? bits_of(x) : 0x7ff8000000000000u;
}

static void digest_bits(tally *t, int level, const double *y, size_t n) {
  for (size_t i = 0; i < n; i++)
    t->digests[level] = hashed(t->digests[level], bits_for_digest(y[i]));
}

static void digest_coarsely(tally *t, int level, const double *y, size_t n) {
  for (size_t i = 0; i < n; i++)
    t->coarse_digests[level] =
      hashed(t->coarse_digests[level], (bits_for_digest(y[i]) + 0x80) >> 8);
}

static void digest(tally *t, int level, const double *y, size_t n) {
  digest_bits(t, level, y, n);
  digest_coarsely(t, level, y, n);
}

/* Counts what was written before the array, and what was not written in it. */
static void check_writes(tally *t, const double *y, size_t n) {
  for (ptrdiff_t i = -BEFORE; i < 0; i++) t->stray += bits_of(y[i]) != UNWRITTEN;
  for (size_t i = 0; i < n; i++) t->unwritten += bits_of(y[i]) == UNWRITTEN;
}

static int has_avx512(void) { return keel_level_used(KEEL_LEVEL_AVX512) == KEEL_LEVEL_AVX512; }
static int last_level(void) { return has_avx512() ? KEEL_LEVEL_AVX512 : KEEL_LEVEL_AVX2; }

static void compare(tally *t, const double *a, const double *b, size_t n) {
  for (size_t i = 0; i < n; i++) {
    int same = bits_of(a[i]) == bits_of(b[i]) || (a[i] != a[i] && b[i] != b[i]);
    t->compared++;
    if (same) continue;
    if (t->different++ < SHOWN)
      printf("differs %s element %zu of %zu: avx2 %a avx512 %a\n", t->name, i, n, a[i], b[i]);
  }
}

/* The same for sums: each within its bound of the other. */
static void compare_sums(
  tally *t, const double *a, const double *b, const double *bounds, size_t n) {
  for (size_t i = 0; i < n; i++) {
    double bound = bounds[i], error = fabs(a[i] - b[i]);
    t->compared++;
    if (!(bound < 1e300)) {
      t->different += isfinite(a[i]) != isfinite(b[i]);
      continue;
    }
    if (error <= bound) {
      if (bound > 0 && error / bound > t->worst) t->worst = error / bound;
      continue;
    }
    if (t->different++ < SHOWN)
      printf("differs %s element %zu of %zu: avx2 %a avx512 %a\n", t->name, i, n, a[i], b[i]);
  }
}

/* The outputs of the levels are slots 1, 2 and 3. */
static void finish(tally *t, size_t n) {
  for (int level = 1; level <= last_level(); level++) {
    check_writes(t, array(level, n), n);
    digest(t, level, array(level, n), n);
  }
  if (has_avx512()) compare(t, array(KEEL_LEVEL_AVX2, n), array(KEEL_LEVEL_AVX512, n), n);
}

#define EACH_LEVEL(level, t, n)                                                                    \
  current_length = n;                                                                              \
  for (int level = 1; level <= last_level(); level++)

/* Lengths: 0 ... 40, 1000, and a large one where asked for. */
enum { LENGTHS = 43 };
static size_t length_of(int k) { return k <= 40 ? (size_t)k : k == 41 ? LONGEST : LARGE; }

/* One variable */

typedef void map(const double *restrict, double *restrict, size_t, int);

static void run_map(const char *name, map *f, double low, double high) {
  tally *t = tally_of(name);
  for (int kind = 0; kind < KINDS; kind++)
    for (int k = 0; k < LENGTHS; k++) {
      size_t n = length_of(k);
      double *x = array(4, n);
      for (size_t i = 0; i < n; i++) x[i] = number(kind, low, high);
      EACH_LEVEL(level, t, n) f(x, unwritten_array(level, n), n, level);
      finish(t, n);
    }
}

/* Every pair of hostile values side by side, so that each meets each branch that is skipped. */
static void run_hostile_map(const char *name, map *f) {
  tally *t = tally_of(name);
  size_t count = sizeof hostile_values / sizeof *hostile_values;
  for (size_t a = 0; a < count; a++) {
    size_t n = 2 * count;
    double *x = array(4, n);
    for (size_t b = 0; b < n; b++) x[b] = b % 2 ? hostile_values[a] : hostile_values[b / 2];
    EACH_LEVEL(level, t, n) f(x, unwritten_array(level, n), n, level);
    finish(t, n);
  }
}

static void run_maps(void) {
  static const struct {
    const char *name;
    map *f;
    double low, high;
  } maps[] = {
    {"exp", keel_exp, -750, 715}, {"log", keel_log, 0, 10}, {"erf", keel_erf, -6, 6},
    {"erfc", keel_erfc, -6, 28}, {"scaled_erfc", keel_scaled_erfc, -28, 100},
    {"normal_pdf", keel_normal_pdf, -40, 40}, {"normal_cdf", keel_normal_cdf, -40, 9},
    {"normal_survival", keel_normal_survival, -9, 40},
    {"normal_quantile", keel_normal_quantile, 0, 1}, {"log_gamma", keel_log_gamma, -20, 40},
    {"digamma", keel_digamma, -20, 40}};
  for (size_t k = 0; k < sizeof maps / sizeof *maps; k++) {
    run_map(maps[k].name, maps[k].f, maps[k].low, maps[k].high);
    run_hostile_map(maps[k].name, maps[k].f);
  }
}

/* Several variables */

/* A parameter and a point near it, in a tail, or anywhere. */
static double parameter(int kind) {
  return kind == ORDINARY ? spread(-6, 12) : number(kind, 0, 50);
}

static void run_incomplete(void) {
  static const char *const names[] = {
    "regularized_gamma", "regularized_beta", "inverse_gamma", "inverse_beta"};
  for (int f = 0; f < 4; f++) {
    tally *t = tally_of(names[f]);
    int is_beta = f & 1, is_inverse = f >= 2;
    for (int variant = 0; variant < 4 * KINDS; variant++)
      for (int k = 0; k < LENGTHS - 1; k++) {
        int kind = variant / 4, is_upper = variant & 1;
        size_t n = length_of(k), step = variant >> 1 & 1, count = step ? n : 1;
        double *a = array(4, count), *b = array(5, count), *x = array(6, n);
        for (size_t i = 0; i < count; i++) {
          a[i] = parameter(kind);
          b[i] = parameter(kind);
        }
        for (size_t i = 0; i < n; i++) {
          double p = a[step * i], q = b[step * i];
          double mean = is_beta ? p / (p + q) : p;
          double point = mean * spread(-2, 2);
          x[i] = is_inverse || is_beta ? number(kind, 0, 1) : number(kind, 0, 100);
          if (is_inverse && (next_bits() & 1)) x[i] = spread(-1000, 0);
          if (!is_inverse && (next_bits() & 1)) x[i] = point;
        }
        EACH_LEVEL(level, t, n) {
          double *y = unwritten_array(level, n);
          switch (f) {
            case 0: keel_regularized_gamma(a, step, x, y, n, is_upper, level); break;
            case 1: keel_regularized_beta(a, b, step, x, y, n, is_upper, level); break;
            case 2: keel_inverse_gamma(a, step, x, y, n, is_upper, level); break;
            default: keel_inverse_beta(a, b, step, x, y, n, is_upper, level);
          }
        }
        finish(t, n);
      }
  }
}

/* Random numbers: the same at every level, the baseline too. */
static void run_random(void) {
  static const uint64_t starts[] = {0, 1, 2, 7, 31, 0xffffffffu, 0x1ffffffffu, 0x7ffffffffffffff0u};
  for (int f = 0; f < 2; f++) {
    tally *t = tally_of(f ? "fill_normal" : "fill_uniform");
    for (int s = 0; s < 8; s++)
      for (int k = 0; k < LENGTHS; k++) {
        size_t n = length_of(k);
        uint64_t seed = next_bits(), stream = next_bits();
        EACH_LEVEL(level, t, n) {
          double *y = unwritten_array(level, n);
          if (f) keel_fill_normal(seed, stream, starts[s], y, n, level);
          else keel_fill_uniform(seed, stream, starts[s], y, n, level);
        }
        finish(t, n);
        compare(t, array(KEEL_LEVEL_AVX2, n), array(KEEL_LEVEL_BASELINE, n), n);
      }
  }
}

/* Sums */

/* Magnitudes whose products neither overflow nor vanish, with what is not finite. */
static double factor(int kind) {
  if (kind == HOSTILE && next_bits() % 16 == 0) return next_bits() & 1 ? INFINITY : NAN;
  if (kind == HOSTILE && next_bits() % 4 == 0) return next_bits() & 1 ? 0.0 : -0.0;
  double size = kind == ORDINARY ? 1 : spread(-400, 400);
  return size * uniform(-1, 1);
}

static double bound_of(double magnitudes, size_t terms) {
  return (double)(terms + 4) * 0x1p-52 * magnitudes + (double)(terms + 4) * 0x1p-1074;
}

static void finish_sums(tally *t, const double *bounds, size_t n) {
  for (int level = 1; level <= last_level(); level++) {
    check_writes(t, array(level, n), n);
    digest(t, level, array(level, n), n);
  }
  if (has_avx512())
    compare_sums(t, array(KEEL_LEVEL_AVX2, n), array(KEEL_LEVEL_AVX512, n), bounds, n);
}

static void run_dot(int kind, size_t n) {
  tally *t = tally_of("dot");
  double *x = array(4, n), *y = array(5, n), magnitudes = 0;
  for (size_t i = 0; i < n; i++) {
    x[i] = factor(kind);
    y[i] = factor(kind);
    magnitudes += fabs(x[i] * y[i]);
  }
  double bound = bound_of(magnitudes, n);
  EACH_LEVEL(level, t, n) *unwritten_array(level, 1) = keel_dot(x, y, n, level);
  finish_sums(t, &bound, 1);
}

static void run_axpy(int kind, size_t n) {
  tally *t = tally_of("axpy");
  double *x = array(4, n), *y = array(5, n), *bounds = array(7, n), f = factor(kind);
  for (size_t i = 0; i < n; i++) {
    x[i] = factor(kind);
    y[i] = factor(kind);
    bounds[i] = bound_of(fabs(f * x[i]) + fabs(y[i]), 1);
  }
  EACH_LEVEL(level, t, n) {
    double *z = unwritten_array(level, n);
    memcpy(z, y, n * sizeof *z);
    keel_axpy(f, x, z, n, level);
  }
  finish_sums(t, bounds, n);
}

static void run_symmetric_product(int kind, size_t n) {
  tally *t = tally_of("symmetric_product");
  if (n > 150) n = 150;
  double *a = array(4, n * n), *x = array(5, n), *bounds = array(7, n);
  for (size_t i = 0; i < n * n; i++) a[i] = factor(kind);
  for (size_t i = 0; i < n; i++) x[i] = factor(kind);
  for (size_t i = 0; i < n; i++) {
    double magnitudes = 0;
    for (size_t j = 0; j < n; j++)
      magnitudes += fabs((i > j ? a[i + j * n] : a[j + i * n]) * x[j]);
    bounds[i] = bound_of(magnitudes, n);
  }
  EACH_LEVEL(level, t, n) keel_symmetric_product(a, n, x, unwritten_array(level, n), level);
  finish_sums(t, bounds, n);
}

/* The sums are the same to the bit; those of magnitudes have unfused ends. */
static void run_combine_columns(int kind, size_t n) {
  enum { COLUMNS = 19 };
  tally *sums = tally_of("combine_columns"), *sizes = tally_of("combine_columns_magnitudes");
  size_t leading = n + 3;
  for (size_t count = 0; count <= COLUMNS; count += count < 9 ? 1 : 5) {
    double *a = array(4, leading * COLUMNS + n), factors[COLUMNS];
    double *bounds = array(7, n), *start = array(8, n);
    ptrdiff_t columns[COLUMNS];
    for (size_t i = 0; i < leading * COLUMNS + n; i++) a[i] = factor(kind);
    for (size_t k = 0; k < count; k++) {
      columns[k] = (ptrdiff_t)(next_bits() % (COLUMNS + 1));
      factors[k] = factor(kind);
    }
    for (size_t i = 0; i < n; i++) {
      start[i] = fabs(factor(kind));
      double magnitudes = start[i];
      for (size_t k = 0; k < count; k++)
        magnitudes += fabs(factors[k] * a[i + (size_t)columns[k] * leading]);
      bounds[i] = bound_of(magnitudes, count);
    }
    for (int has_sizes = 0; has_sizes < 2; has_sizes++) {
      EACH_LEVEL(level, sums, n) {
        double *y = unwritten_array(level, n), *z = unwritten_array(8 + level, n);
        memcpy(y, start, n * sizeof *y);
        memcpy(z, start, n * sizeof *z);
        keel_combine_columns(
          a, leading, n, columns, factors, count, y, has_sizes ? z : 0, level);
      }
      finish(sums, n);
      for (int level = 1; level <= last_level(); level++)
        memcpy(unwritten_array(level, n), array(8 + level, n), n * sizeof(double));
      finish_sums(sizes, bounds, n);
    }
  }
}

/* Sums over columns for each row, onto what is there, and centered rows: the latter exact at every level. */
static void run_rows(int kind, size_t n) {
  enum { COLUMNS = 6, SUMS = 6 };
  tally *sums = tally_of("row_sums"), *weighted = tally_of("weighted");
  size_t leading = n + 3, numbers = SUMS * leading, starts[COLUMNS];
  double *x = array(4, leading * COLUMNS + n), means[COLUMNS], factors[3 * COLUMNS];
  double *start = array(5, numbers), *bounds = array(7, numbers), *weights = array(6, n);
  for (size_t i = 0; i < leading * COLUMNS + n; i++) x[i] = factor(kind);
  for (size_t i = 0; i < numbers; i++) start[i] = factor(kind);
  for (size_t i = 0; i < n; i++) weights[i] = factor(kind);
  for (size_t k = 0; k < COLUMNS; k++) {
    starts[k] = (next_bits() % COLUMNS) * leading + k % 2;
    means[k] = factor(kind);
    for (size_t m = 0; m < 3; m++) factors[3 * k + m] = factor(kind);
  }
  for (size_t columns = 1; columns <= COLUMNS; columns++) {
    for (size_t i = 0; i < numbers; i++) {
      size_t term = i / leading, row = i % leading;
      double magnitudes = fabs(start[i]);
      for (size_t k = 0; row < n && k < columns; k++) {
        /* The rounding of y counts by the size of what it is made of. */
        double y = fabs(x[starts[k] + row] * 0.5) + fabs(means[k]);
        const double terms[SUMS] = {
          y, fabs(factors[3 * k]) * y, y * y, fabs(factors[3 * k + 1]) * (y * y),
          fabs(factors[3 * k + 2]) * (y * y * y), (y * y) * (y * y)};
        magnitudes += terms[term];
      }
      bounds[i] = bound_of(magnitudes, columns + 4);
    }
    EACH_LEVEL(level, sums, n) {
      double *y = unwritten_array(level, numbers);
      memcpy(y, start, numbers * sizeof *y);
      keel_row_sums(x, starts, columns, n, 0.5, means, factors, y, leading, level);
    }
    finish_sums(sums, bounds, numbers);
  }
  EACH_LEVEL(level, weighted, n)
    keel_weighted(
      x, n, 0.5, means[0], kind ? 0.25 : __builtin_inf(), weights, x + leading,
      unwritten_array(level, n), level);
  finish(weighted, n);
  compare(weighted, array(KEEL_LEVEL_AVX2, n), array(KEEL_LEVEL_BASELINE, n), n);
}

static void run_products(void) {
  for (int kind = 0; kind <= HOSTILE; kind++)
    for (int k = 0; k < LENGTHS - 1; k++) {
      run_dot(kind, length_of(k));
      run_axpy(kind, length_of(k));
      run_symmetric_product(kind, length_of(k));
      run_combine_columns(kind, length_of(k));
      run_rows(kind, length_of(k));
    }
}

/* Clustering: rounded in one order at every level. */

static void run_correlation_gap(int kind, size_t n) {
  tally *t = tally_of("correlation_gap");
  double *a = array(4, n), *scales = array(5, n), *factors = array(6, n);
  for (size_t i = 0; i < n; i++) {
    a[i] = number(kind, -1, 1);
    scales[i] = ldexp(1, (int)(next_bits() % 100) - 50);
    factors[i] = number(kind, 0, 1);
  }
  EACH_LEVEL(level, t, n + 1) {
    double *y = unwritten_array(level, n + 1);
    y[n] = 0;
    double least = keel_correlation_gap(a, scales, factors, 0.25, 1.7, y, n, level);
    y[n] = least;
  }
  finish(t, n + 1);
}

static void run_lower_tagged(int kind, size_t n) {
  tally *t = tally_of("lower_tagged");
  double *x = array(4, n), *start = array(5, n);
  for (size_t i = 0; i < n; i++) {
    start[i] = number(kind, -1, 1);
    x[i] = next_bits() % 64 ? number(kind, -1, 1) : start[i];
  }
  EACH_LEVEL(level, t, n) {
    /* y, tags, the least and whether there are ties. */
    double *all = unwritten_array(level, 2 * n + 2), *y = array(9, n), *tags = array(10, n);
    int ties = -1;
    memcpy(y, start, n * sizeof *y);
    for (size_t i = 0; i < n; i++) tags[i] = -1;
    all[2 * n] = keel_lower_tagged(x, 7, y, tags, n, &ties, level);
    all[2 * n + 1] = ties;
    memcpy(all, y, n * sizeof *y);
    memcpy(all + n, tags, n * sizeof *y);
  }
  finish(t, 2 * n + 2);
}

static void run_first_equal(int kind, size_t n) {
  tally *t = tally_of("first_equal");
  double *x = array(4, n);
  for (size_t i = 0; i < n; i++) x[i] = number(kind, 0, 1);
  for (int trial = 0; trial < 8; trial++) {
    size_t start = n ? next_bits() % (n + 1) : 0;
    double wanted = trial && n ? x[next_bits() % n] : 2.5;
    EACH_LEVEL(level, t, n)
      *unwritten_array(level, 1) = (double)keel_first_equal(x, n, start, wanted, level);
    finish(t, 1);
  }
}

static void run_clustering(void) {
  for (int kind = 0; kind < KINDS; kind++)
    for (int k = 0; k < LENGTHS; k++) {
      run_correlation_gap(kind, length_of(k));
      run_lower_tagged(kind, length_of(k));
      run_first_equal(kind, length_of(k));
    }
}

/* Options */

typedef struct {
  keel_option_columns columns;
  double *inputs[KEEL_INPUT_COUNT];
  uint8_t *kinds;
} quotes;

/* n options from option `first` on; a bit of `shared` set means one value for all. */
static quotes quotes_of(int kind, size_t first, size_t n, unsigned shared) {
  static const double lows[] = {50, 50, 0.01, 0.05, -0.05, -0.03};
  static const double highs[] = {150, 150, 3, 0.9, 0.1, 0.08};
  quotes q;
  for (int k = 0; k < KEEL_INPUT_COUNT; k++) {
    int is_shared = shared >> k & 1;
    size_t count = is_shared ? 1 : first + n;
    q.inputs[k] = array(12 + k, count);
    q.columns.inputs[k] = q.inputs[k];
    q.columns.steps[k] = !is_shared;
    for (size_t i = 0; i < count; i++) {
      double x = uniform(lows[k], highs[k]);
      if (kind == WINGS && k <= KEEL_INPUT_VOLATILITY) x *= spread(-8, 8);
      if (kind == WINGS && k > KEEL_INPUT_VOLATILITY) x *= uniform(-10, 10);
      if (kind == HOSTILE && next_bits() % 8 == 0) x = hostile();
      if (kind == ANY_BITS && next_bits() % 4 == 0) x = value_of(next_bits());
      q.inputs[k][i] = x;
    }
    if (k > KEEL_INPUT_VOLATILITY && shared >> (k + 4) & 1)
      for (size_t i = 0; i < count; i++) q.inputs[k][i] = 0;
  }
  int is_shared = shared >> 6 & 1;
  size_t count = is_shared ? 1 : first + n;
  q.kinds = (uint8_t *)ends[18] - count;
  for (size_t i = 0; i < count; i++) q.kinds[i] = (uint8_t)(next_bits() & 1);
  q.columns.kinds = q.kinds;
  q.columns.kind_step = !is_shared;
  return q;
}

static void check_gaps(
  tally *t, const double *y, size_t leading, size_t first, size_t n, int count) {
  for (int k = 0; k < count; k++)
    for (size_t i = 0; i < leading; i++) {
      int is_output = i >= first && i < first + n;
      int is_written = bits_of(y[(size_t)k * leading + i]) != UNWRITTEN;
      if (is_written && !is_output) t->stray++;
      if (!is_written && is_output) t->unwritten++;
    }
}

static void run_black(const quotes *q, int outputs, size_t first, size_t n) {
  tally *t =
    tally_of(outputs == 1 ? "black_price" : outputs == 7 ? "black_greeks" : "black_all_greeks");
  size_t leading = first + n + 3, total = leading * (size_t)outputs;
  EACH_LEVEL(level, t, n) {
    double *y = unwritten_array(level, total);
    double left =
      (double)keel_black_scholes(&q->columns, outputs, y, leading, first, n, level);
    check_gaps(t, y, leading, first, n, outputs);
    /* Derivatives that are differences have fewer than 45 bits; the price is the first column. */
    digest_bits(t, level, y, total);
    digest_coarsely(t, level, y, leading);
    digest(t, level, &left, 1);
    array(8 + level, 1)[0] = left;
  }
  for (int level = 1; level <= last_level(); level++)
    for (ptrdiff_t i = -BEFORE; i < 0; i++)
      t->stray += bits_of(array(level, total)[i]) != UNWRITTEN;
  if (!has_avx512()) return;
  for (int k = 0; k < outputs; k++) {
    size_t place = (size_t)k * leading + first;
    compare(
      t, array(KEEL_LEVEL_AVX2, total) + place, array(KEEL_LEVEL_AVX512, total) + place, n);
  }
  compare(t, array(8 + KEEL_LEVEL_AVX2, 1), array(8 + KEEL_LEVEL_AVX512, 1), 1);
}

static void run_implied(const quotes *q, size_t first, size_t n) {
  tally *t = tally_of("implied_volatility");
  EACH_LEVEL(level, t, n) {
    /* Volatilities, outcomes and the count of those left. */
    double *all = unwritten_array(level, 2 * n + 1), *y = unwritten_array(8 + level, first + n);
    uint8_t *outcomes = (uint8_t *)ends[19] - (first + n);
    memset(outcomes - 8, 77, first + n + 8);
    all[2 * n] =
      (double)keel_implied_volatility(&q->columns, y, outcomes, first, n, level);
    for (ptrdiff_t i = -8; i < (ptrdiff_t)first; i++) t->stray += outcomes[i] != 77;
    for (ptrdiff_t i = -BEFORE; i < (ptrdiff_t)first; i++) t->stray += bits_of(y[i]) != UNWRITTEN;
    memcpy(all, y + first, n * sizeof *y);
    for (size_t i = 0; i < n; i++) all[n + i] = outcomes[first + i];
    for (size_t i = 0; i < n; i++) t->unwritten += outcomes[first + i] == 77;
  }
  finish(t, 2 * n + 1);
}

/* One option a call: to the bit what the column has. */
static void run_single(const quotes *q, size_t first, size_t n) {
  tally *t = tally_of("single_implied_volatility");
  EACH_LEVEL(level, t, n) {
    double *y = unwritten_array(level, n), *column = array(9, first + n);
    uint8_t *outcomes = (uint8_t *)ends[19] - (first + n);
    keel_implied_volatility(&q->columns, column, outcomes, first, n, level);
    for (size_t i = 0; i < n; i++) {
      double x[KEEL_INPUT_COUNT];
      for (int k = 0; k < KEEL_INPUT_COUNT; k++)
        x[k] = q->inputs[k][q->columns.steps[k] * (first + i)];
      keel_implied single = keel_single_implied_volatility(
        q->kinds[q->columns.kind_step * (first + i)], x[0], x[1], x[2], x[3], x[4], x[5], level);
      y[i] = single.volatility;
    }
    compare(t, column + first, y, n);
  }
  finish(t, n);
}

/* Replaces most volatilities by prices. */
static void set_prices(quotes *q, size_t first, size_t n) {
  if (!q->columns.steps[KEEL_INPUT_VOLATILITY]) return;
  double *y = array(20, first + n);
  keel_black_scholes(&q->columns, 1, y, first + n, first, n, KEEL_LEVEL_BASELINE);
  for (size_t i = first; i < first + n; i++)
    if (next_bits() % 16) q->inputs[KEEL_INPUT_VOLATILITY][i] = y[i];
}

static void run_options(void) {
  for (int kind = 0; kind < KINDS; kind++)
    for (int variant = 0; variant < 6; variant++)
      for (int k = 0; k < LENGTHS; k++) {
        /* Which inputs are shared: none, rate and carry (zero), all but the strike, at random. */
        static const unsigned patterns[] = {0, 0x330, 0x77, 0x40};
        unsigned shared = variant < 4 ? patterns[variant] : (unsigned)(next_bits() & 0x37f);
        if (variant == 2) shared &= ~(1u << KEEL_INPUT_STRIKE);
        size_t n = length_of(k), first = variant & 1 ? 5 : 0;
        quotes q = quotes_of(kind, first, n, shared);
        run_black(&q, 1, first, n);
        run_black(&q, 7, first, n);
        run_black(&q, KEEL_OUTPUT_COUNT, first, n);
        set_prices(&q, first, n);
        run_implied(&q, first, n);
        if (n <= LONGEST) run_single(&q, first, n);
      }
}

/* American options */

enum { NODES = 64, POINTS = 64, RULE = 1 << 17 };

/* cos(k pi / n) for a power of two n, by square roots and sums alone. */
static double cosine(int k, int n) {
  double root = -1, c = 1, before, next;
  for (int m = 1; m < n; m *= 2) root = sqrt((1 + root) / 2);
  before = root;
  for (int j = 0; j < k; j++) {
    next = 2 * root * c - before;
    before = c;
    c = next;
  }
  return c;
}

/* The tables of Keel's rules, but for points at the middle of equal angles. */
static keel_exercise_rule rule_of(int n, int points, int is_price, double *tables) {
  int padded = (n + 15) / 16 * 16, stride = (n + 16) / 16 * 16, columns = is_price ? 1 : n;
  int count = columns * points;
  double *positions = tables, *transform = positions + padded;
  double *places = transform + n * stride;
  for (int i = 0; i < padded; i++) positions[i] = (1 + cosine(i % n, n)) / 2;
  for (int i = 0; i < n; i++)
    for (int k = 0; k < stride; k++)
      transform[i * stride + k] = k > n
        ? 0
        : 2.0 / n * (i ? 1 : 0.5) * (k && k < n ? 1 : 0.5) * cosine(i * k % (2 * n), n);
  for (int j = 0; j < points; j++)
    for (int i = 0; i < columns; i++) {
      int k = j * columns + i;
      double x = is_price ? 1 : positions[i];
      double c = cosine(2 * j + 1, 4 * points), s = cosine(2 * (points - j) - 1, 4 * points);
      places[k] = 2 * x * sqrt(c) - 1;
      places[count + k] = x * x * s;
      places[2 * count + k] = 1 / (x * x * s);
      places[3 * count + k] = x * x * x * x * 2 * s * c * 1.5707963267948966 / points;
    }
  return (keel_exercise_rule){n, points, positions, transform, places, places + count,
                              places + 2 * count, places + 3 * count};
}

static keel_exercise exercise_of(int kind, int is_lower, int is_smooth) {
  keel_exercise e = {number(kind, 0.01, 0.1), number(kind, 0, 0.01), number(kind, 0.1, 0.6),
                     number(kind, 0.1, 3), -1, 0, 0, is_smooth, 0};
  if (is_lower) {
    e.rate = -number(kind, 0.005, 0.01);
    e.yield = e.rate * 2.718281828459045;
    e.log_limit = -1;
    e.sign = 1;
    e.power = 2;
  } else if (next_bits() & 1) {
    e.yield = e.rate * 2;
    e.log_limit = -0.6931471805599453;
    e.shift = -e.log_limit;
  }
  return e;
}

/* The levels add the points of few nodes in another order; what that rounds, an iteration of some
   steps makes no larger than a part of 1e-11. */
static void run_exercise_solve(int kind, int n, int points) {
  tally *t = tally_of("exercise_solve");
  int padded = (n + 15) / 16 * 16, stride = (n + 16) / 16 * 16;
  size_t total = (size_t)(padded + stride + 2);
  keel_exercise_rule rule = rule_of(n, points, 0, array(4, RULE));
  for (int trial = 0; trial < 12; trial++) {
    keel_exercise e = exercise_of(kind, trial % 3 == 2, trial & 1);
    keel_exercise_limits limits = {1, 1e-9, 1e-15, 0.5, 8};
    double bounds[200];
    EACH_LEVEL(level, t, (size_t)n) {
      /* y, the coefficients, the change and the steps. */
      double *all = unwritten_array(level, total), *scratch = unwritten_array(
        8, (size_t)(2 * n * points + 5 * padded));
      for (int i = 0; i < padded; i++)
        all[i] = e.sign * 0.3 * rule.positions[i] * rule.positions[i];
      all[total - 1] = keel_exercise_solve(
        &rule, &e, &limits, scratch, all, all + padded, all + padded + stride, level);
      for (ptrdiff_t i = -BEFORE; i < 0; i++) t->stray += bits_of(scratch[i]) != UNWRITTEN;
    }
    for (size_t i = 0; i < total; i++) bounds[i] = 1e-11;
    for (int level = 1; level <= last_level(); level++) {
      check_writes(t, array(level, total), total);
      digest_bits(t, level, array(level, total), total);
    }
    if (has_avx512() && kind == ORDINARY)
      compare_sums(
        t, array(KEEL_LEVEL_AVX2, total), array(KEEL_LEVEL_AVX512, total), bounds, total);
  }
}

static void run_exercise_premium(int kind, int n, int points) {
  tally *t = tally_of("exercise_premium");
  keel_exercise_rule rule = rule_of(n, points, 1, array(4, RULE));
  double *c = array(5, (size_t)(n + 16) / 16 * 16);
  for (int k = 0; k < (n + 16) / 16 * 16; k++) c[k] = k > n ? 0 : spread(-2 * k - 4, -2 * k - 3);
  for (int trial = 0; trial < 12; trial++) {
    keel_exercise e = exercise_of(kind, trial % 3 == 2, 1);
    double spot = number(kind, 0.5, 1.5), log_spot = number(kind, 0, 1);
    double bounds[3] = {1e-12, 1e-12, 1e-12};
    EACH_LEVEL(level, t, (size_t)n)
      keel_exercise_premium(
        &rule, &e, c, log_spot, spot, trial & 1 ? 0 : 0.1, unwritten_array(level, 3), level);
    for (int level = 1; level <= last_level(); level++) {
      check_writes(t, array(level, 3), 3);
      digest_bits(t, level, array(level, 3), 3);
    }
    if (has_avx512() && kind == ORDINARY)
      compare_sums(t, array(KEEL_LEVEL_AVX2, 3), array(KEEL_LEVEL_AVX512, 3), bounds, 3);
  }
}

/* The same operations for each node at every level with fused operations. */
static void run_lattice(int kind, size_t steps) {
  tally *t = tally_of("lattice");
  size_t n = steps + 33;
  double *ratios = array(4, n), up = number(kind, 0.4, 0.6), base = number(kind, 0.5, 1);
  for (size_t j = 0; j < n; j++) ratios[j] = number(kind, 0.5, 2);
  for (int trial = 0; trial < 4; trial++) {
    double down = number(kind, 0.4, 0.5), growth = number(kind, 0.9, 1.1);
    EACH_LEVEL(level, t, steps) {
      double *y = unwritten_array(level, 1), *v = unwritten_array(8, n);
      *y = keel_lattice(v, ratios, steps, trial & 1 ? 1 : -1, 1, base, growth, up, down, level);
      for (ptrdiff_t i = -BEFORE; i < 0; i++) t->stray += bits_of(v[i]) != UNWRITTEN;
    }
    finish(t, 1);
  }
}

static void run_american(void) {
  for (int kind = 0; kind < KINDS; kind++) {
    for (int n = 8; n <= NODES; n *= 2)
      for (int points = 8; points <= POINTS; points *= 2) {
        run_exercise_solve(kind, n, points);
        if (points > 8) run_exercise_premium(kind, n, points);
      }
    for (int k = 1; k < LENGTHS - 1; k++) run_lattice(kind, length_of(k));
  }
}

/* Moments of Heston: the same operations for each order at every level with fused operations. */
static void run_heston(void) {
  tally *t = tally_of("heston_moments");
  for (int kind = 0; kind < KINDS; kind++)
    for (size_t n = 16; n <= 64; n += 16)
      for (int trial = 0; trial < 12; trial++) {
        keel_heston model = {
          number(kind, 0, 0.5), trial % 4 ? number(kind, 0, 5) : 0, number(kind, 0, 0.5),
          number(kind, -1, 1), number(kind, 0, 2), number(kind, 0.01, 2)};
        double *x = array(4, n), *y = array(5, n);
        for (size_t i = 0; i < n; i++) {
          x[i] = number(kind, -3, 3);
          y[i] = number(kind, -200, 200);
        }
        EACH_LEVEL(level, t, n)
          keel_heston_moments(&model, x, y, n, unwritten_array(level, 2 * n), level);
        finish(t, 2 * n);
        /* Without fused operations cancellations end otherwise. */
        if (kind != ORDINARY) continue;
        const double *moments = array(KEEL_LEVEL_AVX2, 2 * n);
        double bounds[128];
        for (size_t i = 0; i < 2 * n; i++)
          bounds[i] = 1e-13 * (1 + fabs(moments[i % n]) + fabs(moments[n + i % n]));
        compare_sums(t, moments, array(KEEL_LEVEL_BASELINE, 2 * n), bounds, 2 * n);
      }
}

/* Digests of bytes: exact at every level. */
static void run_sha256(void) {
  tally *t = tally_of("sha256_compress");
  for (size_t blocks = 0; blocks <= 20; blocks++) {
    uint64_t *words = (uint64_t *)ends[4] - 8 * blocks;
    for (size_t i = 0; i < 8 * blocks; i++) words[i] = next_bits();
    EACH_LEVEL(level, t, blocks) {
      double *y = unwritten_array(level, 8);
      uint32_t sums[8] = {1, 2, 3, 4, 5, 6, 7, 8};
      keel_sha256_compress(sums, (const uint8_t *)words, blocks, level);
      for (int k = 0; k < 8; k++) y[k] = sums[k];
    }
    finish(t, 8);
    compare(t, array(KEEL_LEVEL_AVX2, 8), array(KEEL_LEVEL_BASELINE, 8), 8);
  }
}

/* Signs of moves and their agreement: exact at every level. */
static void run_sign_planes(void) {
  tally *t = tally_of("sign_planes");
  for (int kind = 0; kind < KINDS; kind++)
    for (int k = 0; k < LENGTHS; k++) {
      size_t n = length_of(k), words = (n + 63) / 64;
      double *x = array(4, n), center = kind == ORDINARY ? uniform(-1, 1) : 0;
      for (size_t i = 0; i < n; i++) x[i] = number(kind, -3, 3);
      if (n > 7) x[7] = 0.5;
      EACH_LEVEL(level, t, n) {
        double *y = unwritten_array(level, 2 * words);
        keel_sign_planes(
          x, n, k & 1 ? 1 : 2, center, 0.5, (uint64_t *)y, (uint64_t *)y + words, level);
      }
      finish(t, 2 * words);
      compare(t, array(KEEL_LEVEL_AVX2, 2 * words), array(KEEL_LEVEL_BASELINE, 2 * words), 2 * words);
    }
  t = tally_of("sign_agreement");
  for (size_t n = 1; n <= 40; n += 3)
    for (size_t words = 0; words <= 24; words += 8) {
      uint64_t *active = (uint64_t *)array(4, n * words);
      uint64_t *negative = (uint64_t *)array(5, n * words);
      for (size_t i = 0; i < n * words; i++) {
        active[i] = next_bits();
        negative[i] = active[i] & next_bits();
      }
      for (size_t first = 0; first < n; first += 5) {
        size_t count = n - first < 3 ? n - first : 3, numbers = 2 * count * n;
        EACH_LEVEL(level, t, n) {
          double *y = unwritten_array(level, numbers);
          uint32_t *both = (uint32_t *)array(6, count * n), *against = both + count * n;
          memset(both, 0, 2 * count * n * sizeof *both);
          keel_sign_agreement(
            active, negative, words, n, first, count, both, against, level);
          for (size_t i = 0; i < numbers; i++) y[i] = both[i];
        }
        finish(t, numbers);
        compare(t, array(KEEL_LEVEL_AVX2, numbers), array(KEEL_LEVEL_BASELINE, numbers), numbers);
      }
    }
}

static void stop(int code) {
  fflush(stdout);
  if (getpid() == 1) {
    /* What the serial line has not sent is lost. */
    tcdrain(STDOUT_FILENO);
    sleep(1);
    reboot(RB_POWER_OFF);
  }
  _exit(code);
}

static void stop_at_signal(int signal) {
  printf("result signal %d in %s at length %zu\n", signal, current, current_length);
  stop(1);
}

int main(void) {
  setvbuf(stdout, 0, _IOLBF, 0);
  signal(SIGSEGV, stop_at_signal);
  signal(SIGILL, stop_at_signal);
  signal(SIGFPE, stop_at_signal);
  printf("level %s\n", level_names[keel_level_used(KEEL_LEVEL_AUTOMATIC)]);
  if (last_level() == KEEL_LEVEL_AVX2 && keel_level_used(KEEL_LEVEL_AVX2) != KEEL_LEVEL_AVX2) {
    printf("result no level above the baseline\n");
    stop(1);
  }
  map_slots();
  void (*const parts[])(void) = {run_maps, run_incomplete, run_random, run_products,
                                 run_clustering, run_options, run_american, run_heston, run_sha256,
                                 run_sign_planes};
  for (size_t k = 0; k < sizeof parts / sizeof *parts; k++) {
    state = k;
    parts[k]();
    printf("part %zu done\n", k + 1);
  }
  uint64_t compared = 0, faults = 0;
  for (int k = 0; k < tally_count; k++) {
    tally *t = &tallies[k];
    for (int level = 1; level <= last_level(); level++)
      printf("digest %s %s %016llx\ncoarse %s %s %016llx\n", level_names[level], t->name,
             (unsigned long long)t->digests[level], level_names[level], t->name,
             (unsigned long long)t->coarse_digests[level]);
    printf("compare %s numbers %llu different %llu stray %llu unwritten %llu worst %.3f\n", t->name,
           (unsigned long long)t->compared, (unsigned long long)t->different,
           (unsigned long long)t->stray, (unsigned long long)t->unwritten, t->worst);
    compared += t->compared;
    faults += t->different + t->stray + t->unwritten;
  }
  printf("result %s: %llu numbers compared, %llu faults\n", faults ? "bad" : "good",
         (unsigned long long)compared, (unsigned long long)faults);
  stop(faults ? 1 : 0);
}
