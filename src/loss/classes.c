#include "loss/classes.h"

#include "base/exponential.h"

static double best_other(size_t classes, const double *score, size_t own) {
  double best = -INFINITY;
  for (size_t j = 0; j < classes; j++)
    if (j != own && score[j] > best) best = score[j];
  return best;
}

double bs_classes_margin(size_t classes, const double *score, size_t own) {
  const double best = best_other(classes, score, own);
  double sum = 0.0;
  for (size_t j = 0; j < classes; j++)
    if (j != own) sum += exp(score[j] - best);
  return score[own] - best - log(sum);
}

/* e^(s_j - best) of each class; returns their sum without the sample's own class. */
FASTEST(static, double, relate,
        (size_t classes, const double *score, size_t own, double best, bs_weight *weight, size_t stride),
        (classes, score, own, best, weight, stride)) {
  enum { VECTOR = 8, LEAST_EXPONENT = -1022 };
  double sum = 0.0;
  for (size_t first = 0; first < classes; first += VECTOR) {
    const size_t count = classes - first < VECTOR ? classes - first : VECTOR;
    double behind[VECTOR] = {0.0}, mantissa[VECTOR], exponent[VECTOR];
    for (size_t j = 0; j < count; j++) behind[j] = score[first + j] - best;
    for (size_t j = 0; j < VECTOR; j++) mantissa[j] = bs_exponential(BS_EACH_OF_VECTOR, behind[j], &exponent[j]);
    for (size_t j = 0; j < count; j++) {
      weight[(first + j) * stride] = (bs_weight){mantissa[j], (int64_t)exponent[j]};
      if (first + j != own && exponent[j] >= LEAST_EXPONENT) sum += mantissa[j] * bs_whole_power(exponent[j]);
    }
  }
  return sum;
}

void bs_classes_weigh(const bs_loss *loss, size_t classes, const double *score, size_t own, bs_weight *weight,
                      size_t stride) {
  const double best = best_other(classes, score, own), sum = relate(classes, score, own, best, weight, stride);
  double part, power;
  loss->share(score[own] - best, sum, &part, &power);
  for (size_t j = 0; j < classes; j++) {
    weight[j * stride].mantissa *= -part;
    weight[j * stride].exponent += (int64_t)power;
  }
  weight[own * stride] = (bs_weight){sum * part, (int64_t)power};
}

double bs_classes_soft_margin(size_t rows, const double *margin) {
  double least = INFINITY, sum = 0.0;
  for (size_t j = 0; j < rows; j++) least = fmin(least, margin[j]);
  for (size_t j = 0; j < rows; j++) sum += exp(least - margin[j]);
  return least - log(sum);
}

double bs_classes_slopes(const bs_loss *loss, size_t rows, const double *margin, double *log_slope, double *share) {
  const double z = bs_classes_soft_margin(rows, margin), log_own = loss->log_slope(z);
  for (size_t j = 0; j < rows; j++) {
    const double beyond = z - margin[j];
    log_slope[j] = log_own + beyond;
    if (share) share[j] = exp(beyond);
  }
  return loss->slope_decay(z);
}
