/* Which steps of a run are recorded: K a decade, evenly on a log scale, and the last ("log:K"). */
#ifndef BIASCOPE_STUDY_RECORD_H
#define BIASCOPE_STUDY_RECORD_H

#include <stddef.h>
#include <stdint.h>

/* The first recorded step after `step`, at most `last`. per_decade 0: the last alone. */
uint64_t bs_record_next(uint64_t step, uint64_t last, unsigned per_decade);
/* How many steps a run of `last` steps records. */
size_t bs_record_count(uint64_t last, unsigned per_decade);

#endif
