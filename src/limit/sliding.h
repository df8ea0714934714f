/* Equilibria of the sign rule in which some updates slide: their momentum is zero, and the update is the value in [-1,
 * 1] that keeps it so (Filippov). Such a point solves two linear systems, one for the weights, one for the updates. */
#ifndef BIASCOPE_LIMIT_SLIDING_H
#define BIASCOPE_LIMIT_SLIDING_H

#include "limit/equilibrium.h"

/* Starts from the equilibrium of the smoothed rule at log_weights. Updates that smoothing leaves between the signs are
 * taken as the sliding ones, and the exact equilibrium is solved for. BIASCOPE_OK: log_weights and the game have it,
 * and `out` its certificate. BIASCOPE_NOT_CONVERGED, without a message and with only the game's direction and growth
 * changed: the guess was wrong. One schedule only. */
biascope_status bs_sliding_solve(bs_game *game, double tolerance, double *log_weights, bs_equilibrium *out,
                                 biascope_error *error);

#endif
