/* The unit a prediction is made in. Multiplying the data by s divides w and the step sizes that lead there by s and
 * leaves the direction alone; so the data are brought near 1, where squares of gradients are numbers. */
#ifndef BIASCOPE_LIMIT_UNIT_H
#define BIASCOPE_LIMIT_UNIT_H

#include "limit/predict.h"

/* Divides the question's data by a power of two, so that their largest entry is in [1, 2), and its lr, eps and weight
 * decay as that asks. `copy`: the data divided, which the caller frees after the question; NULL where they are left. */
biascope_status bs_question_scale(bs_question *question, biascope_dataset **copy, biascope_error *error);

#endif
