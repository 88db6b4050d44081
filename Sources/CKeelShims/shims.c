#include "CKeelShims.h"

#include "admission.h"

#define LENGTH ((size_t)1)

extern void dgemm_(const char *transpose_a, const char *transpose_b, const int32_t *m,
    const int32_t *n, const int32_t *k, const double *alpha, const double *a, const int32_t *lda,
    const double *b, const int32_t *ldb, const double *beta, double *c, const int32_t *ldc, size_t,
    size_t);
extern void dgemv_(const char *transpose, const int32_t *m, const int32_t *n, const double *alpha,
    const double *a, const int32_t *lda, const double *x, const int32_t *incx, const double *beta,
    double *y, const int32_t *incy, size_t);
extern void dsyrk_(const char *triangle, const char *transpose, const int32_t *n, const int32_t *k,
    const double *alpha, const double *a, const int32_t *lda, const double *beta, double *c,
    const int32_t *ldc, size_t, size_t);
extern void dsymm_(const char *side, const char *triangle, const int32_t *m, const int32_t *n,
    const double *alpha, const double *a, const int32_t *lda, const double *b, const int32_t *ldb,
    const double *beta, double *c, const int32_t *ldc, size_t, size_t);
extern void dsymv_(const char *triangle, const int32_t *n, const double *alpha, const double *a,
    const int32_t *lda, const double *x, const int32_t *incx, const double *beta, double *y,
    const int32_t *incy, size_t);
extern void dtrmm_(const char *side, const char *triangle, const char *transpose, const char *unit,
    const int32_t *m, const int32_t *n, const double *alpha, const double *a, const int32_t *lda,
    double *b, const int32_t *ldb, size_t, size_t, size_t, size_t);
extern void dtrsm_(const char *side, const char *triangle, const char *transpose, const char *unit,
    const int32_t *m, const int32_t *n, const double *alpha, const double *a, const int32_t *lda,
    double *b, const int32_t *ldb, size_t, size_t, size_t, size_t);
extern void dtrsv_(const char *triangle, const char *transpose, const char *unit, const int32_t *n,
    const double *a, const int32_t *lda, double *x, const int32_t *incx, size_t, size_t, size_t);
extern void dpotrf_(const char *triangle, const int32_t *n, double *a, const int32_t *lda,
    int32_t *info, size_t);
extern void dpotrs_(const char *triangle, const int32_t *n, const int32_t *nrhs, const double *a,
    const int32_t *lda, double *b, const int32_t *ldb, int32_t *info, size_t);
extern void dpotri_(const char *triangle, const int32_t *n, double *a, const int32_t *lda,
    int32_t *info, size_t);
extern void dpocon_(const char *triangle, const int32_t *n, const double *a, const int32_t *lda,
    const double *anorm, double *rcond, double *work, int32_t *iwork, int32_t *info, size_t);
extern void dpstrf_(const char *triangle, const int32_t *n, double *a, const int32_t *lda,
    int32_t *piv, int32_t *rank, const double *tol, double *work, int32_t *info, size_t);
extern void dsytrf_(const char *triangle, const int32_t *n, double *a, const int32_t *lda,
    int32_t *ipiv, double *work, const int32_t *lwork, int32_t *info, size_t);
extern void dsytrs_(const char *triangle, const int32_t *n, const int32_t *nrhs, const double *a,
    const int32_t *lda, const int32_t *ipiv, double *b, const int32_t *ldb, int32_t *info, size_t);
extern void dsycon_(const char *triangle, const int32_t *n, const double *a, const int32_t *lda,
    const int32_t *ipiv, const double *anorm, double *rcond, double *work, int32_t *iwork,
    int32_t *info, size_t);
extern void dgetrf_(const int32_t *m, const int32_t *n, double *a, const int32_t *lda,
    int32_t *ipiv, int32_t *info);
extern void dgetrs_(const char *transpose, const int32_t *n, const int32_t *nrhs, const double *a,
    const int32_t *lda, const int32_t *ipiv, double *b, const int32_t *ldb, int32_t *info, size_t);
extern void dgecon_(const char *norm, const int32_t *n, const double *a, const int32_t *lda,
    const double *anorm, double *rcond, double *work, int32_t *iwork, int32_t *info, size_t);
extern void dgeqp3_(const int32_t *m, const int32_t *n, double *a, const int32_t *lda,
    int32_t *jpvt, double *tau, double *work, const int32_t *lwork, int32_t *info);
extern void dormqr_(const char *side, const char *transpose, const int32_t *m, const int32_t *n,
    const int32_t *k, const double *a, const int32_t *lda, const double *tau, double *c,
    const int32_t *ldc, double *work, const int32_t *lwork, int32_t *info, size_t, size_t);
extern void dtrcon_(const char *norm, const char *triangle, const char *unit, const int32_t *n,
    const double *a, const int32_t *lda, double *rcond, double *work, int32_t *iwork, int32_t *info,
    size_t, size_t, size_t);
extern void dgelsd_(const int32_t *m, const int32_t *n, const int32_t *nrhs, double *a,
    const int32_t *lda, double *b, const int32_t *ldb, double *s, const double *rcond,
    int32_t *rank, double *work, const int32_t *lwork, int32_t *iwork, int32_t *info);
extern void dgesdd_(const char *job, const int32_t *m, const int32_t *n, double *a,
    const int32_t *lda, double *s, double *u, const int32_t *ldu, double *vt, const int32_t *ldvt,
    double *work, const int32_t *lwork, int32_t *iwork, int32_t *info, size_t);
extern void dgesvd_(const char *job_u, const char *job_vt, const int32_t *m, const int32_t *n,
    double *a, const int32_t *lda, double *s, double *u, const int32_t *ldu, double *vt,
    const int32_t *ldvt, double *work, const int32_t *lwork, int32_t *info, size_t, size_t);
extern void dsyevd_(const char *job, const char *triangle, const int32_t *n, double *a,
    const int32_t *lda, double *w, double *work, const int32_t *lwork, int32_t *iwork,
    const int32_t *liwork, int32_t *info, size_t, size_t);
extern void dsyevr_(const char *job, const char *range, const char *triangle, const int32_t *n,
    double *a, const int32_t *lda, const double *vl, const double *vu, const int32_t *il,
    const int32_t *iu, const double *abstol, int32_t *m, double *w, double *z, const int32_t *ldz,
    int32_t *isuppz, double *work, const int32_t *lwork, int32_t *iwork, const int32_t *liwork,
    int32_t *info, size_t, size_t, size_t);

void keel_dgemm(char transpose_a, char transpose_b, int32_t m, int32_t n, int32_t k, double alpha,
    const double *a, int32_t lda, const double *b, int32_t ldb, double beta, double *c,
    int32_t ldc) {
  keel_enter_blas();
  dgemm_(&transpose_a, &transpose_b, &m, &n, &k, &alpha, a, &lda, b, &ldb, &beta, c, &ldc, LENGTH,
      LENGTH);
  keel_leave_blas();
}

void keel_dgemv(char transpose, int32_t m, int32_t n, double alpha, const double *a, int32_t lda,
    const double *x, int32_t incx, double beta, double *y, int32_t incy) {
  keel_enter_blas();
  dgemv_(&transpose, &m, &n, &alpha, a, &lda, x, &incx, &beta, y, &incy, LENGTH);
  keel_leave_blas();
}

void keel_dsyrk(char triangle, char transpose, int32_t n, int32_t k, double alpha, const double *a,
    int32_t lda, double beta, double *c, int32_t ldc) {
  keel_enter_blas();
  dsyrk_(&triangle, &transpose, &n, &k, &alpha, a, &lda, &beta, c, &ldc, LENGTH, LENGTH);
  keel_leave_blas();
}

void keel_dsymm(char side, char triangle, int32_t m, int32_t n, double alpha, const double *a,
    int32_t lda, const double *b, int32_t ldb, double beta, double *c, int32_t ldc) {
  keel_enter_blas();
  dsymm_(&side, &triangle, &m, &n, &alpha, a, &lda, b, &ldb, &beta, c, &ldc, LENGTH, LENGTH);
  keel_leave_blas();
}

void keel_dsymv(char triangle, int32_t n, double alpha, const double *a, int32_t lda,
    const double *x, int32_t incx, double beta, double *y, int32_t incy) {
  keel_enter_blas();
  dsymv_(&triangle, &n, &alpha, a, &lda, x, &incx, &beta, y, &incy, LENGTH);
  keel_leave_blas();
}

void keel_dtrmm(char side, char triangle, char transpose, char unit, int32_t m, int32_t n,
    double alpha, const double *a, int32_t lda, double *b, int32_t ldb) {
  keel_enter_blas();
  dtrmm_(&side, &triangle, &transpose, &unit, &m, &n, &alpha, a, &lda, b, &ldb, LENGTH, LENGTH,
      LENGTH, LENGTH);
  keel_leave_blas();
}

void keel_dtrsm(char side, char triangle, char transpose, char unit, int32_t m, int32_t n,
    double alpha, const double *a, int32_t lda, double *b, int32_t ldb) {
  keel_enter_blas();
  dtrsm_(&side, &triangle, &transpose, &unit, &m, &n, &alpha, a, &lda, b, &ldb, LENGTH, LENGTH,
      LENGTH, LENGTH);
  keel_leave_blas();
}

void keel_dtrsv(char triangle, char transpose, char unit, int32_t n, const double *a, int32_t lda,
    double *x, int32_t incx) {
  keel_enter_blas();
  dtrsv_(&triangle, &transpose, &unit, &n, a, &lda, x, &incx, LENGTH, LENGTH, LENGTH);
  keel_leave_blas();
}

int32_t keel_dpotrf(char triangle, int32_t n, double *a, int32_t lda) {
  int32_t info = 0;
  keel_enter_blas();
  dpotrf_(&triangle, &n, a, &lda, &info, LENGTH);
  keel_leave_blas();
  return info;
}

int32_t keel_dpotrs(char triangle, int32_t n, int32_t nrhs, const double *a, int32_t lda, double *b,
    int32_t ldb) {
  int32_t info = 0;
  keel_enter_blas();
  dpotrs_(&triangle, &n, &nrhs, a, &lda, b, &ldb, &info, LENGTH);
  keel_leave_blas();
  return info;
}

int32_t keel_dpotri(char triangle, int32_t n, double *a, int32_t lda) {
  int32_t info = 0;
  keel_enter_blas();
  dpotri_(&triangle, &n, a, &lda, &info, LENGTH);
  keel_leave_blas();
  return info;
}

int32_t keel_dpocon(char triangle, int32_t n, const double *a, int32_t lda, double anorm,
    double *rcond, double *work, int32_t *iwork) {
  int32_t info = 0;
  keel_enter_blas();
  dpocon_(&triangle, &n, a, &lda, &anorm, rcond, work, iwork, &info, LENGTH);
  keel_leave_blas();
  return info;
}

int32_t keel_dpstrf(char triangle, int32_t n, double *a, int32_t lda, int32_t *piv, int32_t *rank,
    double tol, double *work) {
  int32_t info = 0;
  keel_enter_blas();
  dpstrf_(&triangle, &n, a, &lda, piv, rank, &tol, work, &info, LENGTH);
  keel_leave_blas();
  return info;
}

int32_t keel_dsytrf(char triangle, int32_t n, double *a, int32_t lda, int32_t *ipiv, double *work,
    int32_t lwork) {
  int32_t info = 0;
  keel_enter_blas();
  dsytrf_(&triangle, &n, a, &lda, ipiv, work, &lwork, &info, LENGTH);
  keel_leave_blas();
  return info;
}

int32_t keel_dsytrs(char triangle, int32_t n, int32_t nrhs, const double *a, int32_t lda,
    const int32_t *ipiv, double *b, int32_t ldb) {
  int32_t info = 0;
  keel_enter_blas();
  dsytrs_(&triangle, &n, &nrhs, a, &lda, ipiv, b, &ldb, &info, LENGTH);
  keel_leave_blas();
  return info;
}

int32_t keel_dsycon(char triangle, int32_t n, const double *a, int32_t lda, const int32_t *ipiv,
    double anorm, double *rcond, double *work, int32_t *iwork) {
  int32_t info = 0;
  keel_enter_blas();
  dsycon_(&triangle, &n, a, &lda, ipiv, &anorm, rcond, work, iwork, &info, LENGTH);
  keel_leave_blas();
  return info;
}

int32_t keel_dgetrf(int32_t m, int32_t n, double *a, int32_t lda, int32_t *ipiv) {
  int32_t info = 0;
  keel_enter_blas();
  dgetrf_(&m, &n, a, &lda, ipiv, &info);
  keel_leave_blas();
  return info;
}

int32_t keel_dgetrs(char transpose, int32_t n, int32_t nrhs, const double *a, int32_t lda,
    const int32_t *ipiv, double *b, int32_t ldb) {
  int32_t info = 0;
  keel_enter_blas();
  dgetrs_(&transpose, &n, &nrhs, a, &lda, ipiv, b, &ldb, &info, LENGTH);
  keel_leave_blas();
  return info;
}

int32_t keel_dgecon(char norm, int32_t n, const double *a, int32_t lda, double anorm, double *rcond,
    double *work, int32_t *iwork) {
  int32_t info = 0;
  keel_enter_blas();
  dgecon_(&norm, &n, a, &lda, &anorm, rcond, work, iwork, &info, LENGTH);
  keel_leave_blas();
  return info;
}

int32_t keel_dgeqp3(int32_t m, int32_t n, double *a, int32_t lda, int32_t *jpvt, double *tau,
    double *work, int32_t lwork) {
  int32_t info = 0;
  keel_enter_blas();
  dgeqp3_(&m, &n, a, &lda, jpvt, tau, work, &lwork, &info);
  keel_leave_blas();
  return info;
}

int32_t keel_dormqr(char side, char transpose, int32_t m, int32_t n, int32_t k, const double *a,
    int32_t lda, const double *tau, double *c, int32_t ldc, double *work, int32_t lwork) {
  int32_t info = 0;
  keel_enter_blas();
  dormqr_(&side, &transpose, &m, &n, &k, a, &lda, tau, c, &ldc, work, &lwork, &info, LENGTH,
      LENGTH);
  keel_leave_blas();
  return info;
}

int32_t keel_dtrcon(char norm, char triangle, char unit, int32_t n, const double *a, int32_t lda,
    double *rcond, double *work, int32_t *iwork) {
  int32_t info = 0;
  keel_enter_blas();
  dtrcon_(&norm, &triangle, &unit, &n, a, &lda, rcond, work, iwork, &info, LENGTH, LENGTH, LENGTH);
  keel_leave_blas();
  return info;
}

int32_t keel_dgelsd(int32_t m, int32_t n, int32_t nrhs, double *a, int32_t lda, double *b,
    int32_t ldb, double *s, double rcond, int32_t *rank, double *work, int32_t lwork,
    int32_t *iwork) {
  int32_t info = 0;
  keel_enter_blas();
  dgelsd_(&m, &n, &nrhs, a, &lda, b, &ldb, s, &rcond, rank, work, &lwork, iwork, &info);
  keel_leave_blas();
  return info;
}

int32_t keel_dgesdd(char job, int32_t m, int32_t n, double *a, int32_t lda, double *s, double *u,
    int32_t ldu, double *vt, int32_t ldvt, double *work, int32_t lwork, int32_t *iwork) {
  int32_t info = 0;
  keel_enter_blas();
  dgesdd_(&job, &m, &n, a, &lda, s, u, &ldu, vt, &ldvt, work, &lwork, iwork, &info, LENGTH);
  keel_leave_blas();
  return info;
}

int32_t keel_dgesvd(char job_u, char job_vt, int32_t m, int32_t n, double *a, int32_t lda,
    double *s, double *u, int32_t ldu, double *vt, int32_t ldvt, double *work, int32_t lwork) {
  int32_t info = 0;
  keel_enter_blas();
  dgesvd_(&job_u, &job_vt, &m, &n, a, &lda, s, u, &ldu, vt, &ldvt, work, &lwork, &info, LENGTH,
      LENGTH);
  keel_leave_blas();
  return info;
}

int32_t keel_dsyevd(char job, char triangle, int32_t n, double *a, int32_t lda, double *w,
    double *work, int32_t lwork, int32_t *iwork, int32_t liwork) {
  int32_t info = 0;
  keel_enter_blas();
  dsyevd_(&job, &triangle, &n, a, &lda, w, work, &lwork, iwork, &liwork, &info, LENGTH, LENGTH);
  keel_leave_blas();
  return info;
}

int32_t keel_dsyevr(char job, char range, char triangle, int32_t n, double *a, int32_t lda,
    double vl, double vu, int32_t il, int32_t iu, double abstol, int32_t *m, double *w, double *z,
    int32_t ldz, int32_t *isuppz, double *work, int32_t lwork, int32_t *iwork, int32_t liwork) {
  int32_t info = 0;
  keel_enter_blas();
  dsyevr_(&job, &range, &triangle, &n, a, &lda, &vl, &vu, &il, &iu, &abstol, m, w, z, &ldz, isuppz,
      work, &lwork, iwork, &liwork, &info, LENGTH, LENGTH, LENGTH);
  keel_leave_blas();
  return info;
}

extern char *openblas_get_config(void);
extern char *openblas_get_corename(void);
extern int openblas_get_parallel(void);
extern int openblas_get_num_threads(void);
extern void openblas_set_num_threads(int);

extern double dasum_(const void *n, const double *x, const void *incx);

int32_t keel_blas_integer_width(void) {
  // Read with 32 bits (little-endian) this is one element; read with 64 bits it is a negative
  // count, for which the sum is zero by definition and nothing is read.
  const int64_t count = INT64_MIN | 1;
  const int64_t increment = 1;
  const double one = 1.0;
  return dasum_(&count, &one, &increment) == one ? 32 : 64;
}

const char *keel_blas_config(void) { return openblas_get_config(); }

const char *keel_blas_core_name(void) { return openblas_get_corename(); }

int32_t keel_blas_threading(void) { return openblas_get_parallel(); }

int32_t keel_blas_thread_count(void) { return openblas_get_num_threads(); }

void keel_set_blas_thread_count(int32_t count) { openblas_set_num_threads(count); }
