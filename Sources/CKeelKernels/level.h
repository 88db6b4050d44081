/* Everything that is compiled once a level; no include guard on purpose. */
#include "vector.h"
#include "elementary.h"
#include "normal.h"
#include "random.h"
#include "products.h"
#include "maps.h"
