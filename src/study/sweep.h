/* Runs a plan: threads compute, and the caller's thread gives the records to the sink. */
#ifndef BIASCOPE_STUDY_SWEEP_H
#define BIASCOPE_STUDY_SWEEP_H

#include "biascope_study.h"
#include "study/sink.h"

/* Runs every run of the plan on so many threads. The records do not depend on their number. BIASCOPE_CANCELLED: out is
 * filled. */
biascope_status bs_sweep_run(const bs_plan *plan, const bs_sink *sink, size_t jobs, const biascope_monitor *monitor,
                             biascope_sweep_result *out, biascope_error *error);

/* Estimates the seconds of bs_sweep_run by timing the first steps of some runs. */
biascope_status bs_sweep_estimate(const bs_plan *plan, size_t jobs, double *seconds, biascope_error *error);

#endif
