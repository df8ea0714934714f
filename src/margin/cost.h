/* What a max margin costs, told before it is solved. */
#ifndef BIASCOPE_MARGIN_COST_H
#define BIASCOPE_MARGIN_COST_H

#include "data/dataset.h"

/* A rough estimate, in seconds of one core at 10^10 multiplications each: within a factor of three or so where the
 * answer is above a second. kind: L2, LINF or L1. */
double bs_margin_seconds(const biascope_dataset *data, biascope_norm_kind kind);

#endif
