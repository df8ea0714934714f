/* The steady state of an exponential moving average fed with a periodic input. */
#ifndef BIASCOPE_LIMIT_MOVING_AVERAGE_H
#define BIASCOPE_LIMIT_MOVING_AVERAGE_H

#include "base/error.h"
#include "rule/epoch.h"

/* A period of which only the steps with an input are listed; `gap[t]` steps lead from the t-th of them to the next. gap
 * NULL: all are listed. */
typedef struct {
  size_t steps;      /* listed */
  double period;     /* the sum of the gaps */
  const double *gap; /* steps, or NULL */
} bs_period;

/* out_t = sum_j (1-beta)/(1-beta^T) beta^(steps from j to t, modulo T) in_j over the listed steps, for `width` columns
 * side by side; beta = 1 gives the mean. steps x width row-major; `out` may be `in`. state: width entries of scratch.
 * O(steps width). */
void bs_periodic_average(const bs_period *period, size_t width, double beta, const double *in, double *out,
                         double *state);
/* Its transpose: out_j = sum_t (1-beta)/(1-beta^T) beta^(steps from j to t) in_t. */
void bs_periodic_average_transposed(const bs_period *period, size_t width, double beta, const double *in, double *out,
                                    double *state);
/* The same for the momentum of a rule's step, including its lead (all steps must then be listed): out_t = past m_(t-1)
 * + (1-past) in_t, m the average of decay beta1. The transpose reads the same sums backwards. */
void bs_periodic_momentum(const bs_period *period, size_t width, const bs_epoch_rule *rule, const double *in,
                          double *out, double *state);
void bs_periodic_momentum_transposed(const bs_period *period, size_t width, const bs_epoch_rule *rule, const double *in,
                                     double *out, double *state);

/* The mean over an epoch of so many steps of m_t / sqrt(v_t) of a coordinate whose gradient is 1 at one step and 0 at
 * the others. */
biascope_status bs_mean_after_pulse(const bs_epoch_rule *rule, size_t steps, double *out, biascope_error *error);

#endif
