/* One implied volatility a call, once a level: the body of the columns in the narrowest vector,
   whose elements all hold the one option. Compiled apart from level.h; no include guard on purpose.

   Goals: the bits that the columns have on the same processor, little latency. */
#include "vector.h"
#include "elementary.h"
#include "extended.h"
#include "option_columns.h"
#include "black.h"
#include "implied_volatility.h"

static keel_implied FN(single_implied)(const keel_option_columns *columns) {
  FN(option_walk) walk;
  FN(option_walk_start)(&walk, columns, 0);
  FN(implied) y = FN(implied_vector)(&walk);
  return (keel_implied){y.volatility[0], y.sensitivity[0], (int)y.steps[0]};
}

#include "level_end.h"
