/* The destination of a sweep's records: a store, or the process that has it. */
#ifndef BIASCOPE_STUDY_SINK_H
#define BIASCOPE_STUDY_SINK_H

#include "study/run.h"

/* Called only from the thread that called bs_sweep_run. */
typedef struct {
  void *state;
  biascope_status (*add)(void *state, const bs_run_record *record, biascope_error *error);
  /* Makes the records added so far permanent; called a few times a second and at the end. */
  biascope_status (*commit)(void *state, biascope_error *error);
  /* Receives a record of another process, to be added too: *out is empty (spec NULL) if none has come; false if no more
   * will come. NULL: there are no other processes. */
  bool (*receive)(void *others, bs_run_record *out);
  void *others;
  size_t expected; /* the number of such records, if nothing is interrupted */
  double expected_work;
} bs_sink;

#endif
