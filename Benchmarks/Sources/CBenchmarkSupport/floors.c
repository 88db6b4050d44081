#include "CBenchmarkSupport.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

// Fortran symbols of LAPACK and BLAS, with gfortran's hidden string lengths at the end.
extern void dpotrf_(const char *uplo, const int *n, double *a, const int *lda, int *info, size_t);
extern void dsyevd_(const char *jobz, const char *uplo, const int *n, double *a, const int *lda,
                    double *w, double *work, const int *lwork, int *iwork, const int *liwork,
                    int *info, size_t, size_t);
extern void dsyrk_(const char *uplo, const char *trans, const int *n, const int *k,
                   const double *alpha, const double *a, const int *lda, const double *beta,
                   double *c, const int *ldc, size_t, size_t);
extern void dgemm_(const char *transa, const char *transb, const int *m, const int *n, const int *k,
                   const double *alpha, const double *a, const int *lda, const double *b,
                   const int *ldb, const double *beta, double *c, const int *ldc, size_t, size_t);
extern void dsyr_(const char *uplo, const int *n, const double *alpha, const double *x,
                  const int *incx, double *a, const int *lda, size_t);
extern void dgemv_(const char *trans, const int *m, const int *n, const double *alpha,
                   const double *a, const int *lda, const double *x, const int *incx,
                   const double *beta, double *y, const int *incy, size_t);
extern void openblas_set_num_threads(int);

int bench_dpotrf(int n, double *a) {
  int info = 0;
  dpotrf_("L", &n, a, &n, &info, 1);
  return info;
}

int bench_dsyevd(int n, double *a, double *w, double *work, int lwork, int *iwork, int liwork) {
  int info = 0;
  dsyevd_("V", "L", &n, a, &n, w, work, &lwork, iwork, &liwork, &info, 1, 1);
  return info;
}

int bench_dsyevd_sizes(int n, int *lwork, int *liwork) {
  int info = 0, query = -1;
  double work = 0;
  dsyevd_("V", "L", &n, NULL, &n, NULL, &work, &query, liwork, &query, &info, 1, 1);
  *lwork = (int)work;
  return info;
}

void bench_dsyrk_transposed(int n, int k, const double *a, double *c) {
  double one = 1, zero = 0;
  dsyrk_("L", "T", &n, &k, &one, a, &k, &zero, c, &n, 1, 1);
}

void bench_dgemm(int n, const double *a, const double *b, double *c) {
  double one = 1, zero = 0;
  dgemm_("N", "N", &n, &n, &n, &one, a, &n, b, &n, &zero, c, &n, 1, 1);
}

void bench_dsyr(int n, const double *x, double *a) {
  double one = 1;
  int step = 1;
  dsyr_("L", &n, &one, x, &step, a, &n, 1);
}

// Hoare's selection with the middle of three as pivot: what is before place k is not larger than what is behind it.
static double selected(double *a, int count, int k) {
  int first = 0, last = count - 1;
  while (first < last) {
    double x = a[first], y = a[(first + last) / 2], z = a[last];
    double pivot = x < y ? (y < z ? y : (x < z ? z : x)) : (x < z ? x : (y < z ? z : y));
    int i = first, j = last;
    while (i <= j) {
      while (a[i] < pivot) i++;
      while (pivot < a[j]) j--;
      if (i <= j) {
        double kept = a[i];
        a[i++] = a[j];
        a[j--] = kept;
      }
    }
    if (k <= j) {
      last = j;
    } else if (k >= i) {
      first = i;
    } else {
      return a[k];
    }
  }
  return a[k];
}

double bench_product_and_selection(int rows, int columns, const double *a, const double *x,
                                   double *y, int k) {
  double one = 1, zero = 0;
  int step = 1;
  dgemv_("N", &rows, &columns, &one, a, &rows, x, &step, &zero, y, &step, 1);
  return selected(y, rows, k);
}

void bench_set_threads(int threads) { openblas_set_num_threads(threads); }

void bench_copy(double *to, const double *from, uint64_t count) {
  memcpy(to, from, count * sizeof(double));
}

void bench_libm_exp(double *to, const double *from, uint64_t count) {
  for (uint64_t i = 0; i < count; i++) to[i] = exp(from[i]);
}

void bench_libm_erfc(double *to, const double *from, uint64_t count) {
  for (uint64_t i = 0; i < count; i++) to[i] = erfc(from[i]);
}

void bench_fixed_weights(int rows, int columns, const double *returns, const double *target,
                         double cost, double *held, double *values) {
  double value = 1, cash = 1;
  for (int j = 0; j < columns; j++) held[j] = 0;
  for (int t = -1; t < rows; t++) {
    if (t >= 0) {
      value = cash;
      for (int j = 0; j < columns; j++) {
        held[j] *= 1 + returns[(size_t)j * rows + t];
        value += held[j];
      }
    }
    double traded = 0, total = 0;
    for (int j = 0; j < columns; j++) traded += fabs(target[j] * value - held[j]);
    value -= cost * traded;
    for (int j = 0; j < columns; j++) {
      held[j] = target[j] * value;
      total += held[j];
    }
    cash = value - total;
    if (t >= 0) values[t] = value;
  }
}
