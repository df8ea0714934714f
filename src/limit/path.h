/* What the path of training passes through: the point after a number of steps, where weight decay holds it, and where
 * the gradient has shrunk to a given size. */
#ifndef BIASCOPE_LIMIT_PATH_H
#define BIASCOPE_LIMIT_PATH_H

#include "limit/predict.h"

/* The direction after question->options.steps steps. */
biascope_status bs_predict_after_steps(const bs_question *question, const bs_epoch_rule *rule, biascope_prediction *out,
                                       biascope_error *error);

/* adamw with weight decay: w stays bounded and comes to rest where D(c) is the decay times w. */
biascope_status bs_predict_rest(const bs_question *question, const bs_epoch_rule *rule, biascope_prediction *out,
                                biascope_error *error);

/* The step at which sqrt(v), root-mean-square over the coordinates, has shrunk to eps; INFINITY where no double holds
 * its number. */
biascope_status bs_handover_step(const bs_question *question, const bs_epoch_rule *rule, double *step,
                                 biascope_error *error);

#endif
