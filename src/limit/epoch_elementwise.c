/* Rules that treat every coordinate by itself. */
#include "limit/epoch_block.h"

#include "base/vector.h"
#include <math.h>
#include <string.h>

/* sizes_t = mean over batch t of c_i |x_i|. */
static void fill_sizes(const bs_epoch_map *map, size_t first, size_t width, double *sizes) {
  const bs_kept_steps *kept = &map->kept;
  for (size_t t = 0; t < kept->period.steps; t++) {
    double *size = sizes + t * width;
    memset(size, 0, width * sizeof *size);
    for (size_t n = kept->start[t]; n < kept->start[t + 1]; n++) {
      const double weight = kept->share[t] * kept->entry[n];
      const double *x = map->rows + kept->sample[n] * map->features + first;
      for (size_t k = 0; k < width; k++) size[k] += weight * fabs(x[k]);
    }
  }
}

/* second_t = G_t^2, or G_t^2 + (smoothing sum c_i |x_i|)^2. */
static void fill_squares(bs_epoch_map *map, double smoothing, size_t first, size_t width) {
  const size_t cells = map->kept.period.steps * width;
  for (size_t n = 0; n < cells; n++) map->second[n] = map->gradient[n] * map->gradient[n];
  if (smoothing == 0.0) return;
  fill_sizes(map, first, width, map->size);
  for (size_t n = 0; n < cells; n++) map->second[n] += smoothing * smoothing * map->size[n] * map->size[n];
}

void bs_epoch_fill_moments(bs_epoch_map *map, const bs_epoch_rule *rule, size_t first, size_t width) {
  const bs_period *period = &map->kept.period;
  const bs_epoch_second second = bs_epoch_mean_of(rule->direction)->second;
  bs_epoch_fill_gradients(map, first, width);
  bs_periodic_momentum(period, width, rule, map->gradient, map->momentum, map->state);
  if (second == BS_AVERAGE_NOTHING) return;
  if (second == BS_AVERAGE_SIZES) {
    fill_sizes(map, first, width, map->second);
    bs_periodic_momentum(period, width, rule, map->second, map->second, map->state);
  } else {
    fill_squares(map, rule->smoothing, first, width);
    bs_periodic_average(period, width, rule->beta2, map->second, map->second, map->state);
  }
}

/* sensitivity row l += c_l times the sum over l's steps of (dD/dG_t x_l + dD/da_t |x_l|) / |B_t|, where dD/dG_t
 * collects the momentum and the squares; a are the sizes. size_slopes: NULL where no sizes count. */
static void add_sensitivity(bs_epoch_map *map, const double *size_slopes, size_t first, size_t width,
                            double *sensitivity) {
  const bs_kept_steps *kept = &map->kept;
  for (size_t t = 0; t < kept->period.steps; t++) {
    const double *slope = map->momentum + t * width, *size_slope = size_slopes ? size_slopes + t * width : NULL;
    for (size_t n = kept->start[t]; n < kept->start[t + 1]; n++) {
      const double weight = kept->share[t] * kept->entry[n];
      const double *x = map->rows + kept->sample[n] * map->features + first;
      double *row = sensitivity + kept->sample[n] * map->features + first;
      for (size_t k = 0; k < width; k++) row[k] += weight * slope[k] * x[k];
      for (size_t k = 0; size_slope && k < width; k++) row[k] += weight * size_slope[k] * fabs(x[k]);
    }
  }
}

/* From twice the derivative by v, in `second`: adds that by G_t to `momentum`; returns that by the sizes, or NULL. */
static const double *differentiate_squares(bs_epoch_map *map, double smoothing, size_t cells) {
  for (size_t n = 0; n < cells; n++) map->momentum[n] += map->gradient[n] * map->second[n];
  if (smoothing == 0.0) return NULL;
  for (size_t n = 0; n < cells; n++) map->size[n] *= smoothing * smoothing * map->second[n];
  return map->size;
}

void bs_epoch_elementwise(bs_epoch_map *map, const bs_epoch_rule *rule, size_t first, size_t width, double *direction,
                          double *sensitivity) {
  const bs_kept_steps *kept = &map->kept;
  const bs_period *period = &kept->period;
  const bs_epoch_mean *mean = bs_epoch_mean_of(rule->direction);
  bs_epoch_fill_moments(map, rule, first, width);
  mean->apply(rule, period->steps, width, kept->repeats, map->momentum, map->second, direction + first);
  if (!sensitivity) return;
  const double *size_slopes = NULL;
  bs_periodic_momentum_transposed(period, width, rule, map->momentum, map->momentum, map->state);
  if (mean->second == BS_AVERAGE_SIZES) {
    bs_periodic_momentum_transposed(period, width, rule, map->second, map->second, map->state);
    size_slopes = map->second;
  } else if (mean->second == BS_AVERAGE_SQUARES) {
    bs_periodic_average_transposed(period, width, rule->beta2, map->second, map->second, map->state);
    size_slopes = differentiate_squares(map, rule->smoothing, period->steps * width);
  }
  add_sensitivity(map, size_slopes, first, width, sensitivity);
}
