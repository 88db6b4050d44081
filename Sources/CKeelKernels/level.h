/* Everything that is compiled once a level; no include guard on purpose. */
#include "vector.h"
#include "elementary.h"
#include "normal.h"
#include "random.h"
#include "columns.h"
#include "maps.h"
