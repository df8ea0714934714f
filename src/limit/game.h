/* The population game of an epoch map: N samples compete for weight. F = X D(c) is how fast their margins grow, and
 * weight moves to the samples that grow most slowly. An equilibrium c* has F minimal on its support. */
#ifndef BIASCOPE_LIMIT_GAME_H
#define BIASCOPE_LIMIT_GAME_H

#include "limit/normal_signs.h"
#include "limit/parts.h"
#include "loss/loss.h"

typedef struct {
  bs_epoch_map *map;      /* borrowed */
  bs_normal_signs *signs; /* D is theirs, and not the map's; or NULL. Borrowed */
  bs_epoch_rule rule;
  size_t samples, features;
  size_t rows_of_each;  /* samples side by side that share a loss: the rows of a sample of several classes */
  const double *rows;   /* X, N x d row-major */
  const double *offset; /* d, added to D; or NULL. Borrowed */
  double *direction;    /* D, d */
  double *growth;       /* F, N */
  double *sensitivity;  /* N x d: row l = dD / d log c_l */
  bs_parts parts;
  double effort, most_effort; /* multiplications spent and allowed, so that every search ends */
} bs_game;

biascope_status bs_game_create(bs_epoch_map *map, const bs_epoch_rule *rule, bs_game *out, biascope_error *error);
void bs_game_free(bs_game *game);
/* That a step along the flow, which the effort cannot interrupt, takes no more than a minute or two. */
biascope_status bs_game_require_steps(const bs_game *game, biascope_error *error);

/* Fills direction and growth, and sensitivity if asked for. */
void bs_game_evaluate(bs_game *game, const double *log_weights, bool with_sensitivity);
/* Adds to the effort; returns whether it is used up. */
static inline void bs_game_spend(bs_game *game, double multiplications) {
  game->effort += multiplications;
}
static inline bool bs_game_exhausted(const bs_game *game) {
  return game->effort > game->most_effort;
}
/* Log-weights of a loss at these margins: log |l'|. log_slope may be margins. share: N, of a row in its sample's loss,
 * and decay, N / rows_of_each, as in loss/classes.h; or both NULL. */
void bs_game_slopes(const bs_game *game, const bs_loss *loss, const double *margins, double *log_slope, double *share,
                    double *decay);
/* out = X u */
void bs_game_margins(const bs_game *game, const double *u, double *out);

#endif
