/* A training run, measured along log-spaced steps against its references. */
#ifndef BIASCOPE_STUDY_TRAJECTORY_H
#define BIASCOPE_STUDY_TRAJECTORY_H

#include "study/reference.h"
#include <stdatomic.h>

typedef struct {
  const bs_reference *reference;
  const biascope_prediction *prediction; /* NULL: none */
  uint64_t steps;
  unsigned per_decade;     /* of record.h */
  const atomic_bool *stop; /* once true the run ends early; NULL: never */
  void (*record)(void *state, const biascope_trainer *trainer, const bs_measurement *measurement);
  void *state;
} bs_trajectory;

/* Runs the trainer to `steps` and calls `record` at each recorded step. */
biascope_status bs_trajectory_run(const bs_trajectory *trajectory, biascope_trainer *trainer, biascope_error *error);

#endif
