// Counts allocations by standing in front of the C library's allocator and forwarding to it; one
// count a thread, so that tests may run side by side.

#define _GNU_SOURCE
#include "CKeelAllocationCounter.h"

#include <stddef.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define KEEL_SANITIZED 1
#endif
#endif

#if defined(__linux__) && defined(__GLIBC__) && !defined(KEEL_SANITIZED)

#include <errno.h>
#include <link.h>
#include <string.h>

static _Thread_local uint64_t allocation_count;

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

// Where the code of the BLAS library is mapped.
static uintptr_t blas_start, blas_end;

static int find_blas(struct dl_phdr_info *info, size_t size, void *data) {
  (void)size;
  (void)data;
  if (!info->dlpi_name || !strstr(info->dlpi_name, "openblas")) return 0;
  for (int i = 0; i < info->dlpi_phnum; i++) {
    if (info->dlpi_phdr[i].p_type != PT_LOAD || !(info->dlpi_phdr[i].p_flags & PF_X)) continue;
    blas_start = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
    blas_end = blas_start + info->dlpi_phdr[i].p_memsz;
  }
  return 0;
}

__attribute__((constructor)) static void locate(void) { dl_iterate_phdr(find_blas, NULL); }

static inline void count(void *caller) {
  uintptr_t address = (uintptr_t)caller;
  if (address < blas_start || address >= blas_end) allocation_count++;
}

void *malloc(size_t size) {
  count(__builtin_return_address(0));
  return __libc_malloc(size);
}

void *calloc(size_t items, size_t size) {
  count(__builtin_return_address(0));
  return __libc_calloc(items, size);
}

void *realloc(void *block, size_t size) {
  count(__builtin_return_address(0));
  return __libc_realloc(block, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
  count(__builtin_return_address(0));
  return __libc_memalign(alignment, size);
}

int posix_memalign(void **block, size_t alignment, size_t size) {
  count(__builtin_return_address(0));
  void *result = __libc_memalign(alignment, size);
  if (!result) return ENOMEM;
  *block = result;
  return 0;
}

void free(void *block) { __libc_free(block); }

uint64_t keel_allocation_count(void) { return allocation_count; }

#else

uint64_t keel_allocation_count(void) { return 0; }

#endif
