/* What a step of training costs. */
#ifndef BIASCOPE_TRAIN_COST_H
#define BIASCOPE_TRAIN_COST_H

#include "biascope.h"

/* The approximate number of multiplications in a step, of which a second has some 2 10^9. */
double bs_step_cost(const biascope_dataset *data, const biascope_options *training);

#endif
