/* Whether an equilibrium attracts training near it. */
#ifndef BIASCOPE_LIMIT_STABILITY_H
#define BIASCOPE_LIMIT_STABILITY_H

#include "limit/equilibrium.h"

/* Linear systems up to this order are examined (eigenvalues cost n^3); larger ones count as stable. */
enum { BS_LARGEST_EXAMINED = 300 };

/* Linearised at the equilibrium, log-weights move by d(log c)/ds = -J log c, with J = dF / d log c over the samples
 * with weight: its eigenvalues must have positive real parts. With a constant step eta they move by log c -= eta nb J
 * log c in an epoch of nb steps, so |1 - eta nb lambda| < 1 is required. epoch_step: eta nb, or 0 for steps that tend
 * to zero. */
biascope_status bs_equilibrium_stable(bs_game *game, const double *log_weights, double epoch_step, bool *stable,
                                      biascope_error *error);

#endif
