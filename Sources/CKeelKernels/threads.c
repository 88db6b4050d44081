#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#include "KeelThreads.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
#if defined(__linux__)
#include <sched.h>
#endif

#define KEEL_STACK_BYTES ((size_t)2 << 20)

struct keel_task {
  void (*body)(void *);
  void *context;
};

static void *keel_thread_main(void *argument) {
  struct keel_task *task = argument;
  task->body(task->context);
  return NULL;
}

int keel_run_concurrently(int helpers, void (*body)(void *), void *context) {
  struct keel_task task = {body, context};
  pthread_t threads[KEEL_MAXIMUM_HELPERS];
  int started = 0;
  if (helpers > KEEL_MAXIMUM_HELPERS) helpers = KEEL_MAXIMUM_HELPERS;
  pthread_attr_t attributes;
  if (helpers > 0 && pthread_attr_init(&attributes) == 0) {
    sigset_t all, previous;
    sigfillset(&all);
    pthread_attr_setstacksize(&attributes, KEEL_STACK_BYTES);
    pthread_sigmask(SIG_SETMASK, &all, &previous);
    /* A refusal by the system is no error: the work is done by fewer threads. */
    while (started < helpers
           && pthread_create(&threads[started], &attributes, keel_thread_main, &task) == 0)
      started++;
    pthread_sigmask(SIG_SETMASK, &previous, NULL);
    pthread_attr_destroy(&attributes);
  }
  body(context);
  for (int i = 0; i < started; i++) pthread_join(threads[i], NULL);
  return started;
}

#if defined(__linux__)
/* The quota of the control group in whole processors, or 0 when there is none. */
static long keel_quota(void) {
  char text[64];
  int file = open("/sys/fs/cgroup/cpu.max", O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  ssize_t length = read(file, text, sizeof text - 1);
  close(file);
  if (length <= 0) return 0;
  text[length] = 0;
  long quota = 0, period = 0;
  if (sscanf(text, "%ld %ld", &quota, &period) != 2 || quota <= 0 || period <= 0) return 0;
  return quota / period + (quota % period != 0);
}
#endif

int keel_available_processors(void) {
  long count = 0;
#if defined(__linux__)
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) count = CPU_COUNT(&set);
#endif
  if (count < 1) count = sysconf(_SC_NPROCESSORS_ONLN);
#if defined(__linux__)
  long quota = keel_quota();
  if (quota > 0 && quota < count) count = quota;
#endif
  if (count < 1) count = 1;
  return count > 1 << 20 ? 1 << 20 : (int)count;
}
