/* Equilibria of the game on a known or nearly known support. */
#ifndef BIASCOPE_LIMIT_EQUILIBRIUM_H
#define BIASCOPE_LIMIT_EQUILIBRIUM_H

#include "limit/game.h"

/* An equilibrium, or the best approximation to one. */
typedef struct {
  double value; /* f = c.F of the first level: what every supporting margin grows by, per unit of sum eta */
  double gap;   /* (c.F - min F) / |value|, the largest over the levels */
} bs_equilibrium;

/* Newton on F = f over every level of the support {log_weights > -INFINITY}, adding samples that grow slower than they
 * may and dropping those whose weight vanishes. log_weights (N) is the start, and the best point on return, every
 * level's weights of sum 1; the game holds its direction and growth. BIASCOPE_NOT_CONVERGED, without a message, where
 * the gap did not fall to `tolerance`. */
biascope_status bs_equilibrium_polish(bs_game *game, double tolerance, double *log_weights, bs_equilibrium *out,
                                      biascope_error *error);

#endif
