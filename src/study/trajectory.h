/* Training runs, measured along log-spaced steps against their references. */
#ifndef BIASCOPE_STUDY_TRAJECTORY_H
#define BIASCOPE_STUDY_TRAJECTORY_H

#include "study/reference.h"
#include <stdatomic.h>

typedef struct {
  biascope_problem *reference;
  uint64_t steps;
  unsigned per_decade;     /* of record.h */
  const atomic_bool *stop; /* once true the runs end early; NULL: never */
  void (*record)(void *state, const biascope_trainer *trainer, const biascope_measurement *measurement);
} bs_trajectory;

typedef struct {
  biascope_trainer *trainer;
  const biascope_prediction *prediction; /* NULL: none */
  void *state;                           /* what record is given */
  bool diverged;                         /* out: the run ended where it left the range that can be followed */
} bs_trajectory_run;

enum { BS_RUNS_TOGETHER = 8 };

/* Runs every trainer, at most BS_RUNS_TOGETHER of one data set at the same step, to `steps`, side by side, and calls
 * `record` at each recorded step. Of runs that diverged the error is that of the last. */
biascope_status bs_trajectories_follow(const bs_trajectory *trajectory, bs_trajectory_run *runs, size_t count,
                                       biascope_error *error);

#endif
