#include "train/sampler.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/rng.h"
#include "rule/optimizer.h"
#include <stdlib.h>

biascope_status bs_sampler_create(bs_sampler *sampler, const biascope_options *options, size_t samples,
                                  biascope_error *error) {
  *sampler = (bs_sampler){.samples = samples,
                          .batch_size = bs_batch_size(options, samples),
                          .batches = bs_batches_per_epoch(options, samples),
                          .order = options->batch_size == 0 ? BIASCOPE_CYCLIC : options->order,
                          .seed = options->seed,
                          .step = UINT64_MAX,
                          .held = UINT64_MAX};
  sampler->permutation = BS_NEW(uint32_t, samples);
  sampler->drawn = BS_NEW(uint32_t, sampler->batch_size);
  if (!sampler->permutation || !sampler->drawn) {
    bs_sampler_free(sampler);
    return bs_fail_memory(error, "the sampling order");
  }
  for (size_t i = 0; i < samples; i++) sampler->permutation[i] = (uint32_t)i;
  return BIASCOPE_OK;
}

void bs_sampler_free(bs_sampler *sampler) {
  free(sampler->permutation);
  free(sampler->drawn);
  sampler->permutation = sampler->drawn = NULL;
}

static const uint32_t *draw(bs_sampler *sampler, uint64_t step) {
  for (size_t j = 0; j < sampler->batch_size; j++)
    sampler->drawn[j] =
        (uint32_t)bs_random_below(sampler->seed, BS_STREAM_ORDER, step * sampler->batch_size + j, sampler->samples);
  return sampler->drawn;
}

static void seek(bs_sampler *sampler, uint64_t step) {
  sampler->epoch = step / sampler->batches;
  sampler->first = (size_t)(step - sampler->epoch * sampler->batches) * sampler->batch_size;
}

static void advance(bs_sampler *sampler, uint64_t step) {
  sampler->step = step + 1;
  sampler->first += sampler->batch_size;
  if (sampler->first < sampler->samples) return;
  sampler->first = 0;
  sampler->epoch++;
}

const uint32_t *bs_sampler_batch(bs_sampler *sampler, uint64_t step, size_t *count) {
  *count = sampler->batch_size;
  if (sampler->order == BIASCOPE_REPLACEMENT) return draw(sampler, step);
  if (step != sampler->step) seek(sampler, step); /* a division, which few steps need */
  const size_t first = sampler->first;
  if (sampler->order == BIASCOPE_SHUFFLE && sampler->epoch != sampler->held) {
    bs_random_next_permutation(sampler->seed, BS_STREAM_ORDER, sampler->epoch * sampler->samples, sampler->samples,
                               &sampler->drawn_ahead, sampler->permutation);
    sampler->held = sampler->epoch;
  }
  if (sampler->samples - first < *count) *count = sampler->samples - first;
  advance(sampler, step);
  return sampler->permutation + first;
}

const uint32_t *bs_sampler_rest(bs_sampler *sampler, uint64_t step, size_t *count) {
  const uint32_t *sample = bs_sampler_batch(sampler, step, count);
  if (sampler->order == BIASCOPE_REPLACEMENT || sampler->first == 0) return sample;
  *count += sampler->samples - sampler->first;
  sampler->step += sampler->samples - sampler->first;
  sampler->first = 0;
  sampler->epoch++;
  return sample;
}
