/* ngd: the update m / ||m||_2, whose length couples the coordinates. */
#include "limit/epoch_block.h"

#include "base/vector.h"
#include "limit/moving_average.h"
#include <string.h>

/* momentum_t becomes the unit vector n_t, length[t] = 1 / ||m_t||. */
static void normalise_steps(bs_epoch_map *map, size_t steps, double *direction) {
  const size_t d = map->features;
  for (size_t t = 0; t < steps; t++) {
    double *momentum = map->momentum + t * d;
    const double norm = bs_norm2(d, momentum);
    map->length[t] = norm > 0.0 ? 1.0 / norm : 0.0;
    bs_scale(d, map->length[t], momentum);
    bs_axpy(d, 1.0, momentum, direction);
  }
}

/* dD/dm_t takes u to (u - n_t (n_t.u)) / ||m_t||. For u = c_l x_l in batch j of the schedule, summed over the steps t
 * that remember it: the transposed average, at j, of 1/||m_t|| times u, less that of n_t (n_t.u) / ||m_t||. */
static void add_sample(bs_epoch_map *map, const bs_epoch_rule *rule, const bs_schedule *schedule, size_t l,
                       double *row) {
  const size_t d = map->features;
  const double *x = map->rows + l * d;
  for (size_t t = 0; t < schedule->steps; t++) {
    const double *unit = map->momentum + t * d;
    const double along = bs_dot(d, unit, x) * map->length[t];
    double *slope = map->second + t * d;
    for (size_t k = 0; k < d; k++) slope[k] = map->length[t] * x[k] - along * unit[k];
  }
  bs_periodic_momentum_transposed(schedule->steps, d, rule, map->second, map->second, map->state);
  for (size_t t = 0; t < schedule->steps; t++) {
    const double share = 1.0 / (double)(schedule->start[t + 1] - schedule->start[t]);
    for (size_t n = schedule->start[t]; n < schedule->start[t + 1]; n++) {
      if (schedule->sample[n] == l) bs_axpy(d, share * map->entry[n], map->second + t * d, row);
    }
  }
}

void bs_epoch_normalised(bs_epoch_map *map, const bs_epoch_rule *rule, const bs_schedule *schedule, double *direction,
                         double *sensitivity) {
  const size_t d = map->features;
  bs_epoch_fill_gradients(map, schedule, 0, d);
  bs_periodic_momentum(schedule->steps, d, rule, map->gradient, map->momentum, map->state);
  normalise_steps(map, schedule->steps, direction);
  if (!sensitivity) return;
  for (size_t l = 0; l < map->samples; l++) add_sample(map, rule, schedule, l, sensitivity + l * d);
}
