/* Rules that treat every coordinate by itself: m / sqrt(v) and sign(m). */
#include "limit/epoch_block.h"

#include "base/vector.h"
#include "limit/moving_average.h"
#include <math.h>
#include <string.h>

/* second_t = mean over batch t of c_i |x_i|. */
static void fill_sizes(bs_epoch_map *map, const bs_schedule *schedule, size_t first, size_t width) {
  for (size_t t = 0; t < schedule->steps; t++) {
    double *size = map->second + t * width;
    memset(size, 0, width * sizeof *size);
    const double share = 1.0 / (double)(schedule->start[t + 1] - schedule->start[t]);
    for (size_t n = schedule->start[t]; n < schedule->start[t + 1]; n++) {
      const double weight = share * map->entry[n], *x = map->rows + schedule->sample[n] * map->features + first;
      for (size_t k = 0; k < width; k++) size[k] += weight * fabs(x[k]);
    }
  }
}

void bs_epoch_fill_moments(bs_epoch_map *map, const bs_epoch_rule *rule, const bs_schedule *schedule, size_t first,
                           size_t width) {
  const size_t steps = schedule->steps;
  const bool sign = rule->direction == BS_SIGN;
  bs_epoch_fill_gradients(map, schedule, first, width);
  bs_periodic_average(steps, width, rule->beta1, map->gradient, map->momentum, map->state);
  if (sign) fill_sizes(map, schedule, first, width);
  for (size_t n = 0; !sign && n < steps * width; n++) map->second[n] = map->gradient[n] * map->gradient[n];
  bs_periodic_average(steps, width, sign ? rule->beta1 : rule->beta2, map->second, map->second, map->state);
}

/* m / sqrt(v): adds the updates to direction and leaves dD/dm in momentum, 2 dD/dv in second. */
static void apply_ratio(bs_epoch_map *map, size_t steps, size_t width, double *direction) {
  for (size_t t = 0; t < steps; t++) {
    double *momentum = map->momentum + t * width, *second = map->second + t * width;
    for (size_t k = 0; k < width; k++) {
      const double inverse = second[k] > 0.0 ? 1.0 / sqrt(second[k]) : 0.0;
      direction[k] += momentum[k] * inverse;
      second[k] = -momentum[k] * inverse * inverse * inverse;
      momentum[k] = inverse;
    }
  }
}

/* m / sqrt(m^2 + s^2 a^2), a in second: leaves dD/dm in momentum and dD/da in second. */
static void apply_sign(bs_epoch_map *map, double smoothing, size_t steps, size_t width, double *direction) {
  for (size_t t = 0; t < steps; t++) {
    double *momentum = map->momentum + t * width, *second = map->second + t * width;
    for (size_t k = 0; k < width; k++) {
      const double m = second[k] > 0.0 ? momentum[k] / second[k] : 0.0; /* in [-1, 1] */
      const double root = sqrt(m * m + smoothing * smoothing), inverse = root > 0.0 ? 1.0 / root : 0.0;
      const double slope = second[k] > 0.0 ? smoothing * smoothing * inverse * inverse * inverse / second[k] : 0.0;
      direction[k] += m * inverse;
      momentum[k] = slope;
      second[k] = -m * slope;
    }
  }
}

/* sensitivity row l += c_l times the sum over l's steps of (dD/dG_t x_l + dD/da_t |x_l|) / |B_t|, where for the ratio
 * dD/dG_t collects m and v, and for the sign m; a is the sign's alone. */
static void add_sensitivity(bs_epoch_map *map, const bs_schedule *schedule, bool sign, size_t first, size_t width,
                            double *sensitivity) {
  for (size_t t = 0; t < schedule->steps; t++) {
    const double *slope = map->momentum + t * width, *size_slope = map->second + t * width;
    const double share = 1.0 / (double)(schedule->start[t + 1] - schedule->start[t]);
    for (size_t n = schedule->start[t]; n < schedule->start[t + 1]; n++) {
      const double weight = share * map->entry[n], *x = map->rows + schedule->sample[n] * map->features + first;
      double *row = sensitivity + schedule->sample[n] * map->features + first;
      for (size_t k = 0; k < width; k++) row[k] += weight * slope[k] * x[k];
      for (size_t k = 0; sign && k < width; k++) row[k] += weight * size_slope[k] * fabs(x[k]);
    }
  }
}

void bs_epoch_elementwise(bs_epoch_map *map, const bs_epoch_rule *rule, const bs_schedule *schedule, size_t first,
                          size_t width, double *direction, double *sensitivity) {
  const size_t steps = schedule->steps;
  const bool sign = rule->direction == BS_SIGN;
  bs_epoch_fill_moments(map, rule, schedule, first, width);
  if (sign)
    apply_sign(map, rule->smoothing, steps, width, direction + first);
  else
    apply_ratio(map, steps, width, direction + first);
  if (!sensitivity) return;
  bs_periodic_average_transposed(steps, width, rule->beta1, map->momentum, map->momentum, map->state);
  bs_periodic_average_transposed(steps, width, sign ? rule->beta1 : rule->beta2, map->second, map->second, map->state);
  for (size_t n = 0; !sign && n < steps * width; n++) map->momentum[n] += map->gradient[n] * map->second[n];
  add_sensitivity(map, schedule, sign, first, width, sensitivity);
}
