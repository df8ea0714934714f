/* The parts of the epoch map that hang on the relative weights of some samples only: a column that not every sample
 * touches; with a rule that has no memory, a batch. While weights fade at different rates each part is decided by the
 * slowest of its own samples, so equilibria come in levels: the samples of the least growth; then, among those that
 * touch a part the first level does not, the least growth; and so on. */
#ifndef BIASCOPE_LIMIT_PARTS_H
#define BIASCOPE_LIMIT_PARTS_H

#include "limit/epoch_map.h"

/* A level's log-weights lie this far below the level before: weights of different levels never mix. */
#define BS_LEVEL_DROP 1000.0
/* and no weight within a level is below e^- this. */
#define BS_LOWEST_LOG_WEIGHT 400.0

typedef struct {
  size_t count;
  size_t *start;    /* count + 1 */
  uint32_t *sample; /* part p: sample[start[p]] .. sample[start[p + 1] - 1] */
} bs_parts;

biascope_status bs_parts_create(const bs_epoch_map *map, const bs_epoch_rule *rule, bs_parts *out,
                                biascope_error *error);
void bs_parts_free(bs_parts *parts);

#endif
