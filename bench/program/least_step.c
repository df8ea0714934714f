#include "least_step.h"

#include "base/clones.h"
#include <math.h>

enum { LANES = 8 };
static const double BETA1 = 0.9, BETA2 = 0.95;

FASTEST(static, double, dot, (size_t padded, const double *restrict x, const double *restrict w), (padded, x, w)) {
  double sum[LANES] = {0};
  for (size_t k = 0; k < padded; k += LANES) {
    for (size_t j = 0; j < LANES; j++) sum[j] += x[k + j] * w[k + j];
  }
  return ((sum[0] + sum[1]) + (sum[2] + sum[3])) + ((sum[4] + sum[5]) + (sum[6] + sum[7]));
}

FASTEST_VOID(static, step,
             (size_t padded, double slope, double eta, const double *restrict x, double *restrict w, double *restrict m,
              double *restrict v),
             (padded, slope, eta, x, w, m, v)) {
  for (size_t k = 0; k < padded; k++) {
    const double g = slope * x[k];
    m[k] = BETA1 * m[k] + (1.0 - BETA1) * g;
    v[k] = BETA2 * v[k] + (1.0 - BETA2) * g * g;
    w[k] -= eta * m[k] / sqrt(v[k]);
  }
}

double least_steps(size_t samples, size_t padded, const double *x, double *w, double *m, double *v, double eta,
                   uint64_t steps) {
  double margin = 0.0;
  size_t i = 0;
  for (uint64_t t = 0; t < steps; t++) {
    const double *row = x + i * padded;
    margin = dot(padded, row, w);
    step(padded, -1.0 / (1.0 + exp(margin)), eta, row, w, m, v);
    i = i + 1 < samples ? i + 1 : 0;
  }
  return margin;
}

FASTEST_VOID(extern, least_triad, (size_t n, double *restrict a, const double *restrict b, const double *restrict c),
             (n, a, b, c)) {
  for (size_t i = 0; i < n; i++) a[i] = b[i] + 3.0 * c[i];
}
