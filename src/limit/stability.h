/* Whether training near an equilibrium is drawn to it. */
#ifndef BIASCOPE_LIMIT_STABILITY_H
#define BIASCOPE_LIMIT_STABILITY_H

#include "limit/equilibrium.h"

/* Linear systems up to this order are examined (eigenvalues cost n^3); larger ones count as stable. */
enum { BS_LARGEST_EXAMINED = 300 };

/* Linearised at the equilibrium, log-weights move by d(log c)/ds = -J log c, J = dF / d log c over the samples that
 * weigh, whose eigenvalues must lie right of 0; with a constant step of eta, by log c -= eta nb J log c an epoch of nb
 * steps, so within the circle |1 - eta nb lambda| < 1. epoch_step: eta nb, or 0 for steps that tend to zero. */
biascope_status bs_equilibrium_stable(bs_game *game, const double *log_weights, double epoch_step, bool *stable,
                                      biascope_error *error);

#endif
