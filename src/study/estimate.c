/* How long a plan will take, from a short timing of some of its runs. */
#include "study/sweep.h"

#include "study/record.h"
#include <math.h>
#include <time.h>

enum { SAMPLED_RUNS = 24 };
static const double SECONDS_EACH = 0.02; /* of steps a sampled run is timed for, at least */

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static biascope_status time_run(const bs_plan *plan, const bs_plan_run *run, bs_reference *reference, double *seconds,
                                biascope_error *error) {
  const biascope_prediction *prediction = NULL;
  biascope_trainer *trainer = NULL;
  bs_measurement unused;
  const double begin = now();
  biascope_status status = BIASCOPE_OK;
  if (plan->spec->predict) status = bs_reference_predict(reference, &run->options, &prediction, error);
  if (status == BIASCOPE_OK)
    status = biascope_trainer_create(bs_reference_data(reference), &run->options, &trainer, error);
  const double trained = now();
  for (uint64_t steps = 64; status == BIASCOPE_OK && now() - trained < SECONDS_EACH; steps *= 2) {
    const uint64_t left = run->steps - biascope_trainer_step(trainer);
    if (left == 0) break;
    status = biascope_trainer_run(trainer, left < steps ? left : steps, error);
  }
  const double measured = now();
  if (status == BIASCOPE_OK)
    status = bs_reference_measure(reference, prediction, biascope_trainer_weights(trainer), &unused, error);
  const double end = now();
  if (status == BIASCOPE_OK) {
    double points = 0.0;
    for (uint64_t step = 0; step < run->steps; points++)
      step = bs_record_next(step, run->steps, plan->spec->record_per_decade);
    const double steps = (double)biascope_trainer_step(trainer);
    *seconds = (trained - begin) + (measured - trained) / steps * (double)run->steps + (end - measured) * points;
  }
  biascope_trainer_free(trainer);
  return status;
}

biascope_status bs_sweep_estimate(const bs_plan *plan, size_t jobs, double *seconds, biascope_error *error) {
  const size_t sampled = plan->run_count < SAMPLED_RUNS ? plan->run_count : SAMPLED_RUNS;
  double of_runs = 0.0, of_data = 0.0;
  size_t data_timed = 0, loaded = SIZE_MAX;
  biascope_dataset *data = NULL;
  bs_reference *reference = NULL;
  biascope_status status = BIASCOPE_OK;
  for (size_t i = 0; i < sampled && status == BIASCOPE_OK; i++) {
    const bs_plan_run *run = &plan->runs[(2 * i + 1) * plan->run_count / (2 * sampled)];
    if (run->data != loaded) {
      bs_reference_free(reference);
      biascope_dataset_free(data);
      reference = NULL;
      const double begin = now();
      status = bs_plan_load(plan, run->data, &data, error);
      if (status == BIASCOPE_OK) status = bs_reference_create(data, &reference, error);
      if (status == BIASCOPE_NOT_SEPARABLE) status = BIASCOPE_OK;
      of_data += now() - begin;
      data_timed++;
      loaded = run->data;
    }
    double run_seconds = 0.0;
    if (status == BIASCOPE_OK && reference) status = time_run(plan, run, reference, &run_seconds, error);
    of_runs += run_seconds;
  }
  bs_reference_free(reference);
  biascope_dataset_free(data);
  size_t data_sets = 0;
  for (size_t i = 0; i < plan->run_count; i++) data_sets += i == 0 || plan->runs[i].data != plan->runs[i - 1].data;
  *seconds = 0.0;
  if (sampled > 0 && data_timed > 0)
    *seconds =
        (of_runs / (double)sampled * (double)plan->run_count + of_data / (double)data_timed * (double)data_sets) /
        (double)jobs;
  return status;
}
