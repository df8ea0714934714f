/* The averaged equation in log t, by the Rosenbrock method RODAS3 (Sandu et al. 1997: four stages, order 3, L-stable,
 * with an embedded error), so that steps grow with t however stiff the memory of v is. */
#ifndef BIASCOPE_FORECAST_INTEGRATE_H
#define BIASCOPE_FORECAST_INTEGRATE_H

#include "forecast/jacobian.h"

typedef struct {
  bs_model model;
  bs_jacobian jacobian;
  const double *rows;
  double log_time, step, tolerance;              /* step: the next one's length in log t */
  double *w, *u;                                 /* d each: the state */
  double *rate, *later, *stages, *trial, *error; /* 2 d, 2 d, 8 d, 2 d, 2 d */
  size_t steps, rejected;
} bs_integration;

biascope_status bs_integration_create(const biascope_dataset *data, const double *rows, const biascope_options *options,
                                      bool refined, double tolerance, bs_integration *out, biascope_error *error);
void bs_integration_free(bs_integration *run);

/* Starts at time t with w, and the logs u of the second moments a time `age` before; d each, copied. */
void bs_integration_start(bs_integration *run, double t, const double *w, const double *u, double age);
/* Up to time t. BIASCOPE_NOT_CONVERGED where steps become too small. */
biascope_status bs_integration_advance(bs_integration *run, double t, biascope_error *error);

#endif
