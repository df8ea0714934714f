/* Random orders: the mean update over a long random sequence, at the cost of the derivatives of a short one. */
#ifndef BIASCOPE_LIMIT_DEFERRED_H
#define BIASCOPE_LIMIT_DEFERRED_H

#include "limit/equilibrium.h"
#include "limit/exact_map.h"

/* The equilibrium of the exact map by deferred correction. The game's map replaces the exact one. Its D plus a fixed
 * offset, the difference of the two at the last point, has an equilibrium nearer to the exact one. */
typedef struct bs_deferred bs_deferred;

/* Borrows all of them. offset: d entries of the caller's, to which the game points from now on. */
biascope_status bs_deferred_create(bs_game *game, bs_exact_map *exact, double *offset, bs_deferred **out,
                                   biascope_error *error);
void bs_deferred_free(bs_deferred *deferred);

/* log_weights (N) start near the game's equilibrium, or where the last call with a larger tolerance ended, from which
 * it goes on. On return the game's D is exact there. BIASCOPE_NOT_CONVERGED, without a message, if the gap under the
 * exact map stays above `tolerance`. */
biascope_status bs_deferred_correct(bs_deferred *deferred, double tolerance, double *log_weights, bs_equilibrium *out,
                                    biascope_error *error);

#endif
