#include "train/snapshot.h"

#include "base/memory.h"
#include "base/padded.h"
#include "train/weigh.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Parts this many powers of two below the largest are left out of a sum that has others; entries of the sum this small
 * may lack what was left out. */
enum { LEAST_PART = -900, LEAST_ENTRY = -400, MOST_POWER = 1000 };

/* ---- Memory -------------------------------------------------------------------------------------- */

biascope_status bs_snapshot_create(bs_snapshot **out, const biascope_dataset *data, const bs_moments *moments,
                                   biascope_error *error) {
  const size_t outputs = moments->outputs, padded = moments->padded;
  size_t cells;
  bs_snapshot *s = *out = BS_NEW(bs_snapshot, 1);
  if (!s) return bs_fail_memory(error, "the full gradient");
  *s = (bs_snapshot){.samples = data->samples, .outputs = outputs, .padded = padded};
  s->w = BS_NEW(double, outputs *padded);
  s->gradient = BS_NEW(bs_known_gradient, outputs);
  s->sample = BS_NEW(uint32_t, data->samples);
  s->view = BS_NEW(bs_moments, outputs);
  if (!__builtin_mul_overflow(outputs, data->samples, &cells)) s->weight = BS_NEW(bs_weight, cells);
  bool complete = s->w && s->gradient && s->sample && s->view && s->weight;
  for (size_t j = 0; j < outputs && complete; j++) {
    s->gradient[j].value = BS_NEW(double, padded);
    s->gradient[j].exponent = BS_NEW(int64_t, moments->features);
    complete = s->gradient[j].value && s->gradient[j].exponent;
  }
  if (!complete) return bs_fail_memory(error, "the full gradient");
  for (size_t i = 0; i < data->samples; i++) s->sample[i] = (uint32_t)i;
  return BIASCOPE_OK;
}

void bs_snapshot_free(bs_snapshot *s) {
  if (!s) return;
  for (size_t j = 0; j < s->outputs && s->gradient; j++) {
    free(s->gradient[j].value);
    free(s->gradient[j].exponent);
  }
  free(s->w);
  free(s->weight);
  free(s->gradient);
  free(s->sample);
  free(s->view);
  free(s);
}

/* ---- The full gradient --------------------------------------------------------------------------- */

/* One output's. */
typedef struct {
  const bs_scope *scope;
  const bs_weight *weight; /* samples */
  bs_known_gradient *gradient;
} summing;

static int64_t largest_part(const summing *s) {
  const int *size = s->scope->moments->size;
  int64_t largest = INT64_MIN;
  for (size_t i = 0; i < s->scope->data->samples; i++)
    if (s->weight[i].mantissa != 0.0 && s->weight[i].exponent + size[i] > largest)
      largest = s->weight[i].exponent + size[i];
  return largest;
}

/* In units of 2^unit. False: parts are too far apart for that. */
static bool sum_together(const summing *s, int64_t unit) {
  const biascope_dataset *data = s->scope->data;
  const size_t padded = s->scope->moments->padded;
  bool all = true;
  for (size_t i = 0; i < data->samples; i++) {
    const bs_weight weight = s->weight[i];
    const int64_t power = weight.exponent - unit;
    if (weight.mantissa == 0.0) continue;
    if (power + s->scope->moments->size[i] < LEAST_PART) {
      all = false;
      continue;
    }
    if (power < -MOST_POWER || power > MOST_POWER) return false;
    const double scale = -weight.mantissa * bs_power_of_two(power);
    if (s->scope->rows)
      bs_padded_add(padded, scale, s->scope->rows + i * padded, s->gradient->value);
    else
      bs_row_axpy(data, i, scale, s->gradient->value);
  }
  for (size_t k = 0; k < data->features; k++) {
    if (!all && fabs(s->gradient->value[k]) < ldexp(1.0, LEAST_ENTRY)) return false;
    s->gradient->exponent[k] = unit;
  }
  return true;
}

/* Each entry in units of its own largest part. */
static void sum_apart(const summing *s) {
  const biascope_dataset *data = s->scope->data;
  double *value = s->gradient->value;
  int64_t *exponent = s->gradient->exponent;
  memset(value, 0, s->scope->moments->padded * sizeof *value);
  for (size_t k = 0; k < data->features; k++) exponent[k] = INT64_MIN;
  for (int pass = 0; pass < 2; pass++) {
    for (size_t i = 0; i < data->samples; i++) {
      const bs_row row = bs_row_of(data, i);
      const bs_weight weight = s->weight[i];
      for (size_t at = 0; at < row.count && weight.mantissa != 0.0; at++) {
        const size_t k = bs_row_column(&row, at);
        const double x = row.value[at];
        if (x == 0.0) continue;
        const int64_t size = weight.exponent + ilogb(x);
        if (pass == 0)
          exponent[k] = size > exponent[k] ? size : exponent[k];
        else
          value[k] -= weight.mantissa * bs_times_power_of_two(x, weight.exponent - exponent[k]);
      }
    }
  }
}

/* Divides the sum by the number of samples, and measures it. */
static void finish(const summing *s) {
  bs_known_gradient *gradient = s->gradient;
  gradient->high = INT64_MIN;
  gradient->low = INT64_MAX;
  for (size_t k = 0; k < s->scope->data->features; k++) {
    int more;
    gradient->value[k] = frexp(gradient->value[k] / (double)s->scope->data->samples, &more);
    gradient->exponent[k] += more;
    if (gradient->value[k] == 0.0) gradient->exponent[k] = 0;
    if (gradient->value[k] == 0.0) continue;
    if (gradient->exponent[k] > gradient->high) gradient->high = gradient->exponent[k];
    if (gradient->exponent[k] < gradient->low) gradient->low = gradient->exponent[k];
  }
}

static void sum(const summing *s) {
  const int64_t unit = largest_part(s);
  memset(s->gradient->value, 0, s->scope->moments->padded * sizeof *s->gradient->value);
  if (unit == INT64_MIN || !sum_together(s, unit)) sum_apart(s);
  finish(s);
}

/* At the snapshot's weights. */
static void evaluate(biascope_trainer *trainer) {
  bs_snapshot *s = trainer->snapshot;
  for (size_t j = 0; j < s->outputs; j++) {
    s->view[j] = trainer->moments[j];
    s->view[j].w = s->w + j * s->padded;
  }
  const bs_scope scope = {trainer->data, trainer->rows, s->view};
  const size_t most = trainer->sampler.batch_size;
  for (size_t first = 0; first < s->samples; first += most) {
    const size_t count = s->samples - first < most ? s->samples - first : most;
    bs_weigh_batch(trainer, &scope, s->sample + first, count);
    for (size_t j = 0; j < s->outputs; j++)
      memcpy(s->weight + j * s->samples + first, trainer->weight + j * count, count * sizeof *s->weight);
  }
  for (size_t j = 0; j < s->outputs; j++) sum(&(summing){&scope, s->weight + j * s->samples, &s->gradient[j]});
}

void bs_snapshot_take(biascope_trainer *trainer) {
  bs_snapshot *s = trainer->snapshot;
  for (size_t j = 0; j < s->outputs; j++) memcpy(s->w + j * s->padded, trainer->moments[j].w, s->padded * sizeof *s->w);
  evaluate(trainer);
}

void bs_snapshot_restore(biascope_trainer *trainer, const double *w) {
  memcpy(trainer->snapshot->w, w, trainer->snapshot->outputs * trainer->snapshot->padded * sizeof *w);
  evaluate(trainer);
}

void bs_snapshot_subtract(const bs_snapshot *s, const uint32_t *batch, size_t count, bs_weight *weight) {
  for (size_t j = 0; j < s->outputs; j++)
    for (size_t b = 0; b < count; b++)
      weight[j * count + b] = bs_weight_minus(weight[j * count + b], s->weight[j * s->samples + batch[b]]);
}
