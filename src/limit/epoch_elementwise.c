/* Rules that treat every coordinate by itself: m / sqrt(v) and sign(m). */
#include "limit/epoch_block.h"

#include "base/vector.h"
#include "limit/moving_average.h"
#include <math.h>
#include <string.h>

/* gradient_t = mean over batch t of c_i x_i, on coordinates first .. first + width - 1. */
void bs_epoch_fill_gradients(bs_epoch_map *map, const bs_schedule *schedule, size_t first, size_t width) {
  for (size_t t = 0; t < schedule->steps; t++) {
    double *gradient = map->gradient + t * width;
    memset(gradient, 0, width * sizeof *gradient);
    const double share = 1.0 / (double)(schedule->start[t + 1] - schedule->start[t]);
    for (size_t n = schedule->start[t]; n < schedule->start[t + 1]; n++) {
      const size_t i = schedule->sample[n];
      bs_axpy(width, share * map->weight[i], map->rows + i * map->features + first, gradient);
    }
  }
}

/* Adds the updates of all steps to direction, and leaves dD/dm in momentum and 2 dD/dv in second (ratio), or
 * dD/dm alone (sign). */
static void apply_rule(bs_epoch_map *map, const bs_epoch_rule *rule, size_t steps, size_t first, size_t width,
                       double *direction) {
  const bool sign = rule->rule == BS_RULE_SIGN;
  for (size_t t = 0; t < steps; t++) {
    double *momentum = map->momentum + t * width, *second = map->second + t * width;
    for (size_t k = 0; k < width; k++) {
      const double floor_k = rule->smoothing * map->scale[first + k], m = momentum[k];
      const double v = (sign ? m * m : second[k]) + floor_k * floor_k;
      const double inverse = v > 0.0 ? 1.0 / sqrt(v) : 0.0;
      direction[first + k] += m * inverse;
      if (sign) {
        momentum[k] = floor_k * floor_k * inverse * inverse * inverse;
      } else {
        momentum[k] = inverse;
        second[k] = -m * inverse * inverse * inverse;
      }
    }
  }
}

/* sensitivity row l += c_l x_l (elementwise *) the sum over l's steps of dD/dG_t / |B_t|. */
static void add_sensitivity(bs_epoch_map *map, const bs_epoch_rule *rule, const bs_schedule *schedule, size_t first,
                            size_t width, double *sensitivity) {
  const size_t steps = schedule->steps;
  bs_periodic_average_transposed(steps, width, rule->beta1, map->momentum, map->momentum, map->state);
  if (rule->rule == BS_RULE_RATIO) {
    bs_periodic_average_transposed(steps, width, rule->beta2, map->second, map->second, map->state);
    for (size_t n = 0; n < steps * width; n++) map->momentum[n] += map->gradient[n] * map->second[n];
  }
  for (size_t t = 0; t < steps; t++) {
    const double *slope = map->momentum + t * width;
    const double share = 1.0 / (double)(schedule->start[t + 1] - schedule->start[t]);
    for (size_t n = schedule->start[t]; n < schedule->start[t + 1]; n++) {
      const size_t l = schedule->sample[n];
      const double scale = share * map->weight[l];
      const double *x = map->rows + l * map->features + first;
      double *row = sensitivity + l * map->features + first;
      for (size_t k = 0; k < width; k++) row[k] += scale * x[k] * slope[k];
    }
  }
}

void bs_epoch_elementwise(bs_epoch_map *map, const bs_epoch_rule *rule, const bs_schedule *schedule, size_t first,
                          size_t width, double *direction, double *sensitivity) {
  bs_epoch_fill_gradients(map, schedule, first, width);
  bs_periodic_average(schedule->steps, width, rule->beta1, map->gradient, map->momentum, map->state);
  if (rule->rule == BS_RULE_RATIO) {
    for (size_t n = 0; n < schedule->steps * width; n++) map->second[n] = map->gradient[n] * map->gradient[n];
    bs_periodic_average(schedule->steps, width, rule->beta2, map->second, map->second, map->state);
  }
  apply_rule(map, rule, schedule->steps, first, width, direction);
  if (sensitivity) add_sensitivity(map, rule, schedule, first, width, sensitivity);
}
