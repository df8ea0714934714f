/* The path of training of small steps, dw/ds = D with s = sum eta, from w = 0 or other weights. */
#ifndef BIASCOPE_LIMIT_PATH_FLOW_H
#define BIASCOPE_LIMIT_PATH_FLOW_H

#include "limit/flow.h"
#include "limit/predict.h"

/* Of a margin in a step along the path. */
#define BS_PATH_MARGIN_ERROR 1e-3

typedef struct {
  bs_schedule schedule; /* of a random order, a sequence that stands for it */
  bs_epoch_map *map;
  bs_normal_signs *signs; /* the game's, or NULL */
  bs_game game;
  bs_flow *flow;
  double decay; /* of the weights, which then come to rest; or 0 */
} bs_path;

/* At w = 0. sampled: the steps of that sequence, if the caller does not choose. Signs are smoothed. The effort is that
 * of the question's options. */
biascope_status bs_path_create(const bs_question *question, const bs_epoch_rule *rule, double margin_error,
                               size_t sampled, bs_path *out, biascope_error *error);
void bs_path_free(bs_path *path);

/* One step, of s until `limit` at most. False if there is none, or the effort is used up. */
bool bs_path_advance(bs_path *path, double limit);

#endif
