/* Integrates the averaged equation by the Rosenbrock method RODAS3 (Sandu et al. 1997: four stages, order 3, L-stable,
 * with an embedded error estimate), so that steps grow with t even if the memory of v makes the equation stiff. A step
 * is taken in log t or in t, whichever the rates of the step before depended on less: margins grow like log t once
 * eps decides, like t before, and where the weights rest, the equation in t does not change. */
#ifndef BIASCOPE_FORECAST_INTEGRATE_H
#define BIASCOPE_FORECAST_INTEGRATE_H

#include "forecast/jacobian.h"

typedef struct {
  bs_model model;
  bs_jacobian jacobian;
  double log_time, tolerance;
  bool linear;                                   /* the next step is in t and not in log t */
  double step;                                   /* its length x: t is multiplied by 1 + x, or by e^x */
  double *w, *u;                                 /* D each, the model's weights: the state */
  double *rate, *later, *stages, *trial, *error; /* 2 D, 2 D, 8 D, 2 D, 2 D; the rates by x */
  double *before, longer;                        /* 2 D: the rates a step before; the factor of t since, 0: none */
  size_t steps, rejected;
} bs_integration;

biascope_status bs_integration_create(const biascope_dataset *data, const double *rows, const biascope_options *options,
                                      bool refined, double tolerance, bs_integration *out, biascope_error *error);
void bs_integration_free(bs_integration *run);

/* Starts at time t with w and with the logs u of the second moments, as they were at time t - age; D each, copied. */
void bs_integration_start(bs_integration *run, double t, const double *w, const double *u, double age);
/* Advances to time t. BIASCOPE_NOT_CONVERGED if steps become too small. */
biascope_status bs_integration_advance(bs_integration *run, double t, biascope_error *error);

#endif
