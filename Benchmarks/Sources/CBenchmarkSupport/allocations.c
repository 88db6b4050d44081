// Counts allocations by standing in front of the C library's allocator and forwarding to it.

#define _GNU_SOURCE
#include "CBenchmarkSupport.h"

#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

static _Atomic uint64_t own_count;
static _Atomic uint64_t lapack_count;

#if defined(__GLIBC__) || defined(__linux__)
#include <link.h>

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

// Where the code of the BLAS library is mapped.
static uintptr_t lapack_start, lapack_end;

static int find_lapack(struct dl_phdr_info *info, size_t size, void *data) {
  (void)size;
  (void)data;
  if (!info->dlpi_name || !strstr(info->dlpi_name, "openblas")) return 0;
  for (int i = 0; i < info->dlpi_phnum; i++) {
    if (info->dlpi_phdr[i].p_type != PT_LOAD || !(info->dlpi_phdr[i].p_flags & PF_X)) continue;
    lapack_start = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
    lapack_end = lapack_start + info->dlpi_phdr[i].p_memsz;
  }
  return 0;
}

__attribute__((constructor)) static void locate(void) { dl_iterate_phdr(find_lapack, NULL); }

static inline void count(void *caller) {
  uintptr_t address = (uintptr_t)caller;
  if (address >= lapack_start && address < lapack_end)
    atomic_fetch_add_explicit(&lapack_count, 1, memory_order_relaxed);
  else
    atomic_fetch_add_explicit(&own_count, 1, memory_order_relaxed);
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
#endif

void bench_allocations_reset(void) {
  atomic_store(&own_count, 0);
  atomic_store(&lapack_count, 0);
}

uint64_t bench_allocations_own(void) { return atomic_load(&own_count); }
uint64_t bench_allocations_lapack(void) { return atomic_load(&lapack_count); }
