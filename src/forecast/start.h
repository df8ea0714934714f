/* The first epochs, stepped exactly: they contain the transient and determine the second moments. */
#ifndef BIASCOPE_FORECAST_START_H
#define BIASCOPE_FORECAST_START_H

#include "forecast/model.h"

/* The state of a run after `steps` steps: weights, and the logs of the means of the corrected second moments over the
 * last epoch. In a random order, the mean over some runs. */
typedef struct {
  uint64_t steps;
  double *w, *u; /* as many as weights, each */
  double *one;   /* the weights of the first run */
  double spread; /* the root-mean-square distance of the runs from the mean w; 0 if there is one run */
} bs_start;

/* How many steps: whole epochs, at most a tenth of the run's `steps`. */
uint64_t bs_start_steps(const biascope_options *options, size_t samples, uint64_t steps);
biascope_status bs_start_find(const biascope_dataset *data, const biascope_options *options, uint64_t steps,
                              bs_start *out, biascope_error *error);
void bs_start_free(bs_start *start);

#endif
