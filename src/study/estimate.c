/* Estimates how long a plan will take, from a short timing of some of its runs. */
#include "study/sweep.h"

#include "base/clock.h"
#include "problem/limits.h"
#include "train/record.h"

enum { LEAST_SAMPLED = 8, MOST_SAMPLED = 400 };
static const double SECONDS_ALL = 2.0;    /* then no further run is sampled, if the least number is reached */
static const double SECONDS_MOST = 10.0;  /* ... and whatever their number: a limit can take long to predict */
static const double SECONDS_EACH = 0.005; /* the least time of steps for a sampled run */

/* Work that is done once for each data set, limit or run. */
typedef struct {
  double seconds;
  size_t timed, all;
} cost;

typedef struct {
  const bs_plan *plan;
  const bs_plan_run *last;       /* the run that was sampled last */
  biascope_dataset *data, *test; /* its data and references */
  biascope_problem *reference;
  cost of_data, of_limits, of_runs;
} sampler;

static void add(cost *c, double seconds) {
  c->seconds += seconds;
  c->timed++;
}

static double total(const cost *c) {
  return c->timed ? c->seconds / (double)c->timed * (double)c->all : 0.0;
}

static bool same_limit(const bs_plan_run *a, const bs_plan_run *b) {
  return a->data == b->data && bs_same_limit(&a->options, &b->options);
}

static void unload(sampler *s) {
  biascope_problem_free(s->reference);
  biascope_dataset_free(s->data);
  biascope_dataset_free(s->test);
  s->reference = NULL;
  s->data = s->test = NULL;
}

static biascope_status load(sampler *s, const bs_plan_run *run, biascope_error *error) {
  if (s->last && s->last->data == run->data) return BIASCOPE_OK;
  unload(s);
  const double begin = bs_clock(CLOCK_MONOTONIC);
  biascope_status status = bs_plan_load(s->plan, run->data, &s->data, &s->test, error);
  if (status == BIASCOPE_OK) status = bs_reference_create(s->data, s->test, &s->reference, error);
  add(&s->of_data, bs_clock(CLOCK_MONOTONIC) - begin);
  return status == BIASCOPE_NOT_SEPARABLE ? BIASCOPE_OK : status;
}

/* The seconds of a whole run: its steps estimated by the first of them, its measurements by one. */
static biascope_status time_steps(sampler *s, const bs_plan_run *run, const biascope_prediction *prediction,
                                  biascope_trainer *trainer, biascope_error *error) {
  biascope_status status = BIASCOPE_OK;
  biascope_measurement unused;
  const double begin = bs_clock(CLOCK_MONOTONIC);
  for (uint64_t steps = 64; status == BIASCOPE_OK && bs_clock(CLOCK_MONOTONIC) - begin < SECONDS_EACH; steps *= 2) {
    const uint64_t left = run->steps - biascope_trainer_step(trainer);
    if (left == 0) break;
    status = biascope_trainer_run(trainer, left < steps ? left : steps, error);
  }
  const double trained = bs_clock(CLOCK_MONOTONIC);
  if (status == BIASCOPE_NOT_CONVERGED) { /* the run also ends here in the sweep */
    add(&s->of_runs, trained - begin);
    return BIASCOPE_OK;
  }
  if (status == BIASCOPE_OK)
    status = biascope_problem_measure(s->reference, BIASCOPE_ALL_NORMS, prediction, biascope_trainer_weights(trainer),
                                      &unused, error);
  const double end = bs_clock(CLOCK_MONOTONIC);
  const double points = (double)bs_record_count(run->steps, s->plan->spec->record_per_decade);
  if (status == BIASCOPE_OK)
    add(&s->of_runs,
        (trained - begin) / (double)biascope_trainer_step(trainer) * (double)run->steps + (end - trained) * points);
  return status;
}

/* Seconds of a run that is forecast: all of it. */
static biascope_status time_forecast(sampler *s, const bs_plan_run *run, biascope_error *error) {
  biascope_forecast *forecast = NULL;
  const double begin = bs_clock(CLOCK_MONOTONIC);
  biascope_status status = biascope_forecast_create(s->data, &run->options, run->steps, &forecast, error);
  for (uint64_t step = 0; step < run->steps && status == BIASCOPE_OK;) {
    step = biascope_record_next(step, run->steps, s->plan->spec->record_per_decade);
    status = biascope_forecast_advance(forecast, step, error);
  }
  biascope_forecast_free(forecast);
  s->last = run;
  add(&s->of_runs, bs_clock(CLOCK_MONOTONIC) - begin);
  return status == BIASCOPE_NOT_CONVERGED ? BIASCOPE_OK : status;
}

static biascope_status sample(sampler *s, const bs_plan_run *run, biascope_error *error) {
  const biascope_prediction *prediction = NULL;
  biascope_trainer *trainer = NULL;
  biascope_status status = load(s, run, error);
  if (status != BIASCOPE_OK) return status;
  if (!s->reference) { /* not separable: no steps to take */
    add(&s->of_runs, 0.0);
    s->last = run;
    return BIASCOPE_OK;
  }
  const double begin = bs_clock(CLOCK_MONOTONIC);
  if (s->plan->spec->predict == BS_PREDICT_RUN) return time_forecast(s, run, error);
  if (s->plan->spec->predict == BS_PREDICT_LIMIT)
    status = bs_reference_limit(s->reference, &run->options, &prediction, error);
  if (!s->last || !same_limit(s->last, run)) add(&s->of_limits, bs_clock(CLOCK_MONOTONIC) - begin);
  s->last = run;
  if (status == BIASCOPE_OK) status = biascope_trainer_create(s->data, &run->options, &trainer, error);
  if (status == BIASCOPE_OK) status = time_steps(s, run, prediction, trainer, error);
  biascope_trainer_free(trainer);
  return status;
}

static size_t common_divisor(size_t a, size_t b) {
  return b ? common_divisor(b, a % b) : a;
}

/* A stride that visits every run once and is evenly spread wherever it stops: near the golden ratio of their number. */
static size_t golden_stride(size_t runs) {
  size_t stride = (size_t)(0.6180339887498949 * (double)runs) + 1;
  while (common_divisor(stride, runs) != 1) stride++;
  return stride;
}

biascope_status bs_sweep_estimate(const bs_plan *plan, size_t jobs, double *seconds, biascope_error *error) {
  sampler s = {.plan = plan, .of_runs.all = plan->run_count};
  for (size_t i = 0; i < plan->run_count; i++) {
    s.of_data.all += i == 0 || plan->runs[i].data != plan->runs[i - 1].data;
    s.of_limits.all += i == 0 || !same_limit(&plan->runs[i], &plan->runs[i - 1]);
  }
  const size_t stride = plan->run_count ? golden_stride(plan->run_count) : 0;
  const double begin = bs_clock(CLOCK_MONOTONIC);
  biascope_status status = BIASCOPE_OK;
  for (size_t i = 0; i < plan->run_count && i < MOST_SAMPLED && status == BIASCOPE_OK; i++) {
    if (i > 0 && bs_clock(CLOCK_MONOTONIC) - begin > (i >= LEAST_SAMPLED ? SECONDS_ALL : SECONDS_MOST)) break;
    status = sample(&s, &plan->runs[i * stride % plan->run_count], error);
  }
  unload(&s);
  *seconds = (total(&s.of_data) + total(&s.of_limits) + total(&s.of_runs)) / (double)jobs;
  return status;
}
