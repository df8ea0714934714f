/* One run of a study: training, measuring, and the record that a store keeps. */
#ifndef BIASCOPE_STUDY_RUN_H
#define BIASCOPE_STUDY_RUN_H

#include "study/plan.h"
#include "study/trajectory.h"

/* A row of the store. The texts are JSON, described in docs/studies.md. */
typedef struct {
  bs_fingerprint id;
  biascope_status status; /* BIASCOPE_OK, _NOT_SEPARABLE, or _NOT_CONVERGED: diverged, or not forecast */
  char *spec, *result, *certificate, *trace;          /* all except spec are NULL unless the status is BIASCOPE_OK */
  double started, seconds;                            /* seconds since 1970; seconds of work */
  double work;                                        /* as bs_plan_work */
  double cosine[BIASCOPE_REFERENCE_NORMS], predicted; /* the final cosines again, for the progress display */
} bs_run_record;

/* Trains, or forecasts, and measures `count` runs side by side: at most BS_RUNS_TOGETHER, with one data set and number
 * of steps. reference: NULL if the data are not separable, which is then recorded. `out`: a record for each; all are
 * empty after an error. If *stop becomes true, runs are abandoned: their records are empty, with out->spec NULL. */
biascope_status bs_runs_execute(const bs_plan *plan, const bs_plan_run *const *runs, size_t count,
                                biascope_problem *reference, const atomic_bool *stop, bs_run_record *out,
                                biascope_error *error);
void bs_run_record_free(bs_run_record *record);

#endif
