/* Random orders: the mean update over a long random sequence, at the cost of the derivatives of a short one. */
#ifndef BIASCOPE_LIMIT_DEFERRED_H
#define BIASCOPE_LIMIT_DEFERRED_H

#include "limit/equilibrium.h"
#include "limit/exact_map.h"

/* Finds the equilibrium of the exact map by deferred correction. The game's map replaces the exact one; log_weights (N)
 * start near its equilibrium. The game's D plus a fixed offset, the difference of the two at the last point, has an
 * equilibrium nearer to the exact one. offset: d entries of the caller's; on return the game points to them, so that
 * its D is exact there. BIASCOPE_NOT_CONVERGED, without a message, if the gap under the exact map stays above
 * `tolerance`. */
biascope_status bs_deferred_correct(bs_game *game, const bs_exact_map *exact, double tolerance, double *offset,
                                    double *log_weights, bs_equilibrium *out, biascope_error *error);

#endif
