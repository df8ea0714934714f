#include "margin/certificate.h"

#include "margin/norm.h"
#include <float.h>
#include <math.h>
#include <string.h>

bs_primal_certificate bs_certify_direction(const biascope_dataset *data, const biascope_norm *norm, const double *w) {
  long double least = INFINITY, least_size = 0.0L;
  bool positive = true;
  const size_t rows = bs_margin_rows(data);
  for (size_t i = 0; i < rows; i++) {
    const bs_margin_row row = bs_margin_row_of(data, i);
    long double sum = 0.0L, size = 0.0L;
    for (size_t part = 0; part < row.parts; part++) {
      const double *weights = w + row.first[part];
      long double of_part = 0.0L;
      for (size_t k = 0; k < row.count; k++) {
        const long double term = (long double)row.value[k] * (long double)weights[row.column ? row.column[k] : k];
        of_part += term;
        size += fabsl(term);
      }
      sum = part ? sum - of_part : of_part;
    }
    sum -= (long double)(row.parts * row.count + 2) * LDBL_EPSILON *
           size; /* its evaluation's error: what is left is proved */
    positive = positive && sum > 0.0L;
    if (sum < least) {
      least = sum;
      least_size = size;
    }
  }
  const long double length = bs_norm_value(norm, bs_margin_shape(data), w);
  return (bs_primal_certificate){.margin = length == 0.0L ? 0.0L : least / length,
                                 .rounding = least > 0.0L ? (double)(DBL_EPSILON * least_size / least) : INFINITY,
                                 .separates = positive};
}

void bs_combination_and_size(const biascope_dataset *data, const double *c, long double *u, long double *size) {
  const size_t rows = bs_margin_rows(data), d = bs_margin_weights(data);
  memset(u, 0, d * sizeof *u);
  memset(size, 0, d * sizeof *size);
  for (size_t i = 0; i < rows; i++) {
    if (!(c[i] > 0.0)) continue;
    const bs_margin_row row = bs_margin_row_of(data, i);
    for (size_t part = 0; part < row.parts; part++) {
      const long double scale = part ? -(long double)c[i] : (long double)c[i];
      long double *to = u + row.first[part], *size_to = size + row.first[part];
      for (size_t k = 0; k < row.count; k++) {
        const size_t column = row.column ? row.column[k] : k;
        const long double term = scale * (long double)row.value[k];
        to[column] += term;
        size_to[column] += fabsl(term);
      }
    }
  }
}

bs_dual_certificate bs_certify_dual(const biascope_dataset *data, const biascope_norm *norm, const double *c,
                                    long double *u, long double *size) {
  const size_t rows = bs_margin_rows(data);
  const bs_shape shape = bs_margin_shape(data);
  long double total = 0.0L;
  bs_combination_and_size(data, c, u, size);
  for (size_t i = 0; i < rows; i++) total += (long double)c[i];
  /* an error of u_k by at most e size_k raises ||u|| by at most e times the most that the norm is of such sizes */
  const long double length = bs_norm_dual_value(norm, shape, u), terms = bs_norm_dual_most(norm, shape, size);
  const long double error = (long double)(rows + 2) * LDBL_EPSILON * terms;
  return (bs_dual_certificate){.bound = (length + error) / total,
                               .rounding = length > 0.0L ? (double)(DBL_EPSILON * terms / length) : INFINITY};
}

double bs_farkas_residual(const biascope_dataset *data, const double *c, long double *u, long double *size) {
  long double largest = 0.0L;
  bs_combination_and_size(data, c, u, size);
  for (size_t k = 0; k < bs_margin_weights(data); k++)
    if (size[k] > 0.0L) largest = fmaxl(largest, fabsl(u[k]) / size[k]);
  return (double)largest;
}

void bs_count_support(biascope_margin *out) {
  out->support = 0;
  for (size_t i = 0; i < out->rows; i++) out->support += out->dual[i] > 0.0;
}

biascope_status bs_check_gap(const biascope_margin *out, double tolerance, biascope_error *error) {
  if (out->gap <= tolerance) return BIASCOPE_OK;
  return bs_fail(error, BIASCOPE_NOT_CONVERGED,
                 "the margin is certified to a relative gap of %.3g only, %.3g was asked for", out->gap, tolerance);
}
