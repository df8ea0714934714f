/* Which steps of a run are recorded: K a decade, evenly on a log scale, and the last ("log:K"). */
#ifndef BIASCOPE_TRAIN_RECORD_H
#define BIASCOPE_TRAIN_RECORD_H

#include "biascope.h"

/* How many steps a run of `last` steps records (biascope_record_next). */
size_t bs_record_count(uint64_t last, unsigned per_decade);

#endif
