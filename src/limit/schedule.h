/* Which samples each step sees: a periodic sequence of batches. The cyclic order has the period of an epoch. shuffle
 * and replacement are represented by one long random sequence, repeated periodically. A periodic sequence of
 * independent draws (or of independent epochs) is as stationary as the endless sequence that it represents. */
#ifndef BIASCOPE_LIMIT_SCHEDULE_H
#define BIASCOPE_LIMIT_SCHEDULE_H

#include "data/dataset.h"
#include "rule/optimizer.h"

typedef struct {
  size_t steps;  /* the period T */
  size_t *start; /* T + 1: step t sees sample[start[t]] .. sample[start[t + 1] - 1]; of several classes, their rows */
  uint32_t *sample; /* a random batch may contain a sample twice */
} bs_schedule;

/* The cyclic order's one epoch; for shuffle and replacement the `replicate`-th independent sequence of at least
 * `steps` steps (whole epochs for shuffle, a multiple of samples for replacement). The full batch is an epoch of one
 * step in any order. */
biascope_status bs_schedule_create(const biascope_options *training, const biascope_dataset *data, size_t steps,
                                   size_t replicate, bs_schedule *out, biascope_error *error);
void bs_schedule_free(bs_schedule *schedule);

/* So many steps, or two epochs if these are more: a shorter random sequence does not stand for others. */
size_t bs_steps_of_two_epochs(const biascope_options *training, size_t samples, size_t least);

/* step_of (N): the step that sees each sample, in an order that shows every sample once. */
void bs_schedule_find_steps(const bs_schedule *schedule, size_t *step_of);

#endif
