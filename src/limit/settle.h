/* From any weights to the equilibrium to which the game's dynamics d log c_i / ds = -(F_i - f) lead, by
 * pseudo-transient continuation (Kelley and Keyes 1998): linearly implicit Euler steps, as long as the linearisation is
 * valid. So steps grow without bound as the weights settle, and the last ones are Newton's. */
#ifndef BIASCOPE_LIMIT_SETTLE_H
#define BIASCOPE_LIMIT_SETTLE_H

#include "limit/equilibrium.h"

typedef struct {
  double tolerance; /* of the gap */
  double error;     /* the error of a log-weight in a step */
  double first;     /* step times growth: well below 1 if the path matters, above it near an equilibrium */
  int most_steps;
  bool roughly; /* ends at a gap of 1e-8, where samples that do not belong may remain; else at rounding */
} bs_settling;

/* log_weights (N): the start, and on return the point of the least gap, with sum c = 1. The game has its direction and
 * growth, and its parts are ranked by it. BIASCOPE_NOT_CONVERGED, without a message, if the gap stays above the
 * tolerance. */
biascope_status bs_settle(bs_game *game, const bs_settling *how, double *log_weights, bs_equilibrium *out,
                          biascope_error *error);

#endif
