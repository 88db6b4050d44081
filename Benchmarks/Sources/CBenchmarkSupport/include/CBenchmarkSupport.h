#ifndef KEEL_BENCHMARK_SUPPORT_H
#define KEEL_BENCHMARK_SUPPORT_H

#include <stdint.h>

// Allocation counts since the last reset, over all threads. Calls that come from the BLAS and LAPACK
// library are counted apart from all others.
void bench_allocations_reset(void);
uint64_t bench_allocations_own(void);
uint64_t bench_allocations_lapack(void);

// Floors: the plain library call on prepared buffers. The order-n matrices are column-major; the
// lower triangle is read. Return LAPACK's info.
int bench_dpotrf(int n, double *a);
int bench_dsyevd(int n, double *a, double *w, double *work, int lwork, int *iwork, int liwork);
int bench_dsyevd_sizes(int n, int *lwork, int *liwork);
void bench_dsyrk_transposed(int n, int k, const double *a, double *c);
void bench_dgemm(int n, const double *a, const double *b, double *c);
void bench_dsyr(int n, const double *x, double *a);
void bench_set_threads(int threads);

// A matrix times a vector, and the element of the product that is larger than k others.
double bench_product_and_selection(int rows, int columns, const double *a, const double *x,
                                   double *y, int k);

// One pass over memory: copy `count` doubles.
void bench_copy(double *to, const double *from, uint64_t count);

// What libm gives, one call an element.
void bench_libm_exp(double *to, const double *from, uint64_t count);
void bench_libm_erfc(double *to, const double *from, uint64_t count);

// Prices of calls without carry: the kernel for processors without vector extensions beyond the
// common ones, and the textbook formula with libm in a loop. The first returns how many options it
// leaves to the caller.
uint64_t bench_baseline_calls(double *to, const double *spots, const double *strikes,
                              const double *times, const double *volatilities, double rate,
                              uint64_t count);
void bench_libm_calls(double *to, const double *spots, const double *strikes, const double *times,
                      const double *volatilities, double rate, uint64_t count);

// Fixed weights traded every row with a proportional cost, column-major returns: the value after each
// row, in one plain loop.
void bench_fixed_weights(int rows, int columns, const double *returns, const double *target,
                         double cost, double *held, double *values);

#endif
