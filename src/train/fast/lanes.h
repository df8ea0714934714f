/* Which runs biascope_trainers_run takes together. */
#ifndef BIASCOPE_TRAIN_FAST_LANES_H
#define BIASCOPE_TRAIN_FAST_LANES_H

#include "biascope.h"

/* Whether runs of these options on one dense data set share vectors where they are at the same step. */
bool bs_lanes_share(size_t samples, size_t features, const biascope_options *a, const biascope_options *b);

#endif
