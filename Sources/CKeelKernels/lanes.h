/* Positions in four lanes, once a level. Lane k holds the elements k, k + 4, ...; sums run lane by lane,
   then in pairs over the lanes, and no product is fused, so that the bits are the same at every level.
   Arrays have a multiple of four elements; zeros stand behind the last position. */

#define Q FN(keel_lanes)
#define R FN(keel_lane_bits)

typedef double Q __attribute__((ext_vector_type(4)));
typedef uint64_t R __attribute__((ext_vector_type(4)));

INLINE Q FN(load_lanes)(const double *x) {
  Q v;
  __builtin_memcpy(&v, x, sizeof v);
  return v;
}

INLINE void FN(store_lanes)(double *y, Q v) { __builtin_memcpy(y, &v, sizeof v); }

INLINE Q FN(choose_lanes)(R mask, Q a, Q b) { return (Q)((mask & (R)a) | (~mask & (R)b)); }

INLINE Q FN(lane_magnitude)(Q v) { return (Q)((R)v & 0x7fffffffffffffffu); }

INLINE double FN(lane_sum)(Q v) { return (v[0] + v[2]) + (v[1] + v[3]); }

/* The larger of two, the first where one is NaN. */
INLINE Q FN(larger_lanes)(Q a, Q b) { return FN(choose_lanes)((R)(b > a), b, a); }

/* The smaller of two, the first where one is NaN. */
INLINE Q FN(smaller_lanes)(Q a, Q b) { return FN(choose_lanes)((R)(b < a), b, a); }

INLINE double FN(largest_lane)(Q v) {
  const double first = v[2] > v[0] ? v[2] : v[0], second = v[3] > v[1] ? v[3] : v[1];
  return first > second ? first : second;
}

static double FN(grow_lanes)(
  const double *restrict x, const double *restrict returns, size_t stride, size_t n,
  double *restrict y, double *restrict least) {
  Q sum = (Q)0.0, low = sum;
  size_t i = 0;
  for (; i + 4 <= n; i += 4) {
    const double *r = returns + i * stride;
    const Q v = {r[0], r[stride], r[2 * stride], r[3 * stride]}, held = FN(load_lanes)(x + i);
    const Q grown = held + held * v;
    low = FN(smaller_lanes)(low, v);
    FN(store_lanes)(y + i, grown);
    sum += grown;
  }
  if (i < n) {
    Q v = (Q)0.0;
    const Q held = FN(load_lanes)(x + i);
    for (size_t k = i; k < n; k++) v[k - i] = returns[k * stride];
    const Q grown = held + held * v;
    low = FN(smaller_lanes)(low, v);
    FN(store_lanes)(y + i, grown);
    sum += grown;
  }
  *least = -FN(largest_lane)(-low);
  return FN(lane_sum)(sum);
}

static double FN(trade_lanes)(
  const double *restrict x, const double *restrict shares, double value, size_t n,
  double *restrict sold) {
  const Q total = (Q)value;
  Q traded = (Q)0.0, sales = traded;
  for (size_t i = 0; i < n; i += 4) {
    const Q share = FN(load_lanes)(shares + i), difference = share * total - FN(load_lanes)(x + i);
    traded += FN(lane_magnitude)(difference);
    sales += (Q)((R)(difference < 0.0) & (R)share);
  }
  *sold = FN(lane_sum)(sales);
  return FN(lane_sum)(traded);
}

static double FN(excess_lanes)(
  const double *restrict x, const double *restrict shares, double value,
  const double *restrict limits, size_t n) {
  const Q total = (Q)value, none = (Q)-__builtin_inf();
  Q largest = none;
  for (size_t i = 0; i < n; i += 4) {
    const Q difference = FN(load_lanes)(x + i) - FN(load_lanes)(shares + i) * total;
    const Q excess = FN(lane_magnitude)(difference) - FN(load_lanes)(limits + i) * total;
    largest = FN(larger_lanes)(largest, FN(choose_lanes)((R)(difference == 0.0), none, excess));
  }
  return FN(largest_lane)(largest);
}

/* Here a lane is a row, and what was a lane above is one of four sums, so that the bits are the same. */

INLINE Q FN(row_sum)(const Q *s) { return (s[0] + s[2]) + (s[1] + s[3]); }

INLINE Q FN(grown_rows)(const double *restrict returns, double share) {
  return share + share * FN(load_lanes)(returns);
}

/* What trades from grown shares to shares of a value come to in four rows. */
INLINE Q FN(traded_rows)(
  const double *restrict shares, size_t n, const double *restrict returns, size_t stride, Q value,
  Q *sold) {
  Q traded[4] = {0.0, 0.0, 0.0, 0.0}, sales[4] = {0.0, 0.0, 0.0, 0.0};
  size_t j = 0;
  for (; j + 4 <= n; j += 4) {
#pragma clang loop unroll(full)
    for (size_t k = 0; k < 4; k++) {
      const double share = shares[j + k];
      const Q difference = share * value - FN(grown_rows)(returns + (j + k) * stride, share);
      traded[k] += FN(lane_magnitude)(difference);
      sales[k] += (Q)((R)(difference < 0.0) & (R)(Q)share);
    }
  }
  for (; j < n; j++) {
    const double share = shares[j];
    const Q difference = share * value - FN(grown_rows)(returns + j * stride, share);
    traded[j % 4] += FN(lane_magnitude)(difference);
    sales[j % 4] += (Q)((R)(difference < 0.0) & (R)(Q)share);
  }
  *sold = FN(row_sum)(sales);
  return FN(row_sum)(traded);
}

static void FN(rebalance_rows)(
  const double *restrict shares, size_t n, const double *restrict returns, size_t stride, size_t rows,
  double cash, double share_sum, double cost, const keel_rebalanced_rows *output) {
  for (size_t t = 0; t + 4 <= rows; t += 4) {
    Q sum[4] = {0.0, 0.0, 0.0, 0.0}, low[4] = {0.0, 0.0, 0.0, 0.0};
    size_t j = 0;
    for (; j + 4 <= n; j += 4) {
#pragma clang loop unroll(full)
      for (size_t k = 0; k < 4; k++) {
        const double *r = returns + t + (j + k) * stride;
        low[k] = FN(smaller_lanes)(low[k], FN(load_lanes)(r));
        sum[k] += FN(grown_rows)(r, shares[j + k]);
      }
    }
    for (; j < n; j++) {
      const double *r = returns + t + j * stride;
      low[j % 4] = FN(smaller_lanes)(low[j % 4], FN(load_lanes)(r));
      sum[j % 4] += FN(grown_rows)(r, shares[j]);
    }
    const Q before = cash + FN(row_sum)(sum);
    Q sold;
    const Q first = FN(traded_rows)(shares, n, returns + t, stride, before, &sold);
    const Q after = before - cost * first / (1.0 + cost * (share_sum - 2.0 * sold));
    FN(store_lanes)(output->traded + t,
      FN(traded_rows)(shares, n, returns + t, stride, after, &sold));
    FN(store_lanes)(output->before + t, before);
    FN(store_lanes)(output->after + t, after);
    FN(store_lanes)(output->least + t,
      FN(smaller_lanes)(
        FN(smaller_lanes)(low[0], low[2]), FN(smaller_lanes)(low[1], low[3])));
  }
}

#undef Q
#undef R
