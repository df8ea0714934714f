/* Constant step sizes: gradients shrink by a factor e^-r every step, so that a moving average sees old gradients larger
 * than new ones. In units of the current gradient it is a moving average with beta e^r (momentum) and beta e^2r (second
 * moment), times a constant; and r is what the equilibrium with those betas says it is (theory: r = eta times rate). */
#ifndef BIASCOPE_LIMIT_CONSTANT_STEP_H
#define BIASCOPE_LIMIT_CONSTANT_STEP_H

#include "limit/equilibrium.h"

/* How much longer the update is than that of normalised averages with the grown betas. */
double bs_decay_gain(const bs_epoch_rule *rule, double decay);
/* The rule in units of the current gradient, at decay r. */
bs_epoch_rule bs_decayed_rule(const bs_epoch_rule *rule, double decay);
/* The largest r at which no average holds old gradients only; INFINITY without memory. */
double bs_largest_decay(const bs_epoch_rule *rule);

/* Finds the equilibrium of a rule that it may change, from the start in log_weights. */
typedef biascope_status (*bs_equilibrium_finder)(void *context, bs_game *game, double *log_weights, bs_equilibrium *out,
                                                 biascope_error *error);

/* The self-consistent decay: game->rule is the rule at decay 0 on entry and the decayed one on return, with its
 * equilibrium, its value scaled by the gain. BIASCOPE_NOT_CONVERGED where no decay below the largest is consistent: the
 * averages go stale. */
biascope_status bs_constant_step_solve(bs_game *game, double lr, bs_equilibrium_finder find, void *context,
                                       double *log_weights, bs_equilibrium *out, biascope_error *error);

#endif
