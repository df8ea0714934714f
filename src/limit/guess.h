/* Reading off the path of training which samples the limit hangs on. */
#ifndef BIASCOPE_LIMIT_GUESS_H
#define BIASCOPE_LIMIT_GUESS_H

#include "limit/flow.h"

typedef struct {
  size_t members;
  double spread; /* relative spread of the growth, the largest over the levels */
} bs_guess;

/* From the flow's current point, where the game was just evaluated: fills log_weights (level by level; -INFINITY for
 * who fades) and the game's reach. */
biascope_status bs_guess_support(bs_game *game, const bs_flow *flow, double *log_weights, bs_guess *out,
                                 biascope_error *error);

#endif
