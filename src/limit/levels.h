/* Levels: groups of samples with weight. They are so far apart that no part mixes them, and each has its own
 * growth. */
#ifndef BIASCOPE_LIMIT_LEVELS_H
#define BIASCOPE_LIMIT_LEVELS_H

#include "limit/game.h"

typedef struct {
  bs_game *game;
  size_t count;
  size_t *level;     /* N: of each sample; a sample without weight has the level of its leader */
  size_t *lead;      /* of each level: the sample of the largest log-weight */
  double *value;     /* of each level: its mean growth */
  double *reference; /* of each level: the growth at which it keeps its place: its own, or where a level that leads it
                      * in some part grows faster, that one's */
  double *top, *bottom, *shift; /* of each level: of its log-weights, and what they move by */
  size_t *parent, *order;
} bs_levels;

biascope_status bs_levels_create(bs_game *game, bs_levels *out, biascope_error *error);
void bs_levels_free(bs_levels *levels);

/* Computes the levels from the game's growth and ranked parts. Moves each level as a whole to the least distance at
 * which levels count as separate, and the largest log-weight to 0; limits how far samples without weight fall; and
 * ranks the parts again. */
void bs_levels_arrange(bs_levels *levels, double *log_weights);

#endif
