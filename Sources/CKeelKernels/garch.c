/* The log-likelihood of GARCH, GJR and EGARCH models of any order with two derivatives. The recursion
   is differentiated: d and dd are the derivatives of the state (the variance, or its logarithm) in the
   parameters of the recursion, dd by the lower triangle. The start variance may depend on the mean. */
#include "CKeelKernels.h"
#include <math.h>

static inline size_t place(size_t i, size_t j) {
  return i >= j ? i * (i + 1) / 2 + j : j * (j + 1) / 2 + i;
}

/* The log-density at z with its derivatives. */
typedef struct {
  double value, z, zz, nu, lambda, z_nu, z_lambda, nu_nu, nu_lambda, lambda_lambda;
} law_values;

static law_values values_of(const double *law, double z) {
  law_values r = {0};
  if (law[0] == 0) {
    r.value = law[2] - 0.5 * z * z;
    r.z = -z;
    r.zz = -1;
    return r;
  }
  double w = z;
  const double *shift = law + 20, *slope = law + 26;
  if (law[0] == 2) {
    w = shift[0] + slope[0] * z;
    if (w < 0) {
      shift = law + 8;
      slope = law + 14;
      w = shift[0] + slope[0] * z;
    }
  }
  const double nu = law[1], rest = nu - 2, half = 0.5 * (nu + 1), square = w * w;
  const double u = 1 / (rest + square), logarithm = log1p(square / rest);
  const double k_w = -(nu + 1) * w * u, k_ww = -(nu + 1) * u * (1 - 2 * square * u);
  const double share = square * u / rest, k_nu = half * share - 0.5 * logarithm;
  const double k_w_nu = w * u * ((nu + 1) * u - 1);
  const double k_nu_nu = share * (1 - half * (u + 1 / rest));
  r.value = law[2] - half * logarithm;
  if (law[0] == 1) {
    r.z = k_w;
    r.zz = k_ww;
    r.nu = law[3] + k_nu;
    r.z_nu = k_w_nu;
    r.nu_nu = law[5] + k_nu_nu;
    return r;
  }
  const double b = slope[0], w_nu = shift[1] + slope[1] * z, w_lambda = shift[2] + slope[2] * z;
  r.z = k_w * b;
  r.zz = k_ww * b * b;
  r.nu = law[3] + k_w * w_nu + k_nu;
  r.lambda = law[4] + k_w * w_lambda;
  r.z_nu = b * (k_ww * w_nu + k_w_nu) + k_w * slope[1];
  r.z_lambda = b * k_ww * w_lambda + k_w * slope[2];
  r.nu_nu = law[5] + k_ww * w_nu * w_nu + k_w * (shift[3] + slope[3] * z) + 2 * k_w_nu * w_nu
    + k_nu_nu;
  r.nu_lambda = law[6] + k_ww * w_nu * w_lambda + k_w * (shift[4] + slope[4] * z)
    + k_w_nu * w_lambda;
  r.lambda_lambda = law[7] + k_ww * w_lambda * w_lambda + k_w * (shift[5] + slope[5] * z);
  return r;
}

/* The numbers of lags are constants where this is inlined. */
static inline __attribute__((always_inline)) void pass(
  int is_log, size_t has_mean, size_t p, size_t o, size_t q, size_t shapes, int has_slopes,
  const double *restrict parameters, const double *restrict law, const double *restrict starts,
  const double *restrict returns, size_t n, double *restrict work, double *restrict out) {
  const size_t m = has_mean + 1 + p + o + q, packed = m * (m + 1) / 2, count = m + shapes;
  /* A power of two, for cheap remainders. */
  size_t ring = 1;
  while (ring < p || ring < o || ring < q) ring *= 2;
  const double mean = has_mean ? parameters[0] : 0, center = 0.797884560802865356;
  const double start = starts[0], ratio = starts[1] / start;
  const double first_state = is_log ? log(start) : start;
  const double first_slope = is_log ? ratio : starts[1];
  const double first_curve = is_log ? starts[2] / start - ratio * ratio : starts[2];
  double *states = work, *errors = states + n, *first = errors + n, *second = first + ring * m;
  double *error_first = second + ring * packed, *error_second = error_first + ring * m;
  double *d = error_second + ring * packed, *dd = d + m, *score = dd + packed;
  double *gradient = out + 1, *hessian = gradient + count, *outer = hessian + count * count;
  const size_t size = has_slopes ? 1 + count + 2 * count * count : 1;
  for (size_t i = 0; i < size; i++) out[i] = 0;
  for (size_t t = 0; t < n; t++) {
    if (has_slopes) {
      for (size_t i = 0; i < m; i++) d[i] = 0;
      for (size_t i = 0; i < packed; i++) dd[i] = 0;
      d[has_mean] = 1;
    }
    size_t index = has_mean + 1;
    double state = parameters[has_mean];
    for (size_t k = 0; k < p + o; k++, index++) {
      const int is_asymmetric = k >= p;
      const size_t lag = 1 + (is_asymmetric ? k - p : k);
      const double weight = parameters[index];
      if (!is_log) {
        double square = is_asymmetric ? 0.5 * start : start;
        if (t >= lag) {
          const double e = returns[t - lag] - mean;
          if (is_asymmetric && !(e < 0)) continue;
          square = e * e;
          if (has_mean && has_slopes) {
            d[0] -= 2 * weight * e;
            dd[0] += 2 * weight;
            dd[place(index, 0)] -= 2 * e;
          }
        } else if (has_mean && has_slopes) {
          const double share = is_asymmetric ? 0.5 : 1;
          d[0] += weight * share * starts[1];
          dd[0] += weight * share * starts[2];
          dd[place(index, 0)] += share * starts[1];
        }
        state += weight * square;
        if (has_slopes) d[index] += square;
      } else if (t >= lag) {
        const double z = errors[t - lag], sign = !is_asymmetric && z < 0 ? -1 : 1;
        const double shock = is_asymmetric ? z : fabs(z) - center;
        const double *f = error_first + ((t - lag) & (ring - 1)) * m;
        const double *s = error_second + ((t - lag) & (ring - 1)) * packed;
        state += weight * shock;
        if (!has_slopes) continue;
        d[index] += shock;
        for (size_t i = 0; i < m; i++) {
          d[i] += weight * sign * f[i];
          dd[place(index, i)] += (i == index ? 2 : 1) * sign * f[i];
        }
        for (size_t i = 0; i < packed; i++) dd[i] += weight * sign * s[i];
      }
    }
    for (size_t lag = 1; lag <= q; lag++, index++) {
      const double weight = parameters[index];
      const double past = t >= lag ? states[t - lag] : first_state;
      state += weight * past;
      if (!has_slopes) continue;
      d[index] += past;
      if (t < lag) {
        if (has_mean) {
          d[0] += weight * first_slope;
          dd[0] += weight * first_curve;
          dd[place(index, 0)] += first_slope;
        }
        continue;
      }
      const double *f = first + ((t - lag) & (ring - 1)) * m, *s = second + ((t - lag) & (ring - 1)) * packed;
      for (size_t i = 0; i < m; i++) {
        d[i] += weight * f[i];
        dd[place(index, i)] += (i == index ? 2 : 1) * f[i];
      }
      for (size_t i = 0; i < packed; i++) dd[i] += weight * s[i];
    }
    states[t] = state;
    if (!has_slopes) {
      const double level = is_log ? state : log(state);
      const double z = (returns[t] - mean) * exp(-0.5 * level);
      errors[t] = z;
      out[0] += values_of(law, z).value - 0.5 * level;
      continue;
    }
    double *f = first + (t & (ring - 1)) * m, *s = second + (t & (ring - 1)) * packed;
    for (size_t i = 0; i < m; i++) f[i] = d[i];
    for (size_t i = 0; i < packed; i++) s[i] = dd[i];
    double level = state;
    if (!is_log) {
      const double inverse = 1 / state;
      level = log(state);
      for (size_t i = 0; i < m; i++) d[i] *= inverse;
      for (size_t i = 0, k = 0; i < m; i++)
        for (size_t j = 0; j <= i; j++, k++) dd[k] = dd[k] * inverse - d[i] * d[j];
    }
    const double root = exp(-0.5 * level), z = (returns[t] - mean) * root;
    const law_values v = values_of(law, z);
    errors[t] = z;
    out[0] += v.value - 0.5 * level;
    f = error_first + (t & (ring - 1)) * m;
    s = error_second + (t & (ring - 1)) * packed;
    for (size_t i = 0; i < m; i++) {
      f[i] = -0.5 * z * d[i] - (has_mean && i == 0 ? root : 0);
      score[i] = v.z * f[i] - 0.5 * d[i];
    }
    if (count > m) score[m] = v.nu;
    if (count > m + 1) score[m + 1] = v.lambda;
    for (size_t i = 0, k = 0; i < m; i++) {
      for (size_t j = 0; j <= i; j++, k++) {
        double curve = 0.25 * z * d[i] * d[j] - 0.5 * z * dd[k];
        if (has_mean && i == 0) curve += 0.5 * root * d[j];
        if (has_mean && j == 0) curve += 0.5 * root * d[i];
        s[k] = curve;
        hessian[i + j * count] += v.zz * f[i] * f[j] + v.z * curve - 0.5 * dd[k];
      }
      if (count > m) hessian[m + i * count] += v.z_nu * f[i];
      if (count > m + 1) hessian[m + 1 + i * count] += v.z_lambda * f[i];
    }
    if (count > m) hessian[m + m * count] += v.nu_nu;
    if (count > m + 1) {
      hessian[m + 1 + m * count] += v.nu_lambda;
      hessian[m + 1 + (m + 1) * count] += v.lambda_lambda;
    }
    for (size_t j = 0; j < count; j++) {
      gradient[j] += score[j];
      for (size_t i = j; i < count; i++) outer[i + j * count] += score[i] * score[j];
    }
    if (!isfinite(out[0])) break;
  }
  if (!has_slopes) return;
  for (size_t j = 0; j < count; j++) {
    for (size_t i = 0; i < j; i++) {
      hessian[i + j * count] = hessian[j + i * count];
      outer[i + j * count] = outer[j + i * count];
    }
  }
}

void keel_garch(
  const struct keel_garch_model *model, const double *parameters, const double *law, const double *start,
  const double *returns, size_t n, int has_slopes, double *work, double *out) {
  const struct keel_garch_model g = *model;
  /* The usual EGARCH has loops of known length. */
  if (has_slopes && g.is_logarithmic && g.has_mean && g.shocks == 1 && g.asymmetries == 1
      && g.variances == 1) {
    if (g.shapes == 0)
      pass(1, 1, 1, 1, 1, 0, 1, parameters, law, start, returns, n, work, out);
    else if (g.shapes == 1)
      pass(1, 1, 1, 1, 1, 1, 1, parameters, law, start, returns, n, work, out);
    else
      pass(1, 1, 1, 1, 1, 2, 1, parameters, law, start, returns, n, work, out);
    return;
  }
  pass(
    g.is_logarithmic, g.has_mean, g.shocks, g.asymmetries, g.variances, g.shapes, has_slopes,
    parameters, law, start, returns, n, work, out);
}
