#include "train/trainer.h"

#include "base/block.h"
#include "base/memory.h"
#include "base/padded.h"
#include "base/vector.h"
#include "loss/classes.h"
#include "train/fast/together.h"
#include "train/gradient.h"
#include "train/noise.h"
#include "train/weigh.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static biascope_status pad_rows(biascope_trainer *trainer, biascope_error *error) {
  const biascope_dataset *data = trainer->data;
  const size_t padded = bs_padded(data->features);
  trainer->rows = data->dense;
  if (!data->dense || padded == data->features) return BIASCOPE_OK;
  size_t count;
  if (!__builtin_mul_overflow(data->samples, padded, &count)) trainer->padded_rows = BS_NEW(double, count);
  if (!trainer->padded_rows) return bs_fail_memory(error, "the padded data");
  for (size_t i = 0; i < data->samples; i++)
    memcpy(trainer->padded_rows + i * padded, data->dense + i * data->features, data->features * sizeof(double));
  trainer->rows = trainer->padded_rows;
  return BIASCOPE_OK;
}

/* Weights up to this size keep every margin within what bs_weight_from_log can tell apart; those of several classes are
 * differences of two products. */
static double largest_weight(const biascope_dataset *data, const bs_loss *loss) {
  const double longest = bs_longest_row(data, false);
  return fmin(loss->largest_margin / (bs_outputs(data) > 1 ? 2.0 * longest : longest), 0x1p1000);
}

static biascope_status check_classes(const biascope_trainer *trainer, biascope_error *error) {
  if (bs_outputs(trainer->data) == 1 || trainer->loss->share) return BIASCOPE_OK;
  return bs_fail(error, BIASCOPE_USAGE,
                 "the loss %s has no form for %zu classes; expected logistic (softmax cross-entropy) or exp",
                 trainer->loss->name, trainer->data->classes);
}

/* The arrays of a batch of the largest size, and of what is shown. */
static biascope_status allocate(biascope_trainer *trainer, biascope_error *error) {
  const biascope_dataset *data = trainer->data;
  const size_t outputs = bs_outputs(data), most = bs_batch_size(&trainer->options, data->samples);
  size_t cells, weights;
  const bool fits =
      !__builtin_mul_overflow(outputs, most, &cells) && !__builtin_mul_overflow(outputs, data->features, &weights);
  trainer->moments = BS_NEW(bs_moments, outputs);
  if (fits) trainer->score = BS_NEW(double, cells);
  if (fits) trainer->weight = BS_NEW(bs_weight, cells);
  if (fits && outputs > 1) trainer->shown = BS_NEW(double, weights);
  if (trainer->moments && trainer->score && trainer->weight && (outputs == 1 || trainer->shown)) return BIASCOPE_OK;
  return bs_fail_memory(error, "the batch");
}

biascope_status biascope_trainer_create(const biascope_dataset *data, const biascope_options *options,
                                        biascope_trainer **out, biascope_error *error) {
  *out = NULL;
  biascope_status status = biascope_options_check(options, data->samples, error);
  if (status != BIASCOPE_OK) return status;
  biascope_trainer *trainer = BS_NEW(biascope_trainer, 1);
  if (!trainer) return bs_fail_memory(error, "the trainer");
  trainer->data = data;
  trainer->options = bs_options_read(options);
  options = &trainer->options;
  trainer->rule = bs_optimizer_rule_of(options->optimizer);
  trainer->loss = bs_loss_of(options->loss);
  trainer->largest_weight = largest_weight(data, trainer->loss);
  status = check_classes(trainer, error);
  if (status == BIASCOPE_OK) status = allocate(trainer, error);
  if (status == BIASCOPE_OK) status = bs_sampler_create(&trainer->sampler, options, data->samples, error);
  if (status == BIASCOPE_OK) status = bs_moments_create(trainer->moments, data, options, error);
  if (status == BIASCOPE_OK) status = pad_rows(trainer, error);
  trainer->whole = (bs_scope){data, trainer->rows, trainer->moments};
  if (status == BIASCOPE_OK) status = bs_fast_create(&trainer->fast, &trainer->whole, options, error);
  if (status == BIASCOPE_OK && options->variance_reduction)
    status = bs_snapshot_create(&trainer->snapshot, data, trainer->moments, error);
  if (status != BIASCOPE_OK) {
    biascope_trainer_free(trainer);
    return status;
  }
  trainer->eta = -1.0;
  trainer->rate = bs_rate_before_steps(options);
  trainer->weighs = bs_step_weighs(options);
  trainer->varies = bs_rate_varies(options);
  trainer->plain = bs_together_serves(trainer);
  *out = trainer;
  return BIASCOPE_OK;
}

void biascope_trainer_free(biascope_trainer *trainer) {
  if (!trainer) return;
  bs_sampler_free(&trainer->sampler);
  if (trainer->moments) bs_moments_free(trainer->moments);
  bs_fast_free(&trainer->fast);
  bs_snapshot_free(trainer->snapshot);
  free(trainer->moments);
  free(trainer->score);
  free(trainer->shown);
  free(trainer->weight);
  free(trainer->padded_rows);
  free(trainer);
}

/* Several outputs of dense rows together, where one factor gives each sample's part; scale: outputs x count of scratch.
 * False: nothing is done. */
static bool add_in_blocks(const bs_scope *s, const bs_weighted_batch *batch, double *scale) {
  const bs_moments *moments = s->moments;
  const size_t count = batch->count;
  if (!s->rows || moments->rule->second == BS_SECOND_PER_SAMPLE) return false;
  for (size_t j = 0; j < moments->outputs; j++)
    for (size_t b = 0; b < count; b++)
      if (!bs_moments_scale(&moments[j], batch->sample[b], batch->weight[j * count + b], &scale[j * count + b]))
        return false;
  bs_gradient_clear(s->moments);
  bs_block_combine(moments->padded, count, s->rows, batch->sample, moments->outputs, scale, moments->g);
  return true;
}

static void weigh(biascope_trainer *trainer, const bs_scope *s, const uint32_t *batch, size_t count) {
  const size_t outputs = s->moments->outputs;
  if (!bs_weigh_batch(trainer, s, batch, count)) return;
  if (trainer->snapshot) bs_snapshot_subtract(trainer->snapshot, batch, count, trainer->weight);
  bs_weights_divide(outputs * count, count, trainer->weight);
  const biascope_options *options = &trainer->options;
  if (options->noise > 0.0 && options->noise_shape == BIASCOPE_NOISE_SAMPLES)
    bs_noise_weigh(options, trainer->step, count, outputs, trainer->weight);
}

/* The exponent of the largest part of the batch's gradient; INT64_MIN: it is zero. */
static int64_t largest_part(const bs_moments *moments, const bs_weighted_batch *batch) {
  int64_t largest = INT64_MIN;
  for (size_t at = 0; at < moments->outputs * batch->count; at++) {
    const int64_t size = batch->weight[at].exponent + moments->size[batch->sample[at % batch->count]];
    if (batch->weight[at].mantissa != 0.0 && size > largest) largest = size;
  }
  return largest;
}

/* The batch's gradient into g, in units of 2^unit. */
static void sum_by_itself(const bs_scope *s, const bs_weighted_batch *batch, int64_t unit) {
  bs_gradient_clear(s->moments);
  for (size_t at = 0; at < s->moments->outputs * batch->count; at++) {
    double *g = s->moments[at / batch->count].g;
    const bs_row row = bs_row_of(s->data, batch->sample[at % batch->count]);
    const bs_weight weight = batch->weight[at];
    for (size_t k = 0; k < row.count && weight.mantissa != 0.0; k++)
      g[bs_row_column(&row, k)] += weight.mantissa * bs_times_power_of_two(row.value[k], weight.exponent - unit);
  }
}

/* Moments that hold nothing yet expect gradients as large as the data make them: here that much smaller ones. */
static void expect_smaller(bs_moments *moments, int64_t exponent) {
  const size_t d = moments->features;
  for (size_t j = 0; j < moments->outputs; j++)
    if (bs_max_abs(d, moments[j].m) > 0.0 || bs_max_abs(d, moments[j].v) > 0.0) return;
  for (size_t j = 0; j < moments->outputs; j++) {
    for (size_t k = 0; k < d; k++) moments[j].exponent[k] += exponent;
    bs_moments_refresh(&moments[j]);
  }
}

/* Scales the batch's weights down to a gradient of norm C where that is longer: before exponents are chosen for it. */
static void clip_weights(biascope_trainer *trainer, const bs_scope *s, const uint32_t *batch, size_t count) {
  const bs_weighted_batch weighted = {batch, trainer->weight, count, NULL};
  const int64_t unit = largest_part(s->moments, &weighted);
  if (unit == INT64_MIN) return;
  sum_by_itself(s, &weighted, unit);
  const double norm = bs_moments_gradient_norm(s->moments);
  if (norm == 0.0) return;
  int most, length, change, whole;
  const double ratio = frexp(trainer->options.clip, &most) / frexp(norm, &length), part = frexp(ratio, &change);
  const int64_t exponent = (int64_t)most - length + change - unit; /* C / ||g|| is part 2^exponent, part < 1 */
  if (exponent > 0) return;
  expect_smaller(s->moments, exponent);
  for (size_t at = 0; at < s->moments->outputs * count; at++) {
    trainer->weight[at].mantissa = frexp(trainer->weight[at].mantissa * part, &whole);
    trainer->weight[at].exponent += exponent + whole;
  }
}

static void add_gradient(biascope_trainer *trainer, const bs_scope *s, const bs_weighted_batch *batch) {
  bs_moments_prepare(s->moments, s->data, batch);
  bs_fast *fast = bs_fast_serves_batches(&trainer->fast) ? &trainer->fast : NULL;
  const bool together = s->moments->outputs > 1 ? add_in_blocks(s, batch, trainer->score)
                                                : fast && bs_fast_gradient(fast, batch, trainer->score, s->moments);
  if (!together) bs_gradient_sum(s, batch);
  if (batch->known) bs_moments_add_known(s->moments, batch);
  if (s->moments->decay > 0.0) bs_moments_add_decay(s->moments);
  const biascope_options *options = &trainer->options;
  if (options->noise > 0.0 && options->noise_shape == BIASCOPE_NOISE_ISOTROPIC)
    bs_noise_add(options, trainer->step, s->moments);
}

void bs_trainer_take_step(biascope_trainer *trainer) {
  size_t count;
  const uint32_t *batch = bs_sampler_batch(&trainer->sampler, trainer->step, &count);
  bs_trainer_set_rate(trainer, bs_learning_rate(&trainer->options, trainer->step));
  bs_scope s = trainer->whole;
  if (trainer->fast.lazy) bs_fast_open(&trainer->fast, &trainer->whole, trainer->step, &batch, count, &s);
  if (trainer->snapshot && trainer->step % trainer->sampler.batches == 0) bs_snapshot_take(trainer);
  weigh(trainer, &s, batch, count);
  if (trainer->options.clip > 0.0) clip_weights(trainer, &s, batch, count);
  add_gradient(trainer, &s,
               &(bs_weighted_batch){batch, trainer->weight, count, bs_snapshot_gradient(trainer->snapshot)});
  bs_moments *moments = s.moments;
  const bs_update update = {.padded = moments->outputs * moments->padded,
                            .count = moments->outputs > 1 ? moments->outputs * moments->padded : moments->features,
                            .row = moments->g,
                            .g = moments->g,
                            .m = moments->m,
                            .v = moments->v,
                            .w = moments->w,
                            .eps = moments->unit,
                            .even = moments->outputs == 1 && moments->common && !trainer->fast.lazy,
                            .rate = &trainer->rate,
                            .matrix = &moments->matrix};
  if (bs_fast_step(&trainer->fast, moments, &update)) bs_moments_renormalise(moments);
  trainer->step++;
  if (trainer->fast.lazy) bs_fast_close(&trainer->fast, trainer->step);
}

const bs_moments *bs_trainer_state(const biascope_trainer *trainer) {
  bs_fast_show(&trainer->fast, trainer->whole.moments, trainer->step);
  return trainer->moments;
}

biascope_status biascope_trainer_run(biascope_trainer *trainer, uint64_t steps, biascope_error *error) {
  if (trainer->plain)
    bs_together_take_steps(&trainer, 1, steps);
  else
    for (uint64_t i = 0; i < steps; i++) bs_trainer_take_step(trainer);
  if (bs_fast_reach(&trainer->fast, trainer->step) < trainer->largest_weight) return BIASCOPE_OK;
  const bs_moments *state = bs_trainer_state(trainer);
  for (size_t j = 0; j < state->outputs; j++) {
    for (size_t k = 0; k < state->features; k++) {
      if (!(fabs(state[j].w[k]) < trainer->largest_weight))
        return bs_fail(error, BIASCOPE_NOT_CONVERGED,
                       "weight %zu left the range that can be followed by step %llu; expected a smaller step size, or "
                       "data on a smaller scale",
                       k, (unsigned long long)trainer->step);
    }
  }
  return BIASCOPE_OK;
}

uint64_t biascope_trainer_step(const biascope_trainer *trainer) {
  return trainer->step;
}

const double *biascope_trainer_weights(const biascope_trainer *trainer) {
  const bs_moments *state = bs_trainer_state(trainer);
  if (state->outputs == 1) return state->w;
  for (size_t j = 0; j < state->outputs; j++)
    memcpy(trainer->shown + j * state->features, state[j].w, state->features * sizeof *state->w);
  return trainer->shown;
}

double bs_trainer_margin(const biascope_trainer *trainer, size_t sample) {
  const bs_moments *state = bs_trainer_state(trainer);
  if (state->outputs == 1) return bs_scope_margin(&trainer->whole, sample);
  const uint32_t index = (uint32_t)sample;
  bs_scope_scores(&trainer->whole, &index, 1, trainer->score);
  return bs_classes_margin(state->outputs, trainer->score, trainer->data->class[sample]);
}
