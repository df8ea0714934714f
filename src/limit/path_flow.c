#include "limit/path_flow.h"

#include "rule/option.h"
#include <math.h>

static const double SMOOTHING = 1e-4; /* of sign updates */

void bs_path_free(bs_path *p) {
  bs_flow_free(p->flow);
  bs_game_free(&p->game);
  bs_normal_signs_free(p->signs);
  bs_epoch_map_free(p->map);
  bs_schedule_free(&p->schedule);
}

biascope_status bs_path_create(const bs_question *question, const bs_epoch_rule *rule, double margin_error,
                               size_t sampled, bs_path *p, biascope_error *error) {
  const biascope_options *training = &question->training;
  bs_epoch_rule smooth = *rule;
  if (bs_is_full_batch(training, question->data->samples) && rule->direction == BS_RATIO)
    smooth = (bs_epoch_rule){.direction = BS_SIGN}; /* m / sqrt(v) over the full batch */
  if (smooth.direction == BS_SIGN) smooth.smoothing = SMOOTHING;
  *p = (bs_path){.decay = bs_weights_shrink(training) ? training->weight_decay : 0.0};
  if (question->options.sample_length > 0) sampled = question->options.sample_length;
  biascope_status status = bs_schedule_create(training, question->data, sampled, 0, &p->schedule, error);
  if (status == BIASCOPE_OK)
    status = bs_epoch_map_create(question->data, &p->schedule, 1, smooth.direction, &p->map, error);
  if (status == BIASCOPE_OK) status = bs_game_create(p->map, &smooth, &p->game, error);
  if (status == BIASCOPE_OK) status = bs_game_require_steps(&p->game, error);
  if (status == BIASCOPE_OK)
    status =
        bs_flow_create(&p->game, bs_loss_of(training->loss), training->weight_decay, margin_error, &p->flow, error);
  if (status != BIASCOPE_OK) bs_path_free(p);
  p->game.most_effort = question->options.effort > 0.0 ? question->options.effort : INFINITY;
  return status;
}

bool bs_path_advance(bs_path *p, double limit) {
  return !bs_game_exhausted(&p->game) && bs_flow_advance(p->flow, limit);
}
