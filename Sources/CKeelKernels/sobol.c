/* The table of Sobol's sequence. */
#include "CKeelKernels.h"
#include "sobol_numbers.h"

int keel_sobol_dimensions(void) { return KEEL_SOBOL_DIMENSIONS; }

uint16_t keel_sobol_number(int dimension, int place) {
  if (dimension < 1 || dimension >= KEEL_SOBOL_DIMENSIONS || place < 0) return 0;
  const size_t begin = KEEL_SOBOL_BEGINS[dimension - 1];
  const size_t end = dimension + 1 < KEEL_SOBOL_DIMENSIONS
    ? KEEL_SOBOL_BEGINS[dimension] : sizeof KEEL_SOBOL_NUMBERS / sizeof *KEEL_SOBOL_NUMBERS;
  return (size_t)place < end - begin ? KEEL_SOBOL_NUMBERS[begin + (size_t)place] : 0;
}
