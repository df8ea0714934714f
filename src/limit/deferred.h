/* Random orders: the mean update over a long random sequence, at the cost of a short one's derivatives. */
#ifndef BIASCOPE_LIMIT_DEFERRED_H
#define BIASCOPE_LIMIT_DEFERRED_H

#include "limit/equilibrium.h"
#include "limit/expected.h"

/* Where D is right: the map of long replicates under their rule, or where it is not NULL the expectation itself. */
typedef struct {
  bs_epoch_map *map;
  bs_epoch_rule rule;
  bs_expectation *expectation;
} bs_exact_map;

/* From near the equilibrium log_weights (N) of the game, whose map stands in for the exact one, to the equilibrium of
 * the exact map, by deferred correction: the game's D plus a fixed offset, by which the two differ at the last point,
 * has an equilibrium nearer to it. offset: d entries of the caller's, to which the game points on return, so that its D
 * is exact there. BIASCOPE_NOT_CONVERGED, without a message, where the gap under the exact map stays above `tolerance`.
 */
biascope_status bs_deferred_correct(bs_game *game, const bs_exact_map *exact, double tolerance, double *offset,
                                    double *log_weights, bs_equilibrium *out, biascope_error *error);

#endif
