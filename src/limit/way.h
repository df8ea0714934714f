/* From the weights of a run: a piece of the path as long as the run's own, and on to where the path leads. */
#ifndef BIASCOPE_LIMIT_WAY_H
#define BIASCOPE_LIMIT_WAY_H

#include "limit/predict.h"

/* Follows the path from the weights of `way` over its time, and on until it has come to its direction, has settled, or
 * goes on too long. BIASCOPE_OK wherever it ends. */
biascope_status bs_path_follow(const bs_question *question, const bs_epoch_rule *rule, bs_way *way,
                               biascope_error *error);

#endif
