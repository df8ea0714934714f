/* Where a sweep's records go: into a store, or to the process that has it. */
#ifndef BIASCOPE_STUDY_SINK_H
#define BIASCOPE_STUDY_SINK_H

#include "study/run.h"

/* Called from the thread that called bs_sweep_run, and from no other. */
typedef struct {
  void *state;
  biascope_status (*add)(void *state, const bs_run_record *record, biascope_error *error);
  /* Makes what was added last; called a few times a second and at the end. */
  biascope_status (*commit)(void *state, biascope_error *error);
  /* A record of another process, to be added too: *out, empty (spec NULL) where none has come; false where none will
   * come any more. NULL: there are no others. */
  bool (*receive)(void *others, bs_run_record *out);
  void *others;
  size_t expected; /* such records, if nothing is interrupted */
  double expected_work;
} bs_sink;

#endif
