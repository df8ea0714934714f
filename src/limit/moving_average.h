/* The steady state of an exponential moving average fed with a periodic input. */
#ifndef BIASCOPE_LIMIT_MOVING_AVERAGE_H
#define BIASCOPE_LIMIT_MOVING_AVERAGE_H

#include "rule/epoch.h"

/* out_t = sum_j (1-beta)/(1-beta^T) beta^((t-j) mod T) in_j, for `width` columns side by side; beta = 1 gives the mean.
 * T x width row-major; `out` may be `in`. state: width entries of scratch. O(T width). */
void bs_periodic_average(size_t steps, size_t width, double beta, const double *in, double *out, double *state);
/* Its transpose: out_j = sum_t (1-beta)/(1-beta^T) beta^((t-j) mod T) in_t. */
void bs_periodic_average_transposed(size_t steps, size_t width, double beta, const double *in, double *out,
                                    double *state);
/* The same of the momentum that a rule's step takes, its lead included: out_t = past m_(t-1) + (1-past) in_t, m the
 * average of decay beta1. The transpose reads the same sums backwards. */
void bs_periodic_momentum(size_t steps, size_t width, const bs_epoch_rule *rule, const double *in, double *out,
                          double *state);
void bs_periodic_momentum_transposed(size_t steps, size_t width, const bs_epoch_rule *rule, const double *in,
                                     double *out, double *state);

#endif
