#ifndef KEEL_ALLOCATION_COUNTER_H
#define KEEL_ALLOCATION_COUNTER_H

#include <stdint.h>

// The number of allocations that this thread has asked the C library for, those of the BLAS and
// LAPACK library left out. Zero for ever where nothing is counted: under a sanitizer, which has an
// allocator of its own, and off Linux.
uint64_t keel_allocation_count(void);

#endif
