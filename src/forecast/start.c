#include "forecast/start.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/vector.h"
#include "train/trainer.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The number of runs of a random order whose mean is used. */
enum { RUNS = 8 };
/* The steps of the start: epochs if they have few and many batches, least steps, and their largest share of the run. */
enum { EPOCHS = 20, EPOCHS_OF_MANY = 5, MANY = 100, LEAST_START = 200, START_SHARE = 10 };
static const double LEAST = 1e-300;

uint64_t bs_start_steps(const biascope_options *options, size_t samples, uint64_t steps) {
  const uint64_t epoch = bs_batches_per_epoch(options, samples);
  uint64_t epochs = epoch < MANY ? EPOCHS : EPOCHS_OF_MANY;
  if (epochs * epoch < LEAST_START) epochs = (LEAST_START + epoch - 1) / epoch;
  if (epochs * epoch > steps / START_SHARE) epochs = steps / START_SHARE / epoch;
  return epochs * epoch;
}

void bs_start_free(bs_start *start) {
  free(start->w);
  memset(start, 0, sizeof *start);
}

/* Adds the mean of the corrected second moments over the last epoch of `steps` to `mean`. v: scratch. */
static biascope_status step_and_average(biascope_trainer *trainer, uint64_t steps, double share, double *mean,
                                        double *v, biascope_error *error) {
  const size_t d = bs_outputs(trainer->data) * trainer->data->features,
               epoch = bs_batches_per_epoch(&trainer->options, trainer->data->samples);
  const bool is_average = trainer->rule->second == BS_SECOND_AVERAGE;
  biascope_status status = biascope_trainer_run(trainer, steps - epoch, error);
  for (size_t j = 0; j < epoch && status == BIASCOPE_OK; j++) {
    status = biascope_trainer_run(trainer, 1, error);
    if (trainer->rule->second == BS_NO_SECOND_MOMENT) continue;
    bs_trainer_second_moment(trainer, v);
    const double age = is_average ? -expm1((double)trainer->step * log(trainer->moments->beta2)) : 1.0;
    bs_axpy(d, share / ((double)epoch * age), v, mean);
  }
  return status;
}

/* One run's part in the start. */
static biascope_status add_run(const biascope_dataset *data, const biascope_options *options, size_t runs,
                               double *weights, bs_start *out, double *v, biascope_error *error) {
  biascope_trainer *trainer;
  biascope_status status = biascope_trainer_create(data, options, &trainer, error);
  if (status != BIASCOPE_OK) return status;
  status = step_and_average(trainer, out->steps, 1.0 / (double)runs, out->u, v, error);
  const size_t d = bs_outputs(data) * data->features;
  if (status == BIASCOPE_OK) memcpy(weights, biascope_trainer_weights(trainer), d * sizeof *weights);
  biascope_trainer_free(trainer);
  return status;
}

biascope_status bs_start_find(const biascope_dataset *data, const biascope_options *options, uint64_t steps,
                              bs_start *out, biascope_error *error) {
  const size_t d = bs_outputs(data) * data->features, runs = bs_seed_matters(options) ? RUNS : 1;
  *out = (bs_start){.steps = steps, .w = BS_NEW(double, (4 + runs) * d)};
  if (!out->w) return bs_fail_memory(error, "the first epochs");
  out->u = out->w + d;
  out->one = out->u + d;
  double *v = out->one + d, *weights = v + d, sum = 0.0;
  biascope_options seeded = *options;
  biascope_status status = BIASCOPE_OK;
  for (size_t r = 0; r < runs && status == BIASCOPE_OK; r++) {
    seeded.seed = options->seed + r;
    status = add_run(data, &seeded, runs, weights + r * d, out, v, error);
    bs_axpy(d, 1.0 / (double)runs, weights + r * d, out->w);
  }
  memcpy(out->one, weights, d * sizeof *weights);
  for (size_t k = 0; k < d; k++) out->u[k] = log(fmax(out->u[k], LEAST));
  for (size_t r = 0; r < runs; r++) {
    bs_axpy(d, -1.0, out->w, weights + r * d);
    sum += bs_dot(d, weights + r * d, weights + r * d);
  }
  out->spread = runs > 1 ? sqrt(sum / (double)(runs - 1)) : 0.0;
  if (status != BIASCOPE_OK) bs_start_free(out);
  return status;
}
