/* Equilibria in which some updates slide: what they are the sign of is zero, and the update is the value between the
 * signs that keeps it so (Filippov). */
#ifndef BIASCOPE_LIMIT_SLIDING_H
#define BIASCOPE_LIMIT_SLIDING_H

#include "limit/equilibrium.h"

/* Of signs: such a point solves two linear systems, one for the weights, one for the updates.
 * Starts from the equilibrium of the smoothed rule at log_weights. Updates that smoothing leaves between the signs are
 * taken as the sliding ones, and the exact equilibrium is solved for. BIASCOPE_OK: log_weights and the game have it,
 * and `out` its certificate. BIASCOPE_NOT_CONVERGED, without a message and with only the game's direction and growth
 * changed: the guess was wrong. One schedule only. */
biascope_status bs_sliding_solve(bs_game *game, double tolerance, double *log_weights, bs_equilibrium *out,
                                 biascope_error *error);
/* The same where a run shows the mean of each update (steps x d): those between the signs slide. */
biascope_status bs_sliding_solve_seen(bs_game *game, const double *updates, double tolerance, double *log_weights,
                                      bs_equilibrium *out, biascope_error *error);

/* The same of m / sqrt(v): in a column whose samples of weight are all in one batch, the mean update is the sign of
 * that batch's gradient, times a constant (bs_mean_after_pulse). The other columns' updates change with the weights, so
 * that weights and sliding updates are solved for together, by Newton's method. */
biascope_status bs_sliding_columns_solve(bs_game *game, double tolerance, double *log_weights, bs_equilibrium *out,
                                         biascope_error *error);
/* Whether there is such a column at log_weights with samples of both signs. */
biascope_status bs_sliding_columns_exist(bs_game *game, const double *log_weights, bool *exist, biascope_error *error);

#endif
