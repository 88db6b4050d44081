/* Large pages for large arrays: a hint that the system may ignore. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#include "CKeelKernels.h"

#if defined(__linux__)
#include <sys/mman.h>
#endif

/* Older headers and other C libraries may not know the hint. */
#ifdef MADV_HUGEPAGE
#define KEEL_LARGE_PAGE ((uintptr_t)2 << 20)

void keel_prefer_large_pages(void *begin, size_t bytes) {
  /* Only whole pages inside the array, which belong to nobody else. */
  uintptr_t first = ((uintptr_t)begin + KEEL_LARGE_PAGE - 1) & ~(KEEL_LARGE_PAGE - 1);
  uintptr_t last = ((uintptr_t)begin + bytes) & ~(KEEL_LARGE_PAGE - 1);
  if (last > first) (void)madvise((void *)first, last - first, MADV_HUGEPAGE);
}
#else
void keel_prefer_large_pages(void *begin, size_t bytes) {
  (void)begin;
  (void)bytes;
}
#endif
