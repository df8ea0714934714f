#include "loss/loss.h"

#include <string.h>

static const bs_loss *const LOSSES[] = {
    [BIASCOPE_LOGISTIC] = &bs_loss_logistic,           [BIASCOPE_EXPONENTIAL] = &bs_loss_exponential,
    [BIASCOPE_POLYNOMIAL] = &bs_loss_polynomial,       [BIASCOPE_PROBIT] = &bs_loss_probit,
    [BIASCOPE_SQUARED_HINGE] = &bs_loss_squared_hinge,
};

void bs_weigh_from_logs(double (*log_slope)(double z), size_t count, const double *margin, bs_weight *weight) {
  for (size_t i = 0; i < count; i++) weight[i] = bs_weight_from_log(log_slope(margin[i]));
}

void bs_loss_mean_add(bs_loss_mean *mean, double log_value) {
  if (log_value == -INFINITY) return; /* a loss of zero */
  if (log_value > mean->largest) {
    mean->sum = mean->sum * exp(mean->largest - log_value) + 1.0;
    mean->largest = log_value;
  } else {
    mean->sum += exp(log_value - mean->largest);
  }
}

double bs_loss_mean_log(const bs_loss_mean *mean, size_t count) {
  return mean->largest + log(mean->sum / (double)count);
}

const bs_loss *bs_loss_of(biascope_loss loss) {
  return (size_t)loss < sizeof LOSSES / sizeof LOSSES[0] ? LOSSES[loss] : NULL;
}

const bs_loss *bs_loss_named(const char *name) {
  const bs_loss *loss;
  for (int i = 0; (loss = bs_loss_of((biascope_loss)i)); i++)
    if (!strcmp(loss->name, name)) return loss;
  return NULL;
}
