/* The equilibrium that training from w = 0, or from given weights, reaches. */
#ifndef BIASCOPE_LIMIT_SEARCH_H
#define BIASCOPE_LIMIT_SEARCH_H

#include "limit/equilibrium.h"
#include "loss/loss.h"

typedef struct {
  const bs_loss *loss;   /* determines the path that is followed */
  double tolerance;      /* of the gap */
  const double *start;   /* N log-weights where the search starts; NULL: along the path from w = 0 */
  const double *updates; /* of signs, the mean updates of a run there (steps of the schedule x d), or NULL */
  double smoothing;      /* of signs, at the end of the search; 0: none, and the sliding updates are solved for */
  int attempts;          /* along the path, each closer than the one before; 0: as many as may help */
  double epoch_step;     /* eta nb of a constant step size, 0 for steps that tend to zero: it decides what is stable */
} bs_search;

/* log_weights (N): the equilibrium that attracts, sum c = 1. If none with gap <= tolerance was reached, the best point
 * found, and BIASCOPE_NOT_CONVERGED. */
biascope_status bs_equilibrium_search(bs_game *game, const bs_search *search, double *log_weights, bs_equilibrium *out,
                                      biascope_error *error);

/* For a random sequence: its signs already form a smooth function, for a smoothing far below the scatter of the
 * momenta. */
#define BS_SAMPLED_SMOOTHING 1e-4

/* The same for any rule. Signs jump: equilibria of the smoothed rule lead to theirs. So do columns of m / sqrt(v) that
 * one batch decides, where the search without smoothing fails. */
biascope_status bs_search_by_rule(bs_game *game, const bs_search *search, double *log_weights, bs_equilibrium *out,
                                  biascope_error *error);

#endif
