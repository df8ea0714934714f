/* What makes a point of the game an equilibrium: in every part of the epoch map no sample grows slower than the samples
 * that decide the part. */
#ifndef BIASCOPE_LIMIT_EQUILIBRIUM_H
#define BIASCOPE_LIMIT_EQUILIBRIUM_H

#include "limit/game.h"

/* An equilibrium, or the best approximation to one. */
typedef struct {
  double value; /* f: what every margin grows by at least, per unit of sum eta */
  double gap;   /* max over the parts and their samples of (c.F - F_i) / |f|, c the weights relative to the part */
  int steps;    /* that the search took */
} bs_equilibrium;

/* Of the game's growth at the log-weights that its parts are ranked by. */
bs_equilibrium bs_equilibrium_measure(const bs_game *game, const double *log_weights);

#endif
