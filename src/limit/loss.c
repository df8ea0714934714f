#include "limit/loss.h"

#include <math.h>

double bs_loss_log_value(biascope_loss loss, double z) {
  if (loss == BIASCOPE_EXPONENTIAL || z > 40.0) return -z; /* log1p(x) = x to double precision */
  return log(z > 0.0 ? log1p(exp(-z)) : -z + log1p(exp(z)));
}

double bs_loss_log_slope(biascope_loss loss, double z, double *curvature) {
  const double small = exp(-fabs(z));
  *curvature = loss == BIASCOPE_EXPONENTIAL ? 1.0 : (z > 0.0 ? 1.0 : small) / (1.0 + small);
  return loss == BIASCOPE_EXPONENTIAL ? -z : -fmax(z, 0.0) - log1p(small);
}
