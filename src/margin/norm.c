#include "margin/norm.h"

#include "margin/matrix_norm.h"
#include <math.h>

biascope_status bs_norm_check(const biascope_norm *norm, const biascope_dataset *data, biascope_error *error) {
  const size_t features = biascope_dataset_features(data);
  if (norm->kind == BIASCOPE_LP && !(norm->p > 1.0 && isfinite(norm->p)))
    return bs_fail(error, BIASCOPE_USAGE, "an lp norm needs 1 < p < infinity, not p = %g", norm->p);
  if (norm->kind != BIASCOPE_MAHALANOBIS) return BIASCOPE_OK;
  if (!biascope_dataset_is_folded(data))
    return bs_fail(error, BIASCOPE_USAGE, "the Mahalanobis norm is for two classes, not %zu",
                   biascope_dataset_classes(data));
  if (!norm->metric)
    return bs_fail(error, BIASCOPE_USAGE, "the Mahalanobis norm needs a metric of %zu entries", features);
  for (size_t k = 0; k < features; k++) {
    if (!(norm->metric[k] > 0.0) || !isfinite(norm->metric[k]))
      return bs_fail(error, BIASCOPE_USAGE,
                     "metric entry %zu is %g; the Mahalanobis norm needs finite positive entries", k, norm->metric[k]);
  }
  return BIASCOPE_OK;
}

/* The dual of lp is lq with 1/p + 1/q = 1, of l1 linf, and of the metric M its inverse: so a norm is an
 * exponent (1 .. infinity) and, for Mahalanobis, weights. */
static long double exponent_of(const biascope_norm *norm) {
  switch (norm->kind) {
  case BIASCOPE_L1:
    return 1.0L;
  case BIASCOPE_LINF:
    return INFINITY;
  case BIASCOPE_LP:
    return (long double)norm->p;
  default:
    return 2.0L;
  }
}

/* Adds entry v to a sum of p-th powers relative to the largest entry, which never leaves the range. Other powers than
 * 1 and 2 have double precision: extended ones cost five times as much and the result is rounded to double. */
typedef struct {
  long double exponent, sum, largest;
} power_sum;

static void add(power_sum *total, long double v) {
  if (total->exponent == 1.0L)
    total->sum += v;
  else if (total->exponent == 2.0L)
    total->sum += v * v;
  else if (isfinite(total->exponent) && v > 0.0L)
    total->sum += (long double)pow((double)(v / total->largest), (double)total->exponent);
}

static long double root(const power_sum *total) {
  if (total->exponent == 1.0L) return total->sum;
  if (total->exponent == 2.0L) return sqrtl(total->sum);
  if (!isfinite(total->exponent) || total->largest == 0.0L) return total->largest;
  return total->largest * powl(total->sum, 1.0L / total->exponent);
}

static bool is_of_matrices(const biascope_norm *norm, bs_shape shape) {
  return shape.rows > 1 && (norm->kind == BIASCOPE_SPECTRAL || norm->kind == BIASCOPE_NUCLEAR);
}

long double bs_norm_value(const biascope_norm *norm, bs_shape shape, const double *w) {
  const size_t d = shape.rows * shape.columns;
  if (is_of_matrices(norm, shape)) {
    const bs_matrix_norms norms = bs_matrix_norms_of(shape.rows, shape.columns, w);
    return norm->kind == BIASCOPE_SPECTRAL ? norms.spectral : norms.nuclear;
  }
  power_sum total = {.exponent = exponent_of(norm)};
  for (size_t k = 0; k < d; k++) total.largest = fmaxl(total.largest, fabsl((long double)w[k]));
  for (size_t k = 0; k < d; k++)
    add(&total,
        fabsl((long double)w[k]) * (norm->kind == BIASCOPE_MAHALANOBIS ? sqrtl((long double)norm->metric[k]) : 1.0L));
  return root(&total);
}

long double bs_norm_dual_value(const biascope_norm *norm, bs_shape shape, const long double *u) {
  const size_t d = shape.rows * shape.columns;
  if (is_of_matrices(norm, shape)) {
    bs_matrix_norms norms;
    if (bs_bound_matrix_norms(shape.rows, shape.columns, u, &norms, NULL) != BIASCOPE_OK) return NAN;
    return norm->kind == BIASCOPE_SPECTRAL ? norms.nuclear : norms.spectral;
  }
  const long double p = exponent_of(norm);
  power_sum total = {.exponent = p == 1.0L ? INFINITY : isfinite(p) ? p / (p - 1.0L) : 1.0L};
  for (size_t k = 0; k < d; k++) total.largest = fmaxl(total.largest, fabsl(u[k]));
  for (size_t k = 0; k < d; k++)
    add(&total, fabsl(u[k]) / (norm->kind == BIASCOPE_MAHALANOBIS ? sqrtl((long double)norm->metric[k]) : 1.0L));
  return root(&total);
}

/* Entrywise norms are monotone. No norm of matrices exceeds the Frobenius norm by more than the root of the rank. */
long double bs_norm_dual_most(const biascope_norm *norm, bs_shape shape, const long double *size) {
  if (!is_of_matrices(norm, shape)) return bs_norm_dual_value(norm, shape, size);
  const biascope_norm frobenius = {.kind = BIASCOPE_L2};
  const size_t least = shape.rows < shape.columns ? shape.rows : shape.columns;
  return sqrtl((long double)least) * bs_norm_dual_value(&frobenius, shape, size);
}
