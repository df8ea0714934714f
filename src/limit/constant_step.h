/* Constant step sizes: gradients shrink by a factor e^-r in every step, so that in a moving average old gradients are
 * larger than new ones. In units of the current gradient it is a moving average with beta e^r (momentum) and beta e^2r
 * (second moment), times a constant. The equilibrium with those betas determines r (theory: r = eta times rate). */
#ifndef BIASCOPE_LIMIT_CONSTANT_STEP_H
#define BIASCOPE_LIMIT_CONSTANT_STEP_H

#include "limit/epoch_map.h"

/* The value (rate) of the equilibrium of a rule: c.F per unit of sum eta. */
typedef biascope_status (*bs_value_finder)(void *context, const bs_epoch_rule *rule, double *value,
                                           biascope_error *error);

/* The self-consistent decay. *rule is the rule at decay 0 on entry and the decayed rule on return, for which `find` was
 * called last; *value is its rate. BIASCOPE_NOT_CONVERGED if no decay is consistent: the averages become stale. */
biascope_status bs_constant_step_solve(bs_epoch_rule *rule, double lr, bs_value_finder find, void *context,
                                       double *value, biascope_error *error);

/* The same if the rate, except for the length of the update, is `value` at every decay: returns the factor on it, 1 as
 * lr -> 0. */
biascope_status bs_constant_step_gain(const bs_epoch_rule *rule, double lr, double value, double *gain,
                                      biascope_error *error);

#endif
