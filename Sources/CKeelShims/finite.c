// Finiteness at memory speed.
//
// Goals: one pass that copies, finds NaN and infinities, and finds the largest magnitude. The bits
// of |x| order like unsigned integers, and every NaN and infinity lies at or above the bits of
// infinity, so a maximum over bits answers both questions. SSE2 has no 64-bit integer maximum;
// the form below uses a floating-point maximum (which may drop a NaN) for the magnitude, and a sum
// of x * 0, which is NaN exactly when a NaN or an infinity went in. Four lanes of two keep the
// adders busy. C, because generic SIMD code in Swift is slow in debug builds.
#include "CKeelShims.h"

#include <string.h>

typedef double lanes __attribute__((vector_size(16)));
typedef int64_t bits __attribute__((vector_size(16)));

enum { WIDTH = 2, UNROLL = 4, STEP = WIDTH * UNROLL };

typedef struct {
  lanes zero[UNROLL];
  lanes largest[UNROLL];
} Scan;

static inline lanes load(const double *x) {
  lanes value;
  memcpy(&value, x, sizeof value);
  return value;
}

static inline void take(Scan *scan, int k, lanes x) {
  const bits magnitude_mask = {INT64_MAX, INT64_MAX};
  lanes magnitude = (lanes)((bits)x & magnitude_mask);
  bits above = (bits)(magnitude > scan->largest[k]);
  scan->largest[k] = (lanes)(((bits)magnitude & above) | ((bits)scan->largest[k] & ~above));
  scan->zero[k] += x * 0.0;
}

static inline void scan_run(Scan *scan, const double *x, double *copy, size_t count) {
  Scan local = *scan;
  size_t i = 0;
  for (; i + STEP <= count; i += STEP) {
    for (int k = 0; k < UNROLL; k++) {
      lanes value = load(x + i + k * WIDTH);
      if (copy) memcpy(copy + i + k * WIDTH, &value, sizeof value);
      take(&local, k, value);
    }
  }
  for (; i < count; i++) {
    lanes value = {x[i], 0.0};
    if (copy) copy[i] = x[i];
    take(&local, 0, value);
  }
  *scan = local;
}

static double finish(const Scan *scan) {
  double largest = 0.0, zero = 0.0;
  for (int k = 0; k < UNROLL; k++) {
    for (int lane = 0; lane < WIDTH; lane++) {
      zero += scan->zero[k][lane];
      if (scan->largest[k][lane] > largest) largest = scan->largest[k][lane];
    }
  }
  return largest + zero;
}

double keel_finite_magnitude(const double *x, size_t count) {
  Scan scan = {0};
  scan_run(&scan, x, NULL, count);
  return finish(&scan);
}

double keel_copy_finite(const double *x, double *copy, size_t count) {
  Scan scan = {0};
  scan_run(&scan, x, copy, count);
  return finish(&scan);
}

double keel_copy_lower(const double *a, double *copy, size_t n) {
  Scan scan = {0};
  for (size_t j = 0; j < n; j++) {
    size_t first = j + j * n;
    scan_run(&scan, a + first, copy + first, n - j);
  }
  return finish(&scan);
}

double keel_finite_lower(const double *a, size_t n) {
  Scan scan = {0};
  for (size_t j = 0; j < n; j++) scan_run(&scan, a + j + j * n, NULL, n - j);
  return finish(&scan);
}
