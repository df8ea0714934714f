/* Rules that treat every coordinate by itself: m / sqrt(v) and sign(m). */
#include "limit/epoch_block.h"

#include "base/vector.h"
#include "limit/moving_average.h"
#include <math.h>
#include <string.h>

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

/* momentum_t becomes dD/dG_t. */
static void slopes_by_gradient(bs_epoch_map *map, const bs_epoch_rule *rule, size_t steps, size_t width) {
  bs_periodic_average_transposed(steps, width, rule->beta1, map->momentum, map->momentum, map->state);
  if (rule->rule != BS_RULE_RATIO) return;
  bs_periodic_average_transposed(steps, width, rule->beta2, map->second, map->second, map->state);
  for (size_t n = 0; n < steps * width; n++) map->momentum[n] += map->gradient[n] * map->second[n];
}

/* sensitivity row l += c_l x_l (elementwise *) the sum over l's steps of dD/dG_t / |B_t|. With smoothing the scale of
 * the weights matters, and softmax fixes it: less c_l times the sum over what softmax summed over. */
static void add_sensitivity(bs_epoch_map *map, const bs_epoch_rule *rule, const bs_schedule *schedule, size_t first,
                            size_t width, double *sensitivity) {
  const size_t d = map->features;
  const bool by_step = bs_epoch_memoryless(rule), scaled = rule->smoothing > 0.0;
  memset(map->sum, 0, width * sizeof *map->sum);
  for (size_t t = 0; t < schedule->steps; t++) {
    const double *slope = map->momentum + t * width, *gradient = map->gradient + t * width;
    const double share = 1.0 / (double)(schedule->start[t + 1] - schedule->start[t]);
    for (size_t k = 0; k < width; k++) map->sum[k] = (by_step ? 0.0 : map->sum[k]) + slope[k] * gradient[k];
    for (size_t n = schedule->start[t]; n < schedule->start[t + 1]; n++) {
      const double weight = map->entry[n], *x = map->rows + schedule->sample[n] * d + first;
      double *row = sensitivity + schedule->sample[n] * d + first;
      for (size_t k = 0; k < width; k++) row[k] += share * weight * x[k] * slope[k];
      if (scaled && by_step) bs_axpy(width, -weight, map->sum, row);
    }
  }
  if (!scaled || by_step) return;
  for (size_t l = 0; l < map->samples; l++) bs_axpy(width, -map->weight[l], map->sum, sensitivity + l * d + first);
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
  if (!sensitivity) return;
  slopes_by_gradient(map, rule, schedule->steps, width);
  add_sensitivity(map, rule, schedule, first, width, sensitivity);
}
