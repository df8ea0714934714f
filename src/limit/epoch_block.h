/* The inside of the epoch map: one schedule, one block of coordinates at a time. */
#ifndef BIASCOPE_LIMIT_EPOCH_BLOCK_H
#define BIASCOPE_LIMIT_EPOCH_BLOCK_H

#include "limit/epoch_map.h"

struct bs_epoch_map {
  const bs_schedule *schedules;
  size_t schedule_count, samples, features;
  size_t block; /* coordinates worked on at once */
  const double *rows;
  double *copied_rows;                  /* of a sparse dataset */
  size_t *partial, partial_count;       /* columns that some samples do not touch */
  double *masked;                       /* N: log-weights of the samples that touch a column */
  double *weight;                       /* N: c */
  double *entry;                        /* c of every entry of the schedule's `sample` */
  double *gradient, *momentum, *second; /* steps x block */
  double *length;                       /* steps: 1 / ||m_t|| */
  double *state;                        /* block */
};

/* Fills weight and entry from log-weights: softmax over all samples, or over each batch where there is no memory. */
void bs_epoch_fill_weights(bs_epoch_map *map, const bs_epoch_rule *rule, const bs_schedule *schedule,
                           const double *log_weights);
/* gradient_t = mean over batch t of c_i x_i, on coordinates first .. first + width - 1. */
void bs_epoch_fill_gradients(bs_epoch_map *map, const bs_schedule *schedule, size_t first, size_t width);
/* The moments after every step: momentum, and in second what the rule's mean averages beside it. */
void bs_epoch_fill_moments(bs_epoch_map *map, const bs_epoch_rule *rule, const bs_schedule *schedule, size_t first,
                           size_t width);

/* Add one schedule's updates, summed over its steps, to direction (d), and their derivatives by the log-weights to
 * sensitivity (N x d, or NULL). */
void bs_epoch_elementwise(bs_epoch_map *map, const bs_epoch_rule *rule, const bs_schedule *schedule, size_t first,
                          size_t width, double *direction, double *sensitivity);
/* m / ||m||_2 couples the coordinates: all at once, so `block` is d. */
void bs_epoch_normalised(bs_epoch_map *map, const bs_epoch_rule *rule, const bs_schedule *schedule, double *direction,
                         double *sensitivity);

#endif
