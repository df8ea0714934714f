/* Equilibria of the game on a known or nearly known support. */
#ifndef BIASCOPE_LIMIT_EQUILIBRIUM_H
#define BIASCOPE_LIMIT_EQUILIBRIUM_H

#include "limit/game.h"

/* An equilibrium, or the best approximation to one. */
typedef struct {
  double value; /* f = c.F: what every supporting margin grows by, per unit of sum eta */
  double gap;   /* (c.F - min F) / |c.F| */
  size_t support;
} bs_equilibrium;

/* Newton on F_S = f, sum c = 1 over the support S = {log_weights > -inf}, adding samples that grow slower than S
 * and dropping those whose weight vanishes. log_weights (N) is the start, and the best point on return, normalised
 * (sum c = 1), -inf outside the support. True where the gap fell to `tolerance`. */
biascope_status bs_equilibrium_polish(bs_game *game, double tolerance, double *log_weights, bs_equilibrium *out,
                                      biascope_error *error);

#endif
