/* Runs that have not settled after as many steps as can be taken, followed to 10^15 steps by their averaged equation.
 */
#ifndef BIASCOPE_CONFIRM_AVERAGE_H
#define BIASCOPE_CONFIRM_AVERAGE_H

#include "biascope.h"

typedef struct {
  bool settles;      /* the equation agrees with the run where the run was taken, and its direction has settled */
  double *increment; /* the weights gained from 10^14 to 10^15 steps; NULL if it was not followed */
  double growth;     /* the least growth of a margin in these, per unit of sum eta */
} bs_average;

/* For averages of gradients that bs_model_covers, in a fixed order, eps 0 and no weight decay, and steps
 * whose sum is unbounded; for others `settles` is false. */
biascope_status bs_average_follow(const biascope_dataset *data, const biascope_options *training, bs_average *out,
                                  biascope_error *error);
void bs_average_free(bs_average *average);

#endif
