/* Trains runs and measures them at log-spaced steps against their references. */
#ifndef BIASCOPE_STUDY_TRAJECTORY_H
#define BIASCOPE_STUDY_TRAJECTORY_H

#include "study/reference.h"
#include <stdatomic.h>

typedef struct {
  biascope_problem *reference;
  uint64_t steps;
  unsigned per_decade;     /* of record.h */
  const atomic_bool *stop; /* when it becomes true the runs end early; NULL: never */
  void (*record)(void *state, const biascope_trainer *trainer, const biascope_measurement *measurement);
} bs_trajectory;

typedef struct {
  biascope_trainer *trainer;
  const biascope_prediction *prediction; /* NULL: none */
  void *state;                           /* passed to record */
  bool diverged;                         /* out: the weights left the range of doubles, and the run ended */
} bs_trajectory_run;

enum { BS_RUNS_TOGETHER = 16 };

/* Runs every trainer, at most BS_RUNS_TOGETHER with one data set and at the same step, to `steps`, side by side, and
 * calls `record` at each recorded step. If runs diverged, the error is that of the last one. */
biascope_status bs_trajectories_follow(const bs_trajectory *trajectory, bs_trajectory_run *runs, size_t count,
                                       biascope_error *error);

#endif
