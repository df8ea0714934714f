#include "limit/misalignment.h"

#include "base/memory.h"
#include "base/vector.h"
#include "margin/rows.h"
#include "rule/optimizer.h"
#include "train/sampler.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { RANDOM_STEPS = 4096 };
static const double FORGOTTEN = 1e-12; /* what may be left of the start, m = 0 */

typedef struct {
  const biascope_dataset *data;
  const double *weights; /* of the margins' rows */
  size_t size;           /* of a gradient */
  bs_epoch_rule averages;
  double *momentum, *gradient, *full;
  double *taken; /* the momentum that the step takes */
  bs_sampler sampler;
} tracker;

/* gradient += scale times the sample's */
static void add_sample(const tracker *k, size_t sample, double scale, double *gradient) {
  const size_t each = bs_rows_of_each(k->data);
  for (size_t row = sample * each; row < (sample + 1) * each; row++)
    bs_margin_row_axpy(k->data, row, scale * k->weights[row], gradient);
}

/* Moves the momenta on by the batch of step t. */
static void average_batch(tracker *k, uint64_t t) {
  const size_t d = k->size;
  size_t count;
  const uint32_t *batch = bs_sampler_batch(&k->sampler, t, &count);
  memset(k->gradient, 0, d * sizeof *k->gradient);
  for (size_t b = 0; b < count; b++) add_sample(k, batch[b], 1.0 / (double)count, k->gradient);
  const double beta = k->averages.beta1, past = bs_epoch_past(&k->averages);
  for (size_t j = 0; j < d; j++) {
    k->taken[j] = past * k->momentum[j] + (1.0 - past) * k->gradient[j];
    k->momentum[j] = beta * k->momentum[j] + (1.0 - beta) * k->gradient[j];
  }
}

static double distance(const tracker *k) {
  double sum = 0.0;
  for (size_t j = 0; j < k->size; j++) sum += fabs(k->taken[j] - k->full[j]);
  return sum * (double)k->data->samples; /* G = 1 / N where the weights sum to 1 */
}

/* From m = 0 to where that is forgotten: one epoch and a division where epochs repeat. Returns the steps taken. */
static uint64_t settle(tracker *k) {
  const uint64_t batches = k->sampler.batches;
  uint64_t steps = batches;
  if (k->sampler.order != BIASCOPE_CYCLIC && k->averages.beta1 > 0.0)
    steps += (uint64_t)(log(FORGOTTEN) / log(k->averages.beta1));
  for (uint64_t t = 0; t < steps; t++) average_batch(k, t);
  if (k->sampler.order == BIASCOPE_CYCLIC)
    bs_scale(k->size, 1.0 / -expm1((double)batches * log(k->averages.beta1)), k->momentum);
  return steps;
}

static double largest_distance(tracker *k) {
  const uint64_t first = settle(k);
  const uint64_t count = k->sampler.order == BIASCOPE_CYCLIC ? k->sampler.batches : RANDOM_STEPS;
  double largest = 0.0;
  for (uint64_t t = first; t < first + count; t++) {
    average_batch(k, t);
    largest = fmax(largest, distance(k));
  }
  return largest;
}

biascope_status bs_misalignment(const biascope_dataset *data, const biascope_options *training, const double *weights,
                                double *out, biascope_error *error) {
  const size_t d = bs_margin_weights(data);
  tracker k = {.data = data, .weights = weights, .size = d, .averages = bs_averages_of(training)};
  biascope_status status = bs_sampler_create(&k.sampler, training, data->samples, error);
  if (status != BIASCOPE_OK) return status;
  k.momentum = BS_NEW(double, d);
  k.gradient = BS_NEW(double, d);
  k.full = BS_NEW(double, d);
  k.taken = BS_NEW(double, d);
  if (k.momentum && k.gradient && k.full && k.taken) {
    for (size_t i = 0; i < data->samples; i++) add_sample(&k, i, 1.0 / (double)data->samples, k.full);
    *out = largest_distance(&k);
  } else {
    status = bs_fail_memory(error, "the misalignment");
  }
  free(k.momentum);
  free(k.gradient);
  free(k.full);
  free(k.taken);
  bs_sampler_free(&k.sampler);
  return status;
}
