#include "margin/certificate.h"

#include "margin/norm.h"
#include <float.h>
#include <math.h>
#include <string.h>

bs_primal_certificate bs_certify_direction(const biascope_dataset *data, const biascope_norm *norm, const double *w) {
  long double least = INFINITY, least_size = 0.0L;
  bool positive = true;
  for (size_t i = 0; i < data->samples; i++) {
    const bs_row row = bs_row_of(data, i);
    long double sum = 0.0L, size = 0.0L;
    for (size_t k = 0; k < row.count; k++) {
      const long double term = (long double)row.value[k] * (long double)w[bs_row_column(&row, k)];
      sum += term;
      size += fabsl(term);
    }
    sum -= (long double)(row.count + 2) * LDBL_EPSILON * size; /* its evaluation's error: what is left is proved */
    positive = positive && sum > 0.0L;
    if (sum < least) {
      least = sum;
      least_size = size;
    }
  }
  const long double length = bs_norm_value(norm, data->features, w);
  return (bs_primal_certificate){.margin = length > 0.0L ? least / length : 0.0L,
                                 .rounding = least > 0.0L ? (double)(DBL_EPSILON * least_size / least) : INFINITY,
                                 .separates = positive};
}

void bs_combination_and_size(const biascope_dataset *data, const double *c, long double *u, long double *size) {
  memset(u, 0, data->features * sizeof *u);
  memset(size, 0, data->features * sizeof *size);
  for (size_t i = 0; i < data->samples; i++) {
    const bs_row row = bs_row_of(data, i);
    for (size_t k = 0; k < row.count && c[i] > 0.0; k++) {
      const long double term = (long double)c[i] * (long double)row.value[k];
      u[bs_row_column(&row, k)] += term;
      size[bs_row_column(&row, k)] += fabsl(term);
    }
  }
}

bs_dual_certificate bs_certify_dual(const biascope_dataset *data, const biascope_norm *norm, const double *c,
                                    long double *u, long double *size) {
  const size_t d = data->features;
  long double total = 0.0L;
  bs_combination_and_size(data, c, u, size);
  for (size_t i = 0; i < data->samples; i++) total += (long double)c[i];
  /* both norms are monotone: an error of u_k by at most e size_k raises ||u|| by at most e ||size|| */
  const long double length = bs_norm_dual_value(norm, d, u), terms = bs_norm_dual_value(norm, d, size);
  const long double error = (long double)(data->samples + 2) * LDBL_EPSILON * terms;
  return (bs_dual_certificate){.bound = (length + error) / total,
                               .rounding = length > 0.0L ? (double)(DBL_EPSILON * terms / length) : INFINITY};
}

double bs_farkas_residual(const biascope_dataset *data, const double *c, long double *u, long double *size) {
  long double largest = 0.0L;
  bs_combination_and_size(data, c, u, size);
  for (size_t k = 0; k < data->features; k++)
    if (size[k] > 0.0L) largest = fmaxl(largest, fabsl(u[k]) / size[k]);
  return (double)largest;
}
