// Keel's door to BLAS and LAPACK: plain functions with scalars by value.
//
// The Fortran symbols are declared in shims.c, because Debian's OpenBLAS ships no LAPACKE and the
// place of its cblas.h differs between systems. gfortran expects the length of each character
// argument, hidden, after the last argument. Matrices are column-major with leading dimension ld*;
// integers have 32 bits. Nothing is checked here: the gate in KeelLinearAlgebra/LAPACK does that.
//
// LAPACK functions return info: 0 is success, above 0 speaks about the data, below 0 about an
// argument. Parameters named work, lwork, iwork and liwork are workspace; lwork = -1 asks for its
// length.
#ifndef KEEL_SHIMS_H
#define KEEL_SHIMS_H

#include <stddef.h>
#include <stdint.h>

// C := alpha op(A) op(B) + beta C; op(A) is m by k, op(B) is k by n.
void keel_dgemm(char transpose_a, char transpose_b, int32_t m, int32_t n, int32_t k, double alpha,
    const double *a, int32_t lda, const double *b, int32_t ldb, double beta, double *c,
    int32_t ldc);

// y := alpha op(A) x + beta y; A is m by n.
void keel_dgemv(char transpose, int32_t m, int32_t n, double alpha, const double *a, int32_t lda,
    const double *x, int32_t incx, double beta, double *y, int32_t incy);

// One triangle of C := alpha A A' + beta C, or of alpha A' A + beta C; C is n by n.
void keel_dsyrk(char triangle, char transpose, int32_t n, int32_t k, double alpha, const double *a,
    int32_t lda, double beta, double *c, int32_t ldc);

// C := alpha A B + beta C, or alpha B A + beta C, with A symmetric; B and C are m by n.
void keel_dsymm(char side, char triangle, int32_t m, int32_t n, double alpha, const double *a,
    int32_t lda, const double *b, int32_t ldb, double beta, double *c, int32_t ldc);

// y := alpha A x + beta y with A symmetric.
void keel_dsymv(char triangle, int32_t n, double alpha, const double *a, int32_t lda,
    const double *x, int32_t incx, double beta, double *y, int32_t incy);

// B := alpha op(A) B, or alpha B op(A), with A triangular; B is m by n.
void keel_dtrmm(char side, char triangle, char transpose, char unit, int32_t m, int32_t n,
    double alpha, const double *a, int32_t lda, double *b, int32_t ldb);

// Solves op(A) X = alpha B, or X op(A) = alpha B, with A triangular; X overwrites B.
void keel_dtrsm(char side, char triangle, char transpose, char unit, int32_t m, int32_t n,
    double alpha, const double *a, int32_t lda, double *b, int32_t ldb);

// Solves op(A) x = b with A triangular; x overwrites b.
void keel_dtrsv(char triangle, char transpose, char unit, int32_t n, const double *a, int32_t lda,
    double *x, int32_t incx);

// Cholesky factor of a symmetric positive definite matrix.
int32_t keel_dpotrf(char triangle, int32_t n, double *a, int32_t lda);

// Solves A X = B from the factor of dpotrf.
int32_t keel_dpotrs(char triangle, int32_t n, int32_t nrhs, const double *a, int32_t lda, double *b,
    int32_t ldb);

// One triangle of the inverse, from the factor of dpotrf.
int32_t keel_dpotri(char triangle, int32_t n, double *a, int32_t lda);

// Reciprocal condition in the 1-norm, from the factor of dpotrf.
int32_t keel_dpocon(char triangle, int32_t n, const double *a, int32_t lda, double anorm,
    double *rcond, double *work, int32_t *iwork);

// Cholesky factor with complete pivoting of a positive semidefinite matrix.
int32_t keel_dpstrf(char triangle, int32_t n, double *a, int32_t lda, int32_t *piv, int32_t *rank,
    double tol, double *work);

// Bunch-Kaufman factor of a symmetric indefinite matrix.
int32_t keel_dsytrf(char triangle, int32_t n, double *a, int32_t lda, int32_t *ipiv, double *work,
    int32_t lwork);

// Solves A X = B from the factor of dsytrf.
int32_t keel_dsytrs(char triangle, int32_t n, int32_t nrhs, const double *a, int32_t lda,
    const int32_t *ipiv, double *b, int32_t ldb);

// Reciprocal condition in the 1-norm, from the factor of dsytrf.
int32_t keel_dsycon(char triangle, int32_t n, const double *a, int32_t lda, const int32_t *ipiv,
    double anorm, double *rcond, double *work, int32_t *iwork);

// LU factor with row interchanges.
int32_t keel_dgetrf(int32_t m, int32_t n, double *a, int32_t lda, int32_t *ipiv);

// Solves op(A) X = B from the factor of dgetrf.
int32_t keel_dgetrs(char transpose, int32_t n, int32_t nrhs, const double *a, int32_t lda,
    const int32_t *ipiv, double *b, int32_t ldb);

// Reciprocal condition, from the factor of dgetrf.
int32_t keel_dgecon(char norm, int32_t n, const double *a, int32_t lda, double anorm, double *rcond,
    double *work, int32_t *iwork);

// QR factor with column pivoting.
int32_t keel_dgeqp3(int32_t m, int32_t n, double *a, int32_t lda, int32_t *jpvt, double *tau,
    double *work, int32_t lwork);

// C := op(Q) C, or C op(Q), with the Q of dgeqp3.
int32_t keel_dormqr(char side, char transpose, int32_t m, int32_t n, int32_t k, const double *a,
    int32_t lda, const double *tau, double *c, int32_t ldc, double *work, int32_t lwork);

// Reciprocal condition of a triangular matrix.
int32_t keel_dtrcon(char norm, char triangle, char unit, int32_t n, const double *a, int32_t lda,
    double *rcond, double *work, int32_t *iwork);

// Least squares of least norm by the singular value decomposition.
int32_t keel_dgelsd(int32_t m, int32_t n, int32_t nrhs, double *a, int32_t lda, double *b,
    int32_t ldb, double *s, double rcond, int32_t *rank, double *work, int32_t lwork,
    int32_t *iwork);

// Singular value decomposition by divide and conquer.
int32_t keel_dgesdd(char job, int32_t m, int32_t n, double *a, int32_t lda, double *s, double *u,
    int32_t ldu, double *vt, int32_t ldvt, double *work, int32_t lwork, int32_t *iwork);

// Singular value decomposition by QR iteration.
int32_t keel_dgesvd(char job_u, char job_vt, int32_t m, int32_t n, double *a, int32_t lda,
    double *s, double *u, int32_t ldu, double *vt, int32_t ldvt, double *work, int32_t lwork);

// Symmetric eigenvalue problem by divide and conquer.
int32_t keel_dsyevd(char job, char triangle, int32_t n, double *a, int32_t lda, double *w,
    double *work, int32_t lwork, int32_t *iwork, int32_t liwork);

// Symmetric eigenvalue problem by relatively robust representations.
int32_t keel_dsyevr(char job, char range, char triangle, int32_t n, double *a, int32_t lda,
    double vl, double vu, int32_t il, int32_t iu, double abstol, int32_t *m, double *w, double *z,
    int32_t ldz, int32_t *isuppz, double *work, int32_t lwork, int32_t *iwork, int32_t liwork);

// The build string of the library: version, integer width, kernels, largest number of threads.
const char *keel_blas_config(void);

// The name of the processor family whose kernels run.
const char *keel_blas_core_name(void);

// 32 or 64: how wide the library reads its integer arguments.
int32_t keel_blas_integer_width(void);

// 0: built without threads; 1: its own threads; 2: OpenMP.
int32_t keel_blas_threading(void);

// The number of threads that one call may use, in the whole process.
int32_t keel_blas_thread_count(void);
void keel_set_blas_thread_count(int32_t count);

// The largest magnitude of count numbers, or NaN when one of them is NaN or infinite.
double keel_finite_magnitude(const double *x, size_t count);

// The same for the lower triangle of an n by n matrix, diagonal included.
double keel_finite_lower(const double *a, size_t n);

// Copies the lower triangle of an n by n matrix, diagonal included, and returns what
// keel_finite_magnitude returns for it. The upper triangle of the copy is left alone.
double keel_copy_lower(const double *a, double *copy, size_t n);

// Copies count numbers and returns what keel_finite_magnitude returns for them.
double keel_copy_finite(const double *x, double *copy, size_t count);

#endif
