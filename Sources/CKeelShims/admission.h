// How many callers are inside BLAS at once. See Documentation/Decisions/0001-blas-threads.md.
//
// With one BLAS thread, LARGEST_CALLER_COUNT: every caller inside holds one of the library's memory
// buffers, of which the usual build has 128, and the library does not survive running out of them.
// With more BLAS threads, one: callers that share the library's pool slow each other down tens to
// hundreds of times, and have got wrong results in released versions.
//
// The counter has no influence on any result; it is this module's only state.
#ifndef KEEL_ADMISSION_H
#define KEEL_ADMISSION_H

enum { LARGEST_CALLER_COUNT = 64 };

// Waits for a place. Uncontended this is one atomic operation.
void keel_enter_blas(void);

// Gives the place back.
void keel_leave_blas(void);

#endif
