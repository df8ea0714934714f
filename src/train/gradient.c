#include "train/gradient.h"

#include "base/padded.h"
#include <string.h>

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
INLINE void add_sample(const bs_scope *s, size_t sample, bs_weight weight) {
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

void bs_gradient_clear(bs_moments *moments) {
  const size_t size = moments->outputs * moments->padded * sizeof *moments->g;
  memset(moments->g, 0, size);
  if (moments->rule->second == BS_SECOND_PER_SAMPLE) memset(moments->v, 0, size);
}

/* The first sample of a dense batch, in the place of zeros: one output. False: nothing is done. */
INLINE bool start_from_first(const bs_scope *s, const bs_weighted_batch *batch) {
  bs_moments *moments = s->moments;
  double scale;
  if (!s->rows || moments->outputs > 1 || moments->rule->second == BS_SECOND_PER_SAMPLE) return false;
  if (!bs_moments_scale(moments, batch->sample[0], batch->weight[0], &scale)) return false;
  bs_padded_scale(moments->padded, scale, s->rows + batch->sample[0] * moments->padded, moments->g);
  return true;
}

void bs_gradient_sum(const bs_scope *s, const bs_weighted_batch *batch) {
  const bool started = start_from_first(s, batch);
  if (!started) bs_gradient_clear(s->moments);
  for (size_t b = started; b < batch->count; b++) add_sample(s, batch->sample[b], batch->weight[b]);
  for (size_t j = 1; j < s->moments->outputs; j++) {
    const bs_scope own = {s->data, s->rows, &s->moments[j]};
    const bs_weight *weight = batch->weight + j * batch->count;
    for (size_t b = 0; b < batch->count; b++) add_sample(&own, batch->sample[b], weight[b]);
  }
}
