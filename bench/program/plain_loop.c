#include "plain_loop.h"

#include <math.h>

static const double BETA1 = 0.9, BETA2 = 0.95;

void PLAIN_LOOP(size_t samples, size_t features, const double *restrict x, double *restrict w, double *restrict m,
                double *restrict v, double lr, uint64_t steps) {
  size_t i = 0;
  for (uint64_t t = 0; t < steps; t++) {
    const double *row = x + i * features;
    double margin = 0.0;
    for (size_t k = 0; k < features; k++) margin += row[k] * w[k];
    const double slope = -1.0 / (1.0 + exp(margin)), eta = lr / sqrt((double)t + 2.0);
    for (size_t k = 0; k < features; k++) {
      const double g = slope * row[k];
      m[k] = BETA1 * m[k] + (1.0 - BETA1) * g;
      v[k] = BETA2 * v[k] + (1.0 - BETA2) * g * g;
      w[k] -= eta * m[k] / sqrt(v[k]);
    }
    i = i + 1 < samples ? i + 1 : 0;
  }
}
