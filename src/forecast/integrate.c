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
static const double MEMORIES = 40.0; /* 1 / (1 - b2) in steps, after which b2^t is rounding */
static const double FIRST_STEP = 1e-3, LEAST_STEP = 1e-12, DIFFERENCE = 1e-6;

biascope_status bs_integration_create(const biascope_dataset *data, const double *rows, const biascope_options *options,
                                      bool refined, double tolerance, bs_integration *out, biascope_error *error) {
  const size_t d = bs_outputs(data) * data->features;
  *out = (bs_integration){.tolerance = tolerance};
  biascope_status status = bs_model_create(data, rows, options, refined, &out->model, error);
  if (status == BIASCOPE_OK) status = bs_jacobian_create(&out->model, &out->jacobian, error);
  if (status == BIASCOPE_OK) {
    out->w = BS_NEW(double, 20 * d);
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
  out->before = out->error + 2 * d;
  return BIASCOPE_OK;
}

void bs_integration_free(bs_integration *run) {
  bs_model_free(&run->model);
  bs_jacobian_free(&run->jacobian);
  free(run->w);
  memset(run, 0, sizeof *run);
}

void bs_integration_start(bs_integration *run, double t, const double *w, const double *u, double age) {
  const size_t d = run->model.weights;
  memcpy(run->w, w, d * sizeof *w);
  memcpy(run->u, u, d * sizeof *u);
  run->log_time = log(t);
  run->step = FIRST_STEP;
  run->longer = 0.0;
  if (!run->model.has_second) return;
  bs_model_evaluate(&run->model, t, w, u, run->rate, run->rate + d);
  const double moved = -expm1(-age * run->model.rate_second);
  for (size_t k = 0; k < d; k++) {
    const double ratio = run->model.ratio[k];
    run->u[k] += run->model.is_sum ? log1p(age * ratio) : log(fmax(1e-3, 1.0 + moved * (ratio - 1.0)));
  }
}

/* The log of the factor of t at x. */
static double log_factor(const bs_integration *run, double x) {
  return run->linear ? log1p(x) : x;
}

/* The rate by x. */
static void evaluate(bs_integration *run, double x, const double *state, double *rate) {
  const size_t d = run->model.weights;
  bs_model_evaluate(&run->model, exp(run->log_time + log_factor(run, x)), state, state + d, rate, rate + d);
  if (run->linear) bs_scale(2 * d, 1.0 / (1.0 + x), rate);
}

/* The stages of a step of length h into run->stages, from the rate and its derivative by time at the start. */
static void find_stages(bs_integration *run, double h) {
  const size_t d = run->model.weights, n = 2 * d;
  double *rate = run->error; /* of the stage at hand */
  memcpy(rate, run->rate, n * sizeof *rate);
  for (int s = 0; s < STAGES; s++) {
    double *stage = run->stages + (size_t)s * n;
    if (s > 0 && EVALUATED[s]) {
      memcpy(run->trial, run->w, n * sizeof *run->trial);
      for (int r = 0; r < s; r++)
        if (A[s][r] != 0.0) bs_axpy(n, A[s][r], run->stages + (size_t)r * n, run->trial);
      evaluate(run, TIME[s] * h, run->trial, rate);
    }
    memcpy(stage, rate, n * sizeof *stage);
    for (int r = 0; r < s; r++)
      if (C[s][r] != 0.0) bs_axpy(n, C[s][r] / h, run->stages + (size_t)r * n, stage);
    if (BY_TIME[s] != 0.0) bs_axpy(n, h * BY_TIME[s], run->later, stage);
    bs_jacobian_solve(&run->jacobian, stage, stage + d);
  }
}

/* The step's error over what is tolerated: of the weights relative to their length, of u in itself. NaN where the step
 * fails. */
static double try_step(bs_integration *run, double h) {
  const size_t d = run->model.weights, n = 2 * d;
  if (!bs_jacobian_factor(&run->jacobian, 1.0 / (GAMMA * h))) return NAN;
  find_stages(run, h);
  memcpy(run->trial, run->w, n * sizeof *run->trial);
  for (int s = 0; s < STAGES; s++)
    if (SUM[s] != 0.0) bs_axpy(n, SUM[s], run->stages + (size_t)s * n, run->trial);
  const double *difference = run->stages + (size_t)(STAGES - 1) * n;
  const double weights = bs_norm2(d, difference) / bs_norm2(d, run->trial);
  const double seconds = 0.1 * bs_norm2(d, difference + d) / sqrt((double)d);
  return fmax(weights, run->model.has_second ? seconds : 0.0) / run->tolerance;
}

/* Whether averages have forgotten that they began, so that the equation depends on t through t eta(t) alone. */
static bool forgets_start(const bs_model *model, double t) {
  return !model->has_second || model->is_sum || t * (1.0 - model->beta2) > MEMORIES;
}

/* The rate at the state and its derivative by log t, the state fixed. */
static void find_rates(bs_integration *run) {
  const size_t d = run->model.weights, n = 2 * d;
  const double t = exp(run->log_time);
  run->linear = false;
  if (!forgets_start(&run->model, t)) {
    evaluate(run, DIFFERENCE, run->w, run->later);
    evaluate(run, 0.0, run->w, run->rate);
    for (size_t i = 0; i < n; i++) run->later[i] = (run->later[i] - run->rate[i]) / DIFFERENCE;
    return;
  }
  evaluate(run, 0.0, run->w, run->rate);
  memcpy(run->later, run->rate, n * sizeof *run->later);
  const double eta = run->model.eta, next = bs_model_rate(run->model.options, t * (1.0 + DIFFERENCE));
  if (eta > 0.0) bs_scale(d, 1.0 + (next / eta - 1.0) / DIFFERENCE, run->later);
}

/* Whether the rates by t changed less over the last step than the rates by log t. */
static bool varies_less_in_time(const bs_integration *run) {
  const size_t d = run->model.weights;
  const double scale = 1.0 / fmax(bs_norm2(d, run->w), 1e-300), share = 0.1 / sqrt((double)d);
  double by_log = 0.0, by_time = 0.0;
  for (size_t i = 0; i < 2 * d; i++) {
    const double weight = i < d ? scale : share;
    const double change = weight * (run->rate[i] - run->before[i]);
    const double time_change = weight * (run->rate[i] / run->longer - run->before[i]);
    by_log += change * change;
    by_time += time_change * time_change;
  }
  return by_time < by_log;
}

/* The rates at the state, the variable, and J. */
static void open_step(bs_integration *run) {
  find_rates(run);
  run->linear = run->longer > 1.0 && varies_less_in_time(run);
  if (run->linear) bs_axpy(2 * run->model.weights, -1.0, run->rate, run->later);
  bs_jacobian_fill(&run->jacobian, &run->model, exp(run->log_time));
}

/* The state after an accepted step. */
static void keep_step(bs_integration *run, double log_time) {
  const size_t n = 2 * run->model.weights;
  memcpy(run->w, run->trial, n * sizeof *run->w);
  memcpy(run->before, run->rate, n * sizeof *run->before);
  run->longer = exp(log_time - run->log_time);
  run->log_time = log_time;
  run->steps++;
}

static biascope_status fail_at(const bs_integration *run, biascope_error *error) {
  const bool oscillates =
      run->model.batches == 1 && !run->model.random && run->model.has_second && !run->model.edge.possible;
  return bs_fail(
      error, BIASCOPE_NOT_CONVERGED, "the averaged equation was followed up to step %.4g only%s", exp(run->log_time),
      oscillates ? ": there, full batches oscillate at the edge of stability, which no slow variable follows" : "");
}

biascope_status bs_integration_advance(bs_integration *run, double t, biascope_error *error) {
  const double end = log(t);
  const size_t before = run->steps + run->rejected;
  while (run->log_time < end) {
    open_step(run);
    for (double excess = INFINITY; !(excess <= 1.0);) {
      const bool last = run->log_time + log_factor(run, run->step) * (1.0 + 1e-9) >= end;
      const double left = end - run->log_time, h = !last ? run->step : run->linear ? expm1(left) : left;
      excess = try_step(run, h);
      const double factor = isfinite(excess) ? fmin(5.0, fmax(0.2, 0.9 * pow(excess + 1e-12, -1.0 / 3.0))) : 0.2;
      if (!(excess <= 1.0)) run->rejected++;
      if (excess <= 1.0) keep_step(run, last ? end : run->log_time + log_factor(run, h));
      run->step = excess <= 1.0 && last ? fmax(run->step, h * factor) : h * factor;
      if (run->step < LEAST_STEP || run->steps + run->rejected - before > MOST_STEPS) return fail_at(run, error);
    }
  }
  return BIASCOPE_OK;
}
