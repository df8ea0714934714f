#include "margin/cholesky.h"

#include "base/dense.h"
#include "margin/kernel.h"
#include <math.h>

enum { SMALL = 64 };

static bool factor_small(size_t n, size_t stride, double *k) {
  for (size_t j = 0; j < n; j++) {
    double *pivot = k + j * stride;
    if (!(pivot[j] > 0.0) || !isfinite(pivot[j])) return false;
    const double inverse = 1.0 / sqrt(pivot[j]);
    for (size_t l = j; l < n; l++) pivot[l] *= inverse;
    for (size_t i = j + 1; i < n; i++) {
      double *row = k + i * stride;
      const double scale = pivot[i];
      for (size_t l = i; l < n; l++) row[l] -= scale * pivot[l];
    }
  }
  return true;
}

static void solve_small(size_t n, size_t stride, const double *u, double *x) {
  for (size_t j = 0; j < n; j++) {
    const double *row = u + j * stride;
    x[j] /= row[j];
    const double scale = x[j];
    for (size_t l = j + 1; l < n; l++) x[l] -= scale * row[l];
  }
  for (size_t j = n; j-- > 0;) {
    const double *row = u + j * stride;
    double sum = x[j];
    for (size_t l = j + 1; l < n; l++) sum -= row[l] * x[l];
    x[j] = sum / row[j];
  }
}

bool bs_cholesky_factor(size_t n, size_t stride, double *k) {
  if (n <= SMALL) return factor_small(n, stride, k);
  return bs_dense_cholesky(n, k, stride);
}

void bs_cholesky_solve(size_t n, size_t stride, const double *u, double *x) {
  if (n <= SMALL) {
    solve_small(n, stride, u, x);
    return;
  }
  bs_dense_cholesky_solve(n, u, stride, x);
}
