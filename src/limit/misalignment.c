#include "limit/misalignment.h"

#include "base/memory.h"
#include "base/vector.h"
#include "rule/optimizer.h"
#include "train/sampler.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { RANDOM_STEPS = 4096 };
static const double FORGOTTEN = 1e-12; /* what may be left of the start, m = 0 */

typedef struct {
  const biascope_dataset *data;
  const double *weights;
  double beta, *momentum, *gradient, *full;
  bs_sampler sampler;
} tracker;

/* Moves the momentum on by the batch of step t. */
static void average_batch(tracker *k, uint64_t t) {
  const size_t d = k->data->features;
  size_t count;
  const uint32_t *batch = bs_sampler_batch(&k->sampler, t, &count);
  memset(k->gradient, 0, d * sizeof *k->gradient);
  for (size_t b = 0; b < count; b++) bs_row_axpy(k->data, batch[b], k->weights[batch[b]] / (double)count, k->gradient);
  for (size_t j = 0; j < d; j++) k->momentum[j] = k->beta * k->momentum[j] + (1.0 - k->beta) * k->gradient[j];
}

static double distance(const tracker *k) {
  double sum = 0.0;
  for (size_t j = 0; j < k->data->features; j++) sum += fabs(k->momentum[j] - k->full[j]);
  return sum * (double)k->data->samples; /* G = 1 / N where the weights sum to 1 */
}

/* From m = 0 to where that is forgotten: one epoch and a division where epochs repeat. Returns the steps taken. */
static uint64_t settle(tracker *k) {
  const uint64_t batches = k->sampler.batches;
  uint64_t steps = batches;
  if (k->sampler.order != BIASCOPE_CYCLIC && k->beta > 0.0) steps += (uint64_t)(log(FORGOTTEN) / log(k->beta));
  for (uint64_t t = 0; t < steps; t++) average_batch(k, t);
  if (k->sampler.order == BIASCOPE_CYCLIC)
    bs_scale(k->data->features, 1.0 / -expm1((double)batches * log(k->beta)), k->momentum);
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
  const size_t d = data->features;
  tracker k = {.data = data, .weights = weights, .beta = bs_effective_beta1(training)};
  biascope_status status = bs_sampler_create(&k.sampler, training, data->samples, error);
  if (status != BIASCOPE_OK) return status;
  k.momentum = BS_NEW(double, d);
  k.gradient = BS_NEW(double, d);
  k.full = BS_NEW(double, d);
  if (k.momentum && k.gradient && k.full) {
    for (size_t i = 0; i < data->samples; i++) bs_row_axpy(data, i, weights[i] / (double)data->samples, k.full);
    *out = largest_distance(&k);
  } else {
    status = bs_fail_memory(error, "the misalignment");
  }
  free(k.momentum);
  free(k.gradient);
  free(k.full);
  bs_sampler_free(&k.sampler);
  return status;
}
