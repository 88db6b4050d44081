// The option kernel as a processor without fused operations runs it, which no public function asks
// for on a better one: the sources of the library, compiled for that level alone. And what it is
// held against, the textbook formula from the functions of libm.
#include "../../../Sources/CKeelKernels/include/CKeelKernels.h"

#include "../../../Sources/CKeelKernels/black_coefficients.h"
#include "../../../Sources/CKeelKernels/coefficients.h"
#include "../../../Sources/CKeelKernels/gamma_coefficients.h"
#include "../../../Sources/CKeelKernels/implied_start_coefficients.h"
#include "CBenchmarkSupport.h"

#include <math.h>

#pragma clang diagnostic ignored "-Wpsabi"
#pragma clang diagnostic ignored "-Wunused-function"
#pragma STDC FP_CONTRACT OFF

#define KEEL_SUFFIX _baseline
#define KEEL_WIDTH 4
#if defined(__ARM_FEATURE_FMA) || defined(__aarch64__) || defined(__FMA__)
#define KEEL_FMA 1
#else
#define KEEL_FMA 0
#endif
#include "../../../Sources/CKeelKernels/vector.h"
#include "../../../Sources/CKeelKernels/elementary.h"
#include "../../../Sources/CKeelKernels/extended.h"
#include "../../../Sources/CKeelKernels/option_columns.h"
#include "../../../Sources/CKeelKernels/black.h"
#include "../../../Sources/CKeelKernels/implied_volatility.h"
#include "../../../Sources/CKeelKernels/option_maps.h"

uint64_t bench_baseline_calls(double *to, const double *spots, const double *strikes,
                              const double *times, const double *volatilities, double rate,
                              uint64_t count) {
  const uint8_t call = 0;
  const double no_carry = 0;
  const keel_option_columns columns = {
    .inputs = {[KEEL_INPUT_SPOT] = spots, [KEEL_INPUT_STRIKE] = strikes,
               [KEEL_INPUT_TIME] = times, [KEEL_INPUT_VOLATILITY] = volatilities,
               [KEEL_INPUT_RATE] = &rate, [KEEL_INPUT_CARRY] = &no_carry},
    .steps = {[KEEL_INPUT_SPOT] = 1, [KEEL_INPUT_STRIKE] = 1, [KEEL_INPUT_TIME] = 1,
              [KEEL_INPUT_VOLATILITY] = 1},
    .kinds = &call,
  };
  return black_price_baseline(&columns, to, count, 0, count);
}

void bench_libm_calls(double *to, const double *spots, const double *strikes, const double *times,
                      const double *volatilities, double rate, uint64_t count) {
  for (uint64_t i = 0; i < count; i++) {
    double total = volatilities[i] * sqrt(times[i]);
    double d1 = (log(spots[i] / strikes[i]) + rate * times[i]) / total + 0.5 * total;
    double d2 = d1 - total, far = strikes[i] * exp(-rate * times[i]);
    to[i] = 0.5 * (spots[i] * erfc(-M_SQRT1_2 * d1) - far * erfc(-M_SQRT1_2 * d2));
  }
}
