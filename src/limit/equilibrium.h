/* Equilibria of the game on a known or nearly known support. */
#ifndef BIASCOPE_LIMIT_EQUILIBRIUM_H
#define BIASCOPE_LIMIT_EQUILIBRIUM_H

#include "limit/support_system.h"

/* An equilibrium, or the best approximation to one. */
typedef struct {
  double value; /* f = c.F of the first level: what every supporting margin grows by, per unit of sum eta */
  double gap;   /* (c.F - min F) / |value|, the largest over the levels */
} bs_equilibrium;

/* The growth over the support that `system` lists, at weights of sum 1 on every level. */
typedef struct {
  double spread;  /* max over the members |F - value of their level| / |value of the first| */
  size_t slowest; /* the sample furthest below what its reach allows */
} bs_growth_state;
/* value: one entry a level, filled. */
void bs_equilibrium_measure(const bs_support_system *system, const double *log_weights, double *value,
                            bs_equilibrium *out, bs_growth_state *state);

/* Newton on F = f over every level of the support {log_weights > -INFINITY}, adding samples that grow slower than they
 * may and dropping those whose weight vanishes. log_weights (N) is the start, and the best point on return, every
 * level's weights of sum 1; the game holds its direction and growth. BIASCOPE_NOT_CONVERGED, without a message, where
 * the gap did not fall to `tolerance`. */
biascope_status bs_equilibrium_polish(bs_game *game, double tolerance, double *log_weights, bs_equilibrium *out,
                                      biascope_error *error);

#endif
