// The only place that names the vendor. The prototypes that Keel uses are declared by CKeelShims,
// because Debian's OpenBLAS ships no LAPACKE and its cblas.h moves between directories.
#ifndef KEEL_COPENBLAS_SHIM_H
#define KEEL_COPENBLAS_SHIM_H
#endif
