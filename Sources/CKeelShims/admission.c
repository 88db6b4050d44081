#include "admission.h"

#include "CKeelShims.h"

#include <pthread.h>
#include <stdatomic.h>

static atomic_int inside;
static atomic_int waiting;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t place_free = PTHREAD_COND_INITIALIZER;

static int try_enter(void) {
  int limit = keel_blas_thread_count() == 1 ? LARGEST_CALLER_COUNT : 1;
  int count = atomic_load(&inside);
  while (count < limit) {
    if (atomic_compare_exchange_weak(&inside, &count, count + 1)) return 1;
  }
  return 0;
}

void keel_enter_blas(void) {
  if (try_enter()) return;
  // No wake-up is lost: a caller that leaves lowers `inside` before it reads `waiting`, and a waiter
  // raises `waiting` before it reads `inside`, all sequentially consistent.
  pthread_mutex_lock(&mutex);
  atomic_fetch_add(&waiting, 1);
  while (!try_enter()) pthread_cond_wait(&place_free, &mutex);
  atomic_fetch_sub(&waiting, 1);
  pthread_mutex_unlock(&mutex);
}

void keel_leave_blas(void) {
  atomic_fetch_sub(&inside, 1);
  if (atomic_load(&waiting) == 0) return;
  pthread_mutex_lock(&mutex);
  pthread_cond_signal(&place_free);
  pthread_mutex_unlock(&mutex);
}
