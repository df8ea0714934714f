/* The first epochs, stepped exactly: they pass the transient and say how large the second moments are. */
#ifndef BIASCOPE_FORECAST_START_H
#define BIASCOPE_FORECAST_START_H

#include "forecast/model.h"

/* Where a run is after `steps` steps: weights and the logs of the corrected second moments' means over the last epoch.
 * In a random order, the mean over some runs. */
typedef struct {
  uint64_t steps;
  double *w, *u; /* d each */
  double spread; /* the runs' root-mean-square distance from the mean w; 0 where there is one */
} bs_start;

biascope_status bs_start_find(const biascope_dataset *data, const biascope_options *options, uint64_t steps,
                              bs_start *out, biascope_error *error);
void bs_start_free(bs_start *start);

#endif
