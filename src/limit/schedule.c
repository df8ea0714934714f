#include "limit/schedule.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/rng.h"
#include "margin/rows.h"
#include <stdlib.h>
#include <string.h>

/* Replicates draw from disjoint counter ranges of one stream. */
static uint64_t first_counter(size_t replicate) {
  return (uint64_t)replicate << 40;
}

static void fill_epochs(bs_schedule *schedule, const biascope_options *training, size_t samples, bool shuffle,
                        size_t replicate) {
  const size_t per_epoch = bs_batches_per_epoch(training, samples), batch_size = bs_batch_size(training, samples);
  for (size_t epoch = 0; epoch < schedule->steps / per_epoch; epoch++) {
    uint32_t *permutation = schedule->sample + epoch * samples;
    if (shuffle) {
      bs_random_permutation(training->seed, BS_STREAM_PREDICT, first_counter(replicate) + epoch * samples, samples,
                            permutation);
    } else {
      for (size_t i = 0; i < samples; i++) permutation[i] = (uint32_t)i;
    }
    for (size_t j = 0; j < per_epoch; j++) schedule->start[epoch * per_epoch + j] = epoch * samples + j * batch_size;
  }
  schedule->start[schedule->steps] = schedule->steps / per_epoch * samples;
}

/* A random arrangement in which every sample occurs equally often: how often each is drawn is the largest part of the
 * chance in independent draws, and here has none. What is left of the difference from independent draws falls like the
 * averages' memory over the length. */
static void fill_draws(bs_schedule *schedule, size_t samples, size_t batch_size, uint64_t seed, size_t replicate) {
  const size_t draws = schedule->steps * batch_size;
  for (size_t t = 0; t <= schedule->steps; t++) schedule->start[t] = t * batch_size;
  bs_random_permutation(seed, BS_STREAM_PREDICT, first_counter(replicate), draws, schedule->sample);
  for (size_t n = 0; n < draws; n++) schedule->sample[n] %= (uint32_t)samples;
}

/* Every sample becomes its rows, `each` of them, one after the other. */
static void expand(bs_schedule *schedule, size_t each) {
  for (size_t n = schedule->start[schedule->steps]; n-- > 0;) {
    const uint32_t sample = schedule->sample[n];
    for (size_t j = 0; j < each; j++) schedule->sample[n * each + j] = sample * (uint32_t)each + (uint32_t)j;
  }
  for (size_t t = 0; t <= schedule->steps; t++) schedule->start[t] *= each;
}

biascope_status bs_schedule_create(const biascope_options *training, const biascope_dataset *data, size_t steps,
                                   size_t replicate, bs_schedule *out, biascope_error *error) {
  const size_t samples = data->samples, each = bs_rows_of_each(data);
  const biascope_order order = bs_is_full_batch(training, samples) ? BIASCOPE_CYCLIC : training->order;
  const size_t per_epoch = bs_batches_per_epoch(training, samples), batch_size = bs_batch_size(training, samples);
  const size_t epochs = order == BIASCOPE_CYCLIC ? 1 : (steps + per_epoch - 1) / per_epoch;
  const size_t draws = (steps + samples - 1) / samples * samples; /* every sample equally often */
  *out = (bs_schedule){.steps = order == BIASCOPE_REPLACEMENT ? draws : epochs * per_epoch};
  out->start = BS_NEW(size_t, out->steps + 1);
  out->sample = BS_NEW(uint32_t, each * (order == BIASCOPE_REPLACEMENT ? draws * batch_size : epochs * samples));
  if (!out->start || !out->sample) {
    bs_schedule_free(out);
    return bs_fail_memory(error, "the sequence of batches");
  }
  if (order == BIASCOPE_REPLACEMENT)
    fill_draws(out, samples, batch_size, training->seed, replicate);
  else
    fill_epochs(out, training, samples, order == BIASCOPE_SHUFFLE, replicate);
  expand(out, each);
  return BIASCOPE_OK;
}

size_t bs_steps_of_two_epochs(const biascope_options *training, size_t samples, size_t least) {
  const size_t two_epochs = 2 * bs_batches_per_epoch(training, samples);
  return two_epochs > least ? two_epochs : least;
}

void bs_schedule_free(bs_schedule *schedule) {
  free(schedule->start);
  free(schedule->sample);
  memset(schedule, 0, sizeof *schedule);
}

void bs_schedule_find_steps(const bs_schedule *schedule, size_t *step_of) {
  for (size_t t = 0; t < schedule->steps; t++)
    for (size_t n = schedule->start[t]; n < schedule->start[t + 1]; n++) step_of[schedule->sample[n]] = t;
}
