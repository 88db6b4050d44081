/* Threads that live as long as one call. */
#ifndef KEEL_THREADS_H
#define KEEL_THREADS_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The most helpers that one call starts. */
#define KEEL_MAXIMUM_HELPERS 63

/* Runs body(context) on the calling thread and on up to `helpers` new threads with 2 MiB stacks,
   and returns when all have finished. The new threads block every signal, so that handlers of the
   host never run on them. Returns the number of threads that could be started. */
int keel_run_concurrently(
  int helpers, void (*_Nonnull body)(void *_Nonnull), void *_Nonnull context);

/* The number of processors this process may use: the affinity mask and, on Linux, the CPU quota of
   its control group, rounded up. At least one. */
int keel_available_processors(void);

#ifdef __cplusplus
}
#endif

#endif
