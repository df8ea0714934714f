/* Equilibria of the sign rule, where some updates slide: their momentum is zero and the update is whatever value in
 * [-1, 1] keeps it so (Filippov). Such a point solves two linear systems, one for the weights, one for the updates. */
#ifndef BIASCOPE_LIMIT_SLIDING_H
#define BIASCOPE_LIMIT_SLIDING_H

#include "limit/equilibrium.h"

/* From the equilibrium of the smoothed rule at log_weights: takes the updates that smoothing leaves between the signs
 * to be the sliding ones and solves for the exact equilibrium. BIASCOPE_OK: log_weights and the game hold it and `out`
 * its certificate. BIASCOPE_NOT_CONVERGED, without a message and with nothing changed but the game's direction and
 * growth: the guess was wrong. One schedule only. */
biascope_status bs_sliding_solve(bs_game *game, double tolerance, double *log_weights, bs_equilibrium *out,
                                 biascope_error *error);

#endif
