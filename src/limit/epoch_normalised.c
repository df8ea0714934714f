/* ngd: the update m / ||m||_2, whose length couples the coordinates. */
#include "limit/epoch_block.h"

#include "base/vector.h"

/* momentum_t becomes the unit vector n_t, length[t] = its repeats / ||m_t||. */
static void normalise_steps(bs_epoch_map *map, double *direction) {
  const size_t d = map->features;
  for (size_t t = 0; t < map->kept.period.steps; t++) {
    double *momentum = map->momentum + t * d;
    const double norm = bs_norm2(d, momentum);
    const double inverse = norm > 0.0 ? 1.0 / norm : 0.0;
    bs_scale(d, inverse, momentum);
    bs_axpy(d, map->kept.repeats[t], momentum, direction);
    map->length[t] = map->kept.repeats[t] * inverse;
  }
}

/* dD/dm_t takes u to (u - n_t (n_t.u)) / ||m_t||. For u = c_l x_l in batch j of the schedule, summed over the steps t
 * that remember it: the transposed average, at j, of 1/||m_t|| times u, less that of n_t (n_t.u) / ||m_t||. */
static void add_sample(bs_epoch_map *map, const bs_epoch_rule *rule, size_t l, double *row) {
  const size_t d = map->features;
  const bs_kept_steps *kept = &map->kept;
  const double *x = map->rows + l * d;
  for (size_t t = 0; t < kept->period.steps; t++) {
    const double *unit = map->momentum + t * d;
    const double along = bs_dot(d, unit, x) * map->length[t];
    double *slope = map->second + t * d;
    for (size_t k = 0; k < d; k++) slope[k] = map->length[t] * x[k] - along * unit[k];
  }
  bs_periodic_momentum_transposed(&kept->period, d, rule, map->second, map->second, map->state);
  for (size_t t = 0; t < kept->period.steps; t++) {
    for (size_t n = kept->start[t]; n < kept->start[t + 1]; n++) {
      if (kept->sample[n] == l) bs_axpy(d, kept->share[t] * kept->entry[n], map->second + t * d, row);
    }
  }
}

void bs_epoch_normalised(bs_epoch_map *map, const bs_epoch_rule *rule, double *direction, double *sensitivity) {
  const size_t d = map->features;
  bs_epoch_fill_gradients(map, 0, d);
  bs_periodic_momentum(&map->kept.period, d, rule, map->gradient, map->momentum, map->state);
  normalise_steps(map, direction);
  if (!sensitivity) return;
  for (size_t l = 0; l < map->samples; l++) {
    const bool weighs = bs_epoch_memoryless(rule) || map->weight[l] > 0.0;
    if (weighs) add_sample(map, rule, l, sensitivity + l * d);
  }
}
