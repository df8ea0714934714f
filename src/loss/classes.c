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

/* e^x of every sample's classes (count x classes): of class j, sample b to weight[j * stride + b]. */
FASTEST_VOID(static, exponentials, (size_t classes, size_t count, const double *x, bs_weight *weight, size_t stride),
             (classes, count, x, weight, stride)) {
  enum { VECTOR = 8 };
  size_t b = 0, j = 0;
  for (size_t first = 0; first < classes * count; first += VECTOR) {
    const size_t cells = classes * count - first < VECTOR ? classes * count - first : VECTOR;
    double each[VECTOR] = {0.0}, mantissa[VECTOR], exponent[VECTOR];
    for (size_t i = 0; i < cells; i++) each[i] = x[first + i];
    for (size_t i = 0; i < VECTOR; i++) mantissa[i] = bs_exponential(BS_EACH_OF_VECTOR, each[i], &exponent[i]);
    for (size_t i = 0; i < cells; i++) {
      weight[j * stride + b] = (bs_weight){mantissa[i], (int64_t)exponent[i]};
      if (++j < classes) continue;
      j = 0;
      b++;
    }
  }
}

/* From e^(s_j - best), where `lead` is that of the sample's own class: s_own - best. */
static void divide(const bs_loss *loss, size_t classes, size_t own, double lead, bs_weight *weight, size_t stride) {
  double sum = 0.0, part, power;
  for (size_t j = 0; j < classes; j++)
    if (j != own) sum += weight[j * stride].mantissa * bs_power_of_two(weight[j * stride].exponent);
  loss->share(lead, sum, &part, &power);
  for (size_t j = 0; j < classes; j++) {
    weight[j * stride].mantissa *= -part;
    weight[j * stride].exponent += (int64_t)power;
  }
  weight[own * stride] = (bs_weight){sum * part, (int64_t)power};
}

void bs_classes_weigh(const bs_loss *loss, size_t classes, size_t count, double *score, const uint32_t *class_of,
                      const uint32_t *sample, bs_weight *weight, size_t stride) {
  for (size_t b = 0; b < count; b++) {
    const double best = best_other(classes, score + b * classes, class_of[sample[b]]);
    for (size_t j = 0; j < classes; j++) score[b * classes + j] -= best;
  }
  exponentials(classes, count, score, weight, stride);
  for (size_t b = 0; b < count; b++) {
    const size_t own = class_of[sample[b]];
    divide(loss, classes, own, score[b * classes + own], weight + b, stride);
  }
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
