/* Forecasts a run: its first epochs are stepped, then an averaged equation is followed in log t. */
#include "forecast/integrate.h"
#include "forecast/start.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/vector.h"
#include "loss/classes.h"
#include "train/cost.h"
#include "train/trainer.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Runs up to this length are stepped, because this is the fastest way. */
enum { SHORT_RUN = 4000 };
static const double TOLERANCE = 1e-4, TOLERANCE_BESIDE = 1e-3; /* of the other two solutions, for the error estimate */
/* Derivatives of the equation that a forecast takes: of several classes, whose matrices are large, longer runs are
 * stepped too. */
static const double DERIVATIVES = 40.0;
/* The multiplications allowed for a run that is stepped to its end because it cannot be followed otherwise. */
static const double MOST_STEPPED = 1e11;

/* The equation; the equation without its second-order terms or, in a random order, which has none, from the weights of
 * one run at the start and not their mean; and the same from an earlier start. The error is estimated from the
 * differences of the second from the others. */
enum { REFINED, PLAIN, EARLIER, VARIANTS };

/* The start of a method's name. */
#define EXACT "exact steps: "

struct biascope_forecast {
  const biascope_dataset *data;
  biascope_options options;
  const double *rows;
  double *owned_rows; /* NULL: the rows are the data's own */
  bs_start start, earlier;
  bs_integration variant[VARIANTS];
  bool averaged;             /* the equation is followed beyond the start */
  biascope_trainer *trainer; /* steps the start, or all; NULL until needed */
  const char *method;
  uint64_t step;
  size_t weights; /* D: features, or classes x features */
  double *w;      /* D: at `step` */
  double *score;  /* of a sample, for each class: scratch */
  double error_estimate;
};

void biascope_forecast_free(biascope_forecast *forecast) {
  if (!forecast) return;
  for (int v = 0; v < VARIANTS; v++) bs_integration_free(&forecast->variant[v]);
  bs_start_free(&forecast->start);
  bs_start_free(&forecast->earlier);
  biascope_trainer_free(forecast->trainer);
  free(forecast->owned_rows);
  free(forecast->w);
  free(forecast->score);
  free(forecast);
}

static biascope_status step_to_the_end(biascope_forecast *f, uint64_t steps, const char *why, biascope_error *error) {
  if ((double)steps * bs_step_cost(f->data, &f->options) > MOST_STEPPED)
    return bs_fail(error, BIASCOPE_NOT_CONVERGED, "%llu steps are too many to take, and %s", (unsigned long long)steps,
                   strncmp(why, EXACT, strlen(EXACT)) ? why : why + strlen(EXACT));
  f->averaged = false;
  f->error_estimate = 0.0;
  f->method = why;
  return BIASCOPE_OK;
}

static biascope_status start_variants(biascope_forecast *f, uint64_t first, biascope_error *error) {
  const uint64_t epoch = bs_batches_per_epoch(&f->options, f->data->samples);
  const uint64_t before = first / epoch > 2 ? first / epoch / 3 * epoch : epoch;
  biascope_status status = bs_model_rows(f->data, &f->rows, &f->owned_rows, error);
  if (status == BIASCOPE_OK) status = bs_start_find(f->data, &f->options, first, &f->start, error);
  if (status == BIASCOPE_OK) status = bs_start_find(f->data, &f->options, before, &f->earlier, error);
  for (int v = 0; v < VARIANTS && status == BIASCOPE_OK; v++) {
    const bs_start *start = v == EARLIER ? &f->earlier : &f->start;
    status = bs_integration_create(f->data, f->rows, &f->options, v == REFINED,
                                   v == REFINED ? TOLERANCE : TOLERANCE_BESIDE, &f->variant[v], error);
    if (status == BIASCOPE_OK)
      bs_integration_start(&f->variant[v], (double)start->steps, v == REFINED ? start->w : start->one, start->u,
                           0.5 * (double)epoch);
  }
  return status;
}

/* Whether the steps cost less than the equation. */
static bool is_short(const biascope_forecast *f, uint64_t steps) {
  const double equation = DERIVATIVES * bs_model_derivative_cost(f->data);
  return steps <= SHORT_RUN || (double)steps * bs_step_cost(f->data, &f->options) <= equation;
}

/* The equation, or steps if they are cheaper or the equation does not apply. */
static biascope_status choose_method(biascope_forecast *f, uint64_t steps, biascope_error *error) {
  const uint64_t first = bs_start_steps(&f->options, f->data->samples, steps);
  if (is_short(f, steps) || first == 0) return step_to_the_end(f, steps, EXACT "the run is short", error);
  if (!bs_model_covers(&f->options))
    return step_to_the_end(f, steps, EXACT "this update has no averaged equation", error);
  if (!bs_model_fits(f->data))
    return step_to_the_end(f, steps, EXACT "the data are too large for the averaged equation", error);
  biascope_status status = start_variants(f, first, error);
  if (status != BIASCOPE_OK) return status;
  f->averaged = true;
  f->method = "averaged equation in log t, from a start of exact steps";
  return BIASCOPE_OK;
}

biascope_status biascope_forecast_create(const biascope_dataset *data, const biascope_options *options, uint64_t steps,
                                         biascope_forecast **out, biascope_error *error) {
  *out = NULL;
  biascope_status status = biascope_options_check(options, data->samples, error);
  if (status != BIASCOPE_OK) return status;
  biascope_forecast *f = BS_NEW(biascope_forecast, 1);
  if (!f) return bs_fail_memory(error, "the forecast");
  f->data = data;
  f->options = bs_options_read(options);
  f->weights = bs_outputs(data) * data->features;
  f->w = BS_NEW(double, f->weights);
  f->score = BS_NEW(double, bs_outputs(data));
  status = f->w && f->score ? choose_method(f, steps, error) : bs_fail_memory(error, "the forecast");
  if (status == BIASCOPE_OK)
    *out = f;
  else
    biascope_forecast_free(f);
  return status;
}

/* A variant's weights at the step, in `w`: from the end of the last whole epoch and its first steps after that. */
static biascope_status follow(bs_integration *run, uint64_t step, double *w, biascope_error *error) {
  const size_t d = run->model.weights, epoch = run->model.epoch;
  const uint64_t whole = step / epoch * epoch;
  const biascope_status status = bs_integration_advance(run, (double)whole, error);
  memcpy(w, run->w, d * sizeof *w);
  if (status != BIASCOPE_OK || whole == step) return status;
  bs_model_evaluate(&run->model, (double)whole, run->w, run->u, run->rate, run->rate + d);
  bs_model_add_steps(&run->model, (size_t)(step - whole), w);
  return BIASCOPE_OK;
}

static biascope_status follow_variants(biascope_forecast *f, uint64_t step, biascope_error *error) {
  const size_t d = f->weights;
  double *plain = f->variant[REFINED].trial, *earlier = f->variant[PLAIN].trial;
  double *const found[VARIANTS] = {f->w, plain, earlier};
  biascope_status status = BIASCOPE_OK;
  for (int v = 0; v < VARIANTS && status == BIASCOPE_OK; v++) status = follow(&f->variant[v], step, found[v], error);
  const double noise = f->start.spread / fmax(bs_norm2(d, f->w), 1e-300);
  f->error_estimate = bs_angle(d, f->w, plain) + 2.0 * bs_angle(d, plain, earlier) + noise + 4.0 * TOLERANCE;
  return status;
}

static biascope_status take_steps(biascope_forecast *f, uint64_t step, biascope_error *error) {
  biascope_status status = BIASCOPE_OK;
  if (!f->trainer) status = biascope_trainer_create(f->data, &f->options, &f->trainer, error);
  if (status != BIASCOPE_OK) return status;
  status = biascope_trainer_run(f->trainer, step - biascope_trainer_step(f->trainer), error);
  memcpy(f->w, biascope_trainer_weights(f->trainer), f->weights * sizeof *f->w);
  return status;
}

biascope_status biascope_forecast_advance(biascope_forecast *f, uint64_t step, biascope_error *error) {
  if (step < f->step) return bs_fail(error, BIASCOPE_USAGE, "a forecast goes forward only");
  f->step = step;
  if (!f->averaged || step <= f->start.steps) return take_steps(f, step, error);
  biascope_status status = follow_variants(f, step, error);
  if (status != BIASCOPE_NOT_CONVERGED) return status;
  const biascope_error followed = error ? *error : (biascope_error){0};
  status = step_to_the_end(f, step, EXACT "the averaged equation is too stiff to follow", error);
  if (status == BIASCOPE_OK) return take_steps(f, step, error);
  return bs_fail(error, status, "%llu steps are too many to take, and the averaged equation is too stiff: %.700s",
                 (unsigned long long)step, followed.message);
}

const double *biascope_forecast_weights(const biascope_forecast *f) {
  return f->w;
}

/* Evaluates the data at the weights. */
static void measure(const biascope_forecast *f, biascope_forecast_quality *q) {
  const size_t N = f->data->samples, d = f->data->features, outputs = bs_outputs(f->data);
  const bs_loss *loss = bs_loss_of(f->options.loss);
  bs_loss_mean mean = {-INFINITY, 0.0};
  double least = INFINITY;
  size_t right = 0;
  for (size_t i = 0; i < N; i++) {
    for (size_t a = 0; a < outputs; a++) f->score[a] = bs_row_dot(f->data, i, f->w + a * d);
    const double z = bs_margin_of_sample(f->data, i, f->w);
    least = fmin(least, z);
    right += z > 0.0;
    const double soft = outputs > 1 ? bs_classes_margin(outputs, f->score, f->data->class[i]) : z;
    bs_loss_mean_add(&mean, loss->log_value(soft));
  }
  q->log_loss = bs_loss_mean_log(&mean, N);
  q->weight_norm = bs_norm2(f->weights, f->w);
  q->margin = q->weight_norm > 0.0 ? least / q->weight_norm : 0.0;
  q->accuracy = (double)right / (double)N;
}

biascope_forecast_quality biascope_forecast_quality_of(const biascope_forecast *f) {
  biascope_forecast_quality q = {.method = f->method, .error_estimate = f->error_estimate};
  q.steps_taken = f->averaged && f->step > f->start.steps ? f->start.steps : f->step;
  for (int v = 0; v < VARIANTS; v++) q.evaluations += f->variant[v].model.evaluations;
  measure(f, &q);
  return q;
}
