/* The condition for an equilibrium of the game: in every part of the epoch map, no sample grows more slowly than the
 * samples that decide the part. */
#ifndef BIASCOPE_LIMIT_EQUILIBRIUM_H
#define BIASCOPE_LIMIT_EQUILIBRIUM_H

#include "limit/game.h"

/* An equilibrium, or the best approximation to one. */
typedef struct {
  double value; /* f: the least growth of a margin, per unit of sum eta */
  double gap;   /* max over the parts and their samples of (c.F - F_i) / |f|, c the weights relative to the part */
  int steps;    /* the effort of the search */
} bs_equilibrium;

/* Evaluates the game's growth at the log-weights by which its parts are ranked. */
bs_equilibrium bs_equilibrium_measure(const bs_game *game, const double *log_weights);

#endif
