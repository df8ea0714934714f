/* The unit of a prediction. Multiplying the data by s divides w, and the step sizes that lead there, by s and does not
 * change the direction. So the data are scaled to about 1, where squares of gradients do not overflow. */
#ifndef BIASCOPE_LIMIT_UNIT_H
#define BIASCOPE_LIMIT_UNIT_H

#include "limit/predict.h"

/* Divides the question's data by a power of two, so that their largest entry is in [1, 2), and changes its lr, eps and
 * weight decay accordingly. `copy`: the divided data, which the caller frees after the question; NULL if nothing
 * changes. */
biascope_status bs_question_scale(bs_question *question, biascope_dataset **copy, biascope_error *error);

#endif
