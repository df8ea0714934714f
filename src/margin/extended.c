#include "margin/extended.h"

#include <math.h>
#include <string.h>

static const double MOST_PRODUCTS = 2e7; /* some 50 ms a factor; double precision takes a thousandth */

bool bs_extended_affordable(const bs_matrix *x, bool by_sample) {
  const double n = (double)x->rows, d = (double)x->columns;
  return (by_sample ? n * n * d : n * d * d) <= MOST_PRODUCTS;
}

/* Row i, in place where it is dense. */
static const double *row_of(const bs_matrix *x, size_t i, double *scratch) {
  if (x->dense && x->classes == 1) return x->dense + i * x->stride;
  memset(scratch, 0, x->columns * sizeof *scratch);
  bs_matrix_row(x, i, scratch);
  return scratch;
}

void bs_extended_sample_gram(const bs_matrix *x, const double *weight, const double *diagonal, double border,
                             const double *rho, double *scratch, long double *k) {
  const size_t n = x->rows, d = x->columns;
  for (size_t i = 0; i < n; i++) {
    for (size_t j = i; j < n; j++) {
      const double *a = row_of(x, i, scratch), *b = row_of(x, j, scratch + d);
      long double sum = i == j ? (long double)diagonal[i] : 0.0L;
      for (size_t f = 0; f < d; f++) sum += (long double)weight[f] * (long double)a[f] * (long double)b[f];
      k[i * n + j] = sum + (long double)border * (long double)rho[i] * (long double)rho[j];
    }
  }
}

void bs_extended_feature_gram(const bs_matrix *x, const double *weight, const double *diagonal, const double *m,
                              const double *rho, double *scratch, long double *k) {
  const size_t n = x->rows, d = x->columns;
  memset(k, 0, d * d * sizeof *k);
  for (size_t f = 0; f < d; f++) k[f * d + f] = (long double)diagonal[f];
  for (size_t i = 0; i < n; i++) {
    const double *row = row_of(x, i, scratch);
    for (size_t f = 0; f < d; f++) {
      const long double centred = (long double)row[f] - (long double)rho[i] * (long double)m[f];
      const long double weighted = (long double)weight[i] * centred;
      for (size_t g = f; g < d; g++)
        k[f * d + g] += weighted * ((long double)row[g] - (long double)rho[i] * (long double)m[g]);
    }
  }
}

bool bs_extended_factor(size_t n, long double *k) {
  for (size_t j = 0; j < n; j++) {
    long double *pivot = k + j * n;
    if (!(pivot[j] > 0.0L) || !isfinite(pivot[j])) return false;
    const long double root = sqrtl(pivot[j]);
    for (size_t l = j; l < n; l++) pivot[l] /= root;
    for (size_t i = j + 1; i < n; i++) {
      for (size_t l = i; l < n; l++) k[i * n + l] -= pivot[i] * pivot[l];
    }
  }
  return true;
}

void bs_extended_solve(size_t n, const long double *u, double *x) {
  for (size_t j = 0; j < n; j++) {
    long double sum = (long double)x[j];
    for (size_t i = 0; i < j; i++) sum -= u[i * n + j] * (long double)x[i];
    x[j] = (double)(sum / u[j * n + j]);
  }
  for (size_t j = n; j-- > 0;) {
    long double sum = (long double)x[j];
    for (size_t l = j + 1; l < n; l++) sum -= u[j * n + l] * (long double)x[l];
    x[j] = (double)(sum / u[j * n + j]);
  }
}
