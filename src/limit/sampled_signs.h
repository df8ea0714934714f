/* Random orders: the mean sign of a momentum over random sequences of batches.
 *
 * Where the order is drawn anew for every epoch, and the momentum remembers several, what it holds of old epochs and of
 * the last ones is independent: the old part from one sequence and the recent part of another make up a momentum as
 * likely as any. Many such pairs of the same two sequences vary much less than the momenta of both. */
#ifndef BIASCOPE_LIMIT_SAMPLED_SIGNS_H
#define BIASCOPE_LIMIT_SAMPLED_SIGNS_H

#include "limit/epoch_map.h"

typedef struct bs_sampled_signs bs_sampled_signs;

/* Borrows the map, whose schedules are all as long. */
biascope_status bs_sampled_signs_create(bs_epoch_map *map, const biascope_options *training, const bs_epoch_rule *rule,
                                        bs_sampled_signs **out, biascope_error *error);
void bs_sampled_signs_free(bs_sampled_signs *signs);

/* How many independent means there are: one of every schedule, or of every two that are paired. */
size_t bs_sampled_signs_count(const bs_sampled_signs *signs);
/* Adds one of them to direction (d), where the map has no columns apart at these weights; in it a sign is a ramp within
 * rule->smoothing standard deviations of 0. Returns the approximate number of multiplications. */
double bs_sampled_signs_add(bs_sampled_signs *signs, const bs_epoch_rule *rule, size_t which, const double *log_weights,
                            double *direction);

#endif
