/* A walk over the columns of options by vectors, once a level.

   Goals: one loop body for columns, shared values and the last, partial vector; no allocation. A
   shared value is copied once over a vector on the stack, from which every step reads. */

typedef uint8_t FN(keel_bytes) __attribute__((ext_vector_type(KEEL_WIDTH)));

/* Where the bytes are zero. */
INLINE U FN(is_call)(const uint8_t *kinds) {
  FN(keel_bytes) bytes;
  __builtin_memcpy(&bytes, kinds, sizeof bytes);
  return (U)(__builtin_convertvector(bytes, U) == 0u);
}

/* Ones in the first `count` elements. */
INLINE U FN(first_elements)(size_t count) {
  uint64_t ones[KEEL_WIDTH];
  U mask;
  for (size_t j = 0; j < KEEL_WIDTH; j++) ones[j] = j < count ? ~(uint64_t)0 : 0;
  __builtin_memcpy(&mask, ones, sizeof mask);
  return mask;
}

/* Where the walk stands in each column. */
typedef struct {
  const double *inputs[KEEL_INPUT_COUNT];
  const uint8_t *kinds;
  size_t steps[KEEL_INPUT_COUNT], kind_step;
  double shared[KEEL_INPUT_COUNT][KEEL_WIDTH];
  uint8_t shared_kinds[KEEL_WIDTH];
  /* Whether the rate, or the carry yield, is zero for all. */
  int has_no_rate, has_no_carry;
} FN(option_walk);

/* Starts at option `first`. */
INLINE void FN(option_walk_start)(
  FN(option_walk) *walk, const keel_option_columns *columns, size_t first) {
  for (int k = 0; k < KEEL_INPUT_COUNT; k++) {
    walk->steps[k] = columns->steps[k] * KEEL_WIDTH;
    walk->inputs[k] = columns->steps[k] ? columns->inputs[k] + first : walk->shared[k];
    if (columns->steps[k]) continue;
    for (int j = 0; j < KEEL_WIDTH; j++) walk->shared[k][j] = *columns->inputs[k];
  }
  walk->has_no_rate = !columns->steps[KEEL_INPUT_RATE] && *columns->inputs[KEEL_INPUT_RATE] == 0.0;
  walk->has_no_carry =
    !columns->steps[KEEL_INPUT_CARRY] && *columns->inputs[KEEL_INPUT_CARRY] == 0.0;
  walk->kind_step = columns->kind_step * KEEL_WIDTH;
  walk->kinds = columns->kind_step ? columns->kinds + first : walk->shared_kinds;
  if (!columns->kind_step) __builtin_memset(walk->shared_kinds, *columns->kinds, KEEL_WIDTH);
}

/* Moves the walk on by `count` elements. */
INLINE void FN(option_walk_skip)(
  FN(option_walk) *walk, const keel_option_columns *columns, size_t count) {
  for (int k = 0; k < KEEL_INPUT_COUNT; k++) walk->inputs[k] += columns->steps[k] * count;
  walk->kinds += columns->kind_step * count;
}

/* The number of elements, less than a vector's, before one at which a vector of `output` lies within a line
   of the cache, where there are vectors enough for that to pay; a store across two lines takes twice the
   time. */
INLINE size_t FN(elements_unaligned)(const double *output, size_t n) {
  return n < 4 * KEEL_WIDTH ? 0 : (size_t)(-(uintptr_t)output / sizeof *output) % KEEL_WIDTH;
}

INLINE void FN(option_walk_step)(FN(option_walk) *walk) {
  for (int k = 0; k < KEEL_INPUT_COUNT; k++) walk->inputs[k] += walk->steps[k];
  walk->kinds += walk->kind_step;
}

/* Moves the walk to copies of the last `count` elements, fewer than a vector, filled up with
   ones. */
INLINE void FN(option_walk_finish)(FN(option_walk) *walk, size_t count) {
  for (int k = 0; k < KEEL_INPUT_COUNT; k++) {
    if (!walk->steps[k]) continue;
    for (size_t j = 0; j < KEEL_WIDTH; j++)
      walk->shared[k][j] = j < count ? walk->inputs[k][j] : 1.0;
    walk->inputs[k] = walk->shared[k];
  }
  if (!walk->kind_step) return;
  for (size_t j = 0; j < KEEL_WIDTH; j++) walk->shared_kinds[j] = j < count ? walk->kinds[j] : 0;
  walk->kinds = walk->shared_kinds;
}
