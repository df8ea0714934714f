#include "forecast/integrate.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/vector.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { STAGES = 4, MOST_STEPS = 800 /* from one call to the next */ };

static const double GAMMA = 0.5;
/* In the variables that need no product with J (Hairer and Wanner II, IV.7). */
static const double A[STAGES][STAGES] = {{0}, {0}, {2}, {2, 0, 1}};
static const double C[STAGES][STAGES] = {{0}, {4}, {1, -1}, {1, -1, -8.0 / 3.0}};
static const double SUM[STAGES] = {2, 0, 1, 1}, TIME[STAGES] = {0, 0, 1, 1}, BY_TIME[STAGES] = {0.5, 1.5, 0, 0};
static const bool EVALUATED[STAGES] = {true, false, true, true};
static const double FIRST_STEP = 1e-3, LEAST_STEP = 1e-12, DIFFERENCE = 1e-6;

biascope_status bs_integration_create(const biascope_dataset *data, const double *rows, const biascope_options *options,
                                      bool refined, double tolerance, bs_integration *out, biascope_error *error) {
  const size_t d = data->features;
  *out = (bs_integration){.rows = rows, .tolerance = tolerance};
  biascope_status status = bs_model_create(data, rows, options, refined, &out->model, error);
  if (status == BIASCOPE_OK) status = bs_jacobian_create(&out->model, &out->jacobian, error);
  if (status == BIASCOPE_OK) {
    out->w = BS_NEW(double, 18 * d);
    if (!out->w) status = bs_fail_memory(error, "the integration");
  }
  if (status != BIASCOPE_OK) {
    bs_integration_free(out);
    return status;
  }
  out->u = out->w + d;
  out->rate = out->u + d;
  out->later = out->rate + 2 * d;
  out->stages = out->later + 2 * d;
  out->trial = out->stages + 8 * d;
  out->error = out->trial + 2 * d;
  return BIASCOPE_OK;
}

void bs_integration_free(bs_integration *run) {
  bs_model_free(&run->model);
  bs_jacobian_free(&run->jacobian);
  free(run->w);
  memset(run, 0, sizeof *run);
}

void bs_integration_start(bs_integration *run, double t, const double *w, const double *u, double age) {
  const size_t d = run->model.features;
  memcpy(run->w, w, d * sizeof *w);
  memcpy(run->u, u, d * sizeof *u);
  run->log_time = log(t);
  run->step = FIRST_STEP;
  if (!run->model.has_second) return;
  bs_model_evaluate(&run->model, t, w, u, run->rate, run->rate + d);
  const double moved = -expm1(-age * run->model.rate_second);
  for (size_t k = 0; k < d; k++) {
    const double ratio = run->model.ratio[k];
    run->u[k] += run->model.is_sum ? log1p(age * ratio) : log(fmax(1e-3, 1.0 + moved * (ratio - 1.0)));
  }
}

static void evaluate(bs_integration *run, double log_time, const double *state, double *rate) {
  const size_t d = run->model.features;
  bs_model_evaluate(&run->model, exp(log_time), state, state + d, rate, rate + d);
}

/* The stages of a step of length h into run->stages, from the rate and its derivative by time at the start. */
static void find_stages(bs_integration *run, double h) {
  const size_t d = run->model.features, n = 2 * d;
  double *rate = run->error; /* of the stage at hand */
  memcpy(rate, run->rate, n * sizeof *rate);
  for (int s = 0; s < STAGES; s++) {
    double *stage = run->stages + (size_t)s * n;
    if (s > 0 && EVALUATED[s]) {
      memcpy(run->trial, run->w, n * sizeof *run->trial);
      for (int r = 0; r < s; r++)
        if (A[s][r] != 0.0) bs_axpy(n, A[s][r], run->stages + (size_t)r * n, run->trial);
      evaluate(run, run->log_time + TIME[s] * h, run->trial, rate);
    }
    memcpy(stage, rate, n * sizeof *stage);
    for (int r = 0; r < s; r++)
      if (C[s][r] != 0.0) bs_axpy(n, C[s][r] / h, run->stages + (size_t)r * n, stage);
    if (BY_TIME[s] != 0.0) bs_axpy(n, h * BY_TIME[s], run->later, stage);
    bs_jacobian_solve(&run->jacobian, run->rows, stage, stage + d);
  }
}

/* The step's error over what is tolerated: of the weights relative to their length, of u in itself. NaN where the step
 * fails. */
static double try_step(bs_integration *run, double h) {
  const size_t d = run->model.features, n = 2 * d;
  if (!bs_jacobian_factor(&run->jacobian, run->rows, 1.0 / (GAMMA * h))) return NAN;
  find_stages(run, h);
  memcpy(run->trial, run->w, n * sizeof *run->trial);
  for (int s = 0; s < STAGES; s++)
    if (SUM[s] != 0.0) bs_axpy(n, SUM[s], run->stages + (size_t)s * n, run->trial);
  const double *difference = run->stages + (size_t)(STAGES - 1) * n;
  const double weights = bs_norm2(d, difference) / bs_norm2(d, run->trial);
  const double seconds = 0.1 * bs_norm2(d, difference + d) / sqrt((double)d);
  return fmax(weights, run->model.has_second ? seconds : 0.0) / run->tolerance;
}

/* The rate at the state, its derivative by time, and J. */
static void open_step(bs_integration *run) {
  const size_t n = 2 * run->model.features;
  evaluate(run, run->log_time + DIFFERENCE, run->w, run->later);
  evaluate(run, run->log_time, run->w, run->rate);
  for (size_t i = 0; i < n; i++) run->later[i] = (run->later[i] - run->rate[i]) / DIFFERENCE;
  bs_jacobian_fill(&run->jacobian, &run->model, exp(run->log_time));
}

biascope_status bs_integration_advance(bs_integration *run, double t, biascope_error *error) {
  const double end = log(t);
  const size_t n = 2 * run->model.features, before = run->steps + run->rejected;
  while (run->log_time < end) {
    open_step(run);
    for (double excess = INFINITY; !(excess <= 1.0);) {
      const bool last = run->log_time + run->step * (1.0 + 1e-9) >= end;
      const double h = last ? end - run->log_time : run->step;
      excess = try_step(run, h);
      const double factor = isfinite(excess) ? fmin(5.0, fmax(0.2, 0.9 * pow(excess + 1e-12, -1.0 / 3.0))) : 0.2;
      if (!(excess <= 1.0)) run->rejected++;
      if (excess <= 1.0) {
        memcpy(run->w, run->trial, n * sizeof *run->w);
        run->log_time = last ? end : run->log_time + h;
        run->steps++;
      }
      run->step = excess <= 1.0 && last ? fmax(run->step, h * factor) : h * factor;
      if (run->step < LEAST_STEP || run->steps + run->rejected - before > MOST_STEPS)
        return bs_fail(error, BIASCOPE_NOT_CONVERGED, "the averaged equation was followed up to step %.4g only",
                       exp(run->log_time));
    }
  }
  return BIASCOPE_OK;
}
