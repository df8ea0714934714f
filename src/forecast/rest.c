#include "forecast/rest.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/vector.h"
#include "forecast/integrate.h"
#include "forecast/start.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The equation is followed in steps of this factor in time, up to this time. */
static const double LONGER = 3.0, LONGEST = 1e18;
static const double TOLERANCE = 1e-3; /* of the way there, which the point of rest does not depend on */
static const double AT_REST = 1e-6;   /* the balance that is good enough if it gets no better */
/* The number of products that estimate the largest curvature. */
enum { PRODUCTS = 60 };

void bs_rest_free(bs_rest *rest) {
  free(rest->weights);
  memset(rest, 0, sizeof *rest);
}

static double find_moving(bs_integration *run) {
  const bs_model *model = &run->model;
  double left = 0.0, size = 0.0;
  bs_model_evaluate(&run->model, exp(run->log_time), run->w, run->u, run->rate, run->rate + model->weights);
  for (size_t k = 0; k < model->weights; k++) {
    const double decay = model->decay * run->w[k], rest = model->direction[k] + decay;
    left += rest * rest;
    size += decay * decay;
  }
  return sqrt(left / size);
}

/* The largest eigenvalue of eta times the mean update's derivative by w, v fixed, by powers. */
static double largest_curvature(bs_integration *run) {
  const size_t d = run->model.weights;
  const double t = exp(run->log_time);
  double *x = run->later, *product = run->trial, value = 0.0;
  bs_jacobian_fill(&run->jacobian, &run->model, t);
  for (size_t k = 0; k < d; k++) x[k] = run->w[k] + 1e-3;
  for (int n = 0; n < PRODUCTS; n++) {
    bs_scale(d, 1.0 / fmax(bs_norm2(d, x), 1e-300), x);
    bs_jacobian_apply(&run->jacobian, x, product);
    bs_scale(d, -1.0 / t, product);
    value = bs_norm2(d, product);
    memcpy(x, product, d * sizeof *x);
  }
  return value;
}

/* Steps with averaged gradients are stable up to 2 (1 + b1) / (1 - b1) (Cohen et al. 2022, "Adaptive gradient methods
 * at the edge of stability"). */
static bool is_unstable(bs_integration *run) {
  const bs_model *model = &run->model;
  if (model->random || model->batches > 1) return false;
  return largest_curvature(run) > 2.0 * (1.0 + model->beta1) / (1.0 - model->beta1);
}

static void keep(bs_integration *run, double moving, bs_rest *out) {
  out->moving = moving;
  memcpy(out->weights, run->w, run->model.weights * sizeof *out->weights);
  out->unstable = is_unstable(run);
}

/* The best point, until it is at rest to the tolerance, or nearly so and gets no better. */
static biascope_status come_to_rest(bs_integration *run, double tolerance, bs_rest *out, biascope_error *error) {
  biascope_status status = BIASCOPE_OK;
  bool improves = true;
  out->moving = INFINITY;
  for (double t = exp(run->log_time); status == BIASCOPE_OK && t < LONGEST; t *= LONGER) {
    if (out->moving <= tolerance || (!improves && out->moving <= AT_REST)) return BIASCOPE_OK;
    status = bs_integration_advance(run, t * LONGER, error);
    const double moving = find_moving(run);
    improves = moving < out->moving;
    if (improves) keep(run, moving, out);
  }
  if (status != BIASCOPE_OK || out->moving <= AT_REST) return status;
  if (!isfinite(out->moving)) return bs_fail(error, BIASCOPE_NOT_CONVERGED, "no point of rest was found");
  return bs_fail(error, BIASCOPE_NOT_CONVERGED,
                 "no point of rest was found: the update and the weight decay differ by %.1e", out->moving);
}

biascope_status bs_rest_find(const biascope_dataset *data, const biascope_options *options, double tolerance,
                             bs_rest *out, biascope_error *error) {
  const uint64_t first = bs_start_steps(options, data->samples, UINT64_MAX);
  const size_t epoch = bs_batches_per_epoch(options, data->samples);
  bs_start start = {0};
  bs_integration run = {0};
  const double *rows = NULL;
  double *owned = NULL;
  *out = (bs_rest){.weights = BS_NEW(double, bs_outputs(data) * data->features), .moving = INFINITY};
  biascope_status status = out->weights ? BIASCOPE_OK : bs_fail_memory(error, "the point of rest");
  if (status == BIASCOPE_OK) status = bs_model_rows(data, &rows, &owned, error);
  if (status == BIASCOPE_OK) status = bs_start_find(data, options, first, &start, error);
  if (status == BIASCOPE_OK) status = bs_integration_create(data, rows, options, true, TOLERANCE, &run, error);
  if (status == BIASCOPE_OK) {
    bs_integration_start(&run, (double)first, start.w, start.u, 0.5 * (double)epoch);
    status = come_to_rest(&run, tolerance, out, error);
  }
  bs_integration_free(&run);
  bs_start_free(&start);
  free(owned);
  if (status != BIASCOPE_OK && status != BIASCOPE_NOT_CONVERGED) bs_rest_free(out);
  return status;
}
