/* Running a plan: threads compute, the caller's thread hands the records to the sink. */
#ifndef BIASCOPE_STUDY_SWEEP_H
#define BIASCOPE_STUDY_SWEEP_H

#include "study/sink.h"

typedef struct {
  size_t runs, done, not_separable, diverged; /* of this sweep */
  double seconds;                             /* since it began */
  double store_seconds;                       /* of them that thread spent in the sink */
  double work, work_done;                     /* of this sweep, on a scale of its own */
  bool predicted;                             /* of what best and worst are: the study predicts limits */
  double best, worst; /* final cosine with the predicted limit, else with l2; NaN before the first */
  char best_id[33], worst_id[33];
} bs_sweep_progress;

typedef struct {
  size_t jobs;             /* threads that train; at least 1 */
  const atomic_bool *stop; /* once true, runs under way are abandoned and finished ones committed */
  void (*progress)(void *state, const bs_sweep_progress *progress); /* about ten times a second; NULL: none */
  void *progress_state;
} bs_sweep_options;

/* Runs every run of the plan. The records do not depend on the number of jobs. */
biascope_status bs_sweep_run(const bs_plan *plan, const bs_sink *sink, const bs_sweep_options *options,
                             bs_sweep_progress *out, biascope_error *error);

/* Seconds that bs_sweep_run will take, from timing the first steps of some of the runs. */
biascope_status bs_sweep_estimate(const bs_plan *plan, size_t jobs, double *seconds, biascope_error *error);

#endif
