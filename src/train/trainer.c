#include "train/trainer.h"

#include "base/memory.h"
#include "base/padded.h"
#include "base/vector.h"
#include "train/noise.h"
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

/* Weights up to this size keep every margin within what bs_weight_from_log can tell apart. */
static double largest_weight(const biascope_dataset *data, const bs_loss *loss) {
  double longest = 0.0;
  for (size_t i = 0; i < data->samples; i++) {
    const bs_row row = bs_row_of(data, i);
    double length = 0.0;
    for (size_t at = 0; at < row.count; at++) length += fabs(row.value[at]);
    longest = fmax(longest, length);
  }
  return fmin(loss->largest_margin / longest, 0x1p1000);
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
  trainer->margin = BS_NEW(double, bs_batch_size(options, data->samples));
  trainer->weight = BS_NEW(bs_weight, bs_batch_size(options, data->samples));
  if (!trainer->margin || !trainer->weight) status = bs_fail_memory(error, "the batch");
  if (status == BIASCOPE_OK) status = bs_sampler_create(&trainer->sampler, options, data->samples, error);
  if (status == BIASCOPE_OK) status = bs_moments_create(&trainer->moments, data, options, error);
  if (status == BIASCOPE_OK) status = pad_rows(trainer, error);
  trainer->whole = (bs_scope){data, trainer->rows, &trainer->moments};
  if (status == BIASCOPE_OK) status = bs_fast_create(&trainer->fast, &trainer->whole, options, error);
  if (status != BIASCOPE_OK) {
    biascope_trainer_free(trainer);
    return status;
  }
  for (size_t j = 0; j < BS_LANES; j++) {
    trainer->rates.beta1[j] = trainer->moments.beta1;
    trainer->rates.beta2[j] = trainer->moments.beta2;
  }
  trainer->eta = -1.0;
  trainer->rate = bs_rate_before_steps(options);
  trainer->weighs = bs_step_weighs(options);
  *out = trainer;
  return BIASCOPE_OK;
}

void biascope_trainer_free(biascope_trainer *trainer) {
  if (!trainer) return;
  bs_sampler_free(&trainer->sampler);
  bs_moments_free(&trainer->moments);
  bs_fast_free(&trainer->fast);
  free(trainer->margin);
  free(trainer->weight);
  free(trainer->padded_rows);
  free(trainer);
}

static double margin_in(const biascope_dataset *data, const double *rows, const bs_moments *moments, size_t sample) {
  if (!rows) return bs_row_dot(data, sample, moments->w);
  return bs_padded_dot(moments->padded, rows + sample * moments->padded, moments->w);
}

/* The part of sample's gradient in each coordinate's own unit. */
static void add_in_units(const bs_scope *s, size_t sample, bs_weight weight, bool per_sample) {
  bs_moments *moments = s->moments;
  const bs_row row = bs_row_of(s->data, sample);
  for (size_t at = 0; at < row.count; at++) {
    const size_t k = bs_row_column(&row, at);
    const double part = -weight.mantissa * bs_times_power_of_two(row.value[at], weight.exponent - moments->exponent[k]);
    moments->g[k] += part;
    if (per_sample) moments->v[k] += part * part;
  }
}

/* g += scale x, or v += (scale x)^2, over the sample's own coordinates. */
static void add_sample(const bs_scope *s, size_t sample, bs_weight weight) {
  bs_moments *moments = s->moments;
  const bool per_sample = moments->rule->second == BS_SECOND_PER_SAMPLE;
  double scale;
  const bool plain = bs_moments_scale(moments, sample, weight, &scale);
  if (plain && scale == 0.0) return;
  if (!plain || (per_sample && !s->rows)) {
    add_in_units(s, sample, weight, per_sample);
    return;
  }
  if (!s->rows) {
    bs_row_axpy(s->data, sample, scale, moments->g);
    return;
  }
  const double *row = s->rows + sample * moments->padded;
  bs_padded_add(moments->padded, scale, row, moments->g);
  if (per_sample) bs_padded_add_square(moments->padded, scale, row, moments->v);
}

static void add_each(const bs_scope *s, const bs_weighted_batch *batch) {
  bs_moments *moments = s->moments;
  memset(moments->g, 0, moments->padded * sizeof *moments->g);
  if (moments->rule->second == BS_SECOND_PER_SAMPLE) memset(moments->v, 0, moments->padded * sizeof *moments->v);
  for (size_t b = 0; b < batch->count; b++) add_sample(s, batch->sample[b], batch->weight[b]);
}

/* Of the step to come. */
static void set_rates(biascope_trainer *trainer) {
  const double eta = bs_learning_rate(&trainer->options, trainer->step);
  if (eta == trainer->eta && !bs_rate_varies(&trainer->options)) return;
  trainer->eta = eta;
  bs_rate_set(&trainer->options, trainer->step, eta, &trainer->rate);
  const bs_rate rate = trainer->rate; /* apart from where it goes, for whole vectors to be stored */
  for (size_t j = 0; j < BS_LANES; j++) trainer->rates.eta[j] = rate.eta;
  for (size_t j = 0; j < BS_LANES; j++) trainer->rates.shrink[j] = rate.shrink;
  if (!trainer->weighs) return;
  for (size_t j = 0; j < BS_LANES; j++) bs_weighing_put(&rate, j, &trainer->weighing);
}

static void weigh(biascope_trainer *trainer, const bs_scope *s, const uint32_t *batch, size_t count) {
  bs_fast *fast = bs_fast_serves_batches(&trainer->fast) ? &trainer->fast : NULL;
  if (fast && bs_fast_weigh(fast, batch, count, trainer->margin, trainer->weight)) return;
  if (!fast || !bs_fast_margins(fast, s->moments->w, batch, count, trainer->margin))
    for (size_t b = 0; b < count; b++) trainer->margin[b] = margin_in(s->data, s->rows, s->moments, batch[b]);
  trainer->loss->weigh(count, trainer->margin, trainer->weight);
  bs_weights_divide(count, count, trainer->weight);
  const biascope_options *options = &trainer->options;
  if (options->noise > 0.0 && options->noise_shape == BIASCOPE_NOISE_SAMPLES)
    bs_noise_weigh(options, trainer->step, count, trainer->weight);
}

/* The batch's gradient into g, in units of 2^unit, about the size of its largest part; INT64_MIN: it is zero. */
static int64_t sum_by_itself(const bs_scope *s, const bs_weighted_batch *batch) {
  const bs_moments *moments = s->moments;
  int64_t unit = INT64_MIN;
  memset(moments->g, 0, moments->padded * sizeof *moments->g);
  for (size_t b = 0; b < batch->count; b++) {
    const int64_t size = batch->weight[b].exponent + moments->size[batch->sample[b]];
    if (batch->weight[b].mantissa != 0.0 && size > unit) unit = size;
  }
  for (size_t b = 0; b < batch->count; b++) {
    const bs_row row = bs_row_of(s->data, batch->sample[b]);
    const bs_weight weight = batch->weight[b];
    for (size_t at = 0; at < row.count && weight.mantissa != 0.0; at++)
      moments->g[bs_row_column(&row, at)] +=
          weight.mantissa * bs_times_power_of_two(row.value[at], weight.exponent - unit);
  }
  return unit;
}

/* Moments that hold nothing yet expect gradients as large as the data make them: here that much smaller ones. */
static void expect_smaller(bs_moments *moments, int64_t exponent) {
  const size_t d = moments->features;
  if (bs_max_abs(d, moments->m) > 0.0 || bs_max_abs(d, moments->v) > 0.0) return;
  for (size_t k = 0; k < d; k++) moments->exponent[k] += exponent;
  bs_moments_refresh(moments);
}

/* Scales the batch's weights down to a gradient of norm C where that is longer: before exponents are chosen for it. */
static void clip_weights(biascope_trainer *trainer, const bs_scope *s, const uint32_t *batch, size_t count) {
  const int64_t unit = sum_by_itself(s, &(bs_weighted_batch){batch, trainer->weight, count});
  const double norm = bs_norm2(s->moments->features, s->moments->g);
  if (norm == 0.0) return;
  int most, length, change, whole;
  const double ratio = frexp(trainer->options.clip, &most) / frexp(norm, &length), part = frexp(ratio, &change);
  const int64_t exponent = (int64_t)most - length + change - unit; /* C / ||g|| is part 2^exponent, part < 1 */
  if (exponent > 0) return;
  expect_smaller(s->moments, exponent);
  for (size_t b = 0; b < count; b++) {
    trainer->weight[b].mantissa = frexp(trainer->weight[b].mantissa * part, &whole);
    trainer->weight[b].exponent += exponent + whole;
  }
}

static void add_gradient(biascope_trainer *trainer, const bs_scope *s, const bs_weighted_batch *batch) {
  bs_moments_prepare(s->moments, s->data, batch);
  bs_fast *fast = bs_fast_serves_batches(&trainer->fast) ? &trainer->fast : NULL;
  if (!fast || !bs_fast_gradient(fast, batch, trainer->margin, s->moments)) add_each(s, batch);
  if (s->moments->decay > 0.0) bs_moments_add_decay(s->moments);
  const biascope_options *options = &trainer->options;
  if (options->noise > 0.0 && options->noise_shape == BIASCOPE_NOISE_ISOTROPIC)
    bs_noise_add(options, trainer->step, s->moments->features, s->moments->g);
}

void bs_trainer_take_step(biascope_trainer *trainer) {
  size_t count;
  const uint32_t *batch = bs_sampler_batch(&trainer->sampler, trainer->step, &count);
  set_rates(trainer); /* early: the update loads whole vectors of them, which waits for stores that are under way */
  bs_scope s = trainer->whole;
  if (trainer->fast.lazy) bs_fast_open(&trainer->fast, &trainer->whole, trainer->step, &batch, count, &s);
  weigh(trainer, &s, batch, count);
  if (trainer->options.clip > 0.0) clip_weights(trainer, &s, batch, count);
  add_gradient(trainer, &s, &(bs_weighted_batch){batch, trainer->weight, count});
  bs_moments *moments = s.moments;
  const bs_update update = {.padded = moments->padded,
                            .g = moments->g,
                            .m = moments->m,
                            .v = moments->v,
                            .w = moments->w,
                            .eps = moments->unit,
                            .rates = &trainer->rates,
                            .weighing = &trainer->weighing};
  if (moments->step(&update)) bs_moments_renormalise(moments);
  trainer->step++;
  if (trainer->fast.lazy) bs_fast_close(&trainer->fast, trainer->step);
}

const bs_moments *bs_trainer_state(const biascope_trainer *trainer) {
  bs_fast_show(&trainer->fast, trainer->whole.moments, trainer->step);
  return &trainer->moments;
}

biascope_status biascope_trainer_run(biascope_trainer *trainer, uint64_t steps, biascope_error *error) {
  for (uint64_t i = 0; i < steps; i++) bs_trainer_take_step(trainer);
  if (bs_fast_reach(&trainer->fast, trainer->step) < trainer->largest_weight) return BIASCOPE_OK;
  const double *w = biascope_trainer_weights(trainer);
  for (size_t k = 0; k < trainer->moments.features; k++) {
    if (!(fabs(w[k]) < trainer->largest_weight))
      return bs_fail(error, BIASCOPE_NOT_CONVERGED,
                     "weight %zu left the range that can be followed by step %llu; expected a smaller step size, or "
                     "data on a smaller scale",
                     k, (unsigned long long)trainer->step);
  }
  return BIASCOPE_OK;
}

uint64_t biascope_trainer_step(const biascope_trainer *trainer) {
  return trainer->step;
}
const double *biascope_trainer_weights(const biascope_trainer *trainer) {
  return bs_trainer_state(trainer)->w;
}

void bs_trainer_second_moment(const biascope_trainer *trainer, double *v) {
  const bs_moments *moments = bs_trainer_state(trainer);
  for (size_t k = 0; k < moments->features; k++) {
    const int64_t exponent = moments->exponent[moments->common ? 0 : k];
    v[k] = ldexp(moments->v[k], (int)fmax(-4096.0, 2.0 * (double)exponent));
  }
}

static double margin_of_sample(const biascope_trainer *trainer, size_t sample) {
  return margin_in(trainer->data, trainer->rows, bs_trainer_state(trainer), sample);
}

double biascope_trainer_log_loss(const biascope_trainer *trainer) {
  bs_loss_mean mean = {-INFINITY, 0.0};
  for (size_t i = 0; i < trainer->data->samples; i++)
    bs_loss_mean_add(&mean, trainer->loss->log_value(margin_of_sample(trainer, i)));
  return bs_loss_mean_log(&mean, trainer->data->samples);
}

/* The logs of the largest ||g_i||_1 and ||g_i||_inf over the samples' own gradients g_i = l'(x_i.w) x_i. */
static void largest_gradients(const biascope_trainer *trainer, double *log_sum, double *log_entry) {
  const biascope_dataset *data = trainer->data;
  *log_sum = *log_entry = -INFINITY;
  for (size_t i = 0; i < data->samples; i++) {
    const size_t first = data->dense ? i * data->features : data->row_start[i];
    const size_t end = data->dense ? first + data->features : data->row_start[i + 1];
    double sum = 0.0, entry = 0.0;
    for (size_t at = first; at < end; at++) {
      const double size = fabs(data->dense ? data->dense[at] : data->value[at]);
      sum += size;
      entry = fmax(entry, size);
    }
    const double log_slope = trainer->loss->log_slope(margin_of_sample(trainer, i));
    *log_sum = fmax(*log_sum, log_slope + log(sum));
    *log_entry = fmax(*log_entry, log_slope + log(entry));
  }
}

biascope_staleness biascope_trainer_staleness(const biascope_trainer *trainer) {
  enum { STALE = 2 };
  double log_sum, log_entry;
  largest_gradients(trainer, &log_sum, &log_entry);
  biascope_staleness state = {0};
  if (trainer->moments.decay > 0.0) return state; /* moments hold the decay's part for good */
  if (log_entry == -INFINITY) return state;       /* no sample has a gradient: nothing to fall behind of */
  if (trainer->moments.beta1 > 0.0)
    state.momentum_excess = exp(bs_moments_log_sum(bs_trainer_state(trainer)) - log_sum);
  if (trainer->moments.beta2 > 0.0)
    state.second_moment_excess = exp(bs_moments_log_largest_root(bs_trainer_state(trainer)) - log_entry);
  state.momentum_stale = state.momentum_excess > STALE;
  state.second_moment_stale = state.second_moment_excess > STALE;
  return state;
}
