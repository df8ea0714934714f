#include "forecast/model.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/vector.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* e^u and similar values are limited to this range: beyond it nothing changes any more. */
static const double MOST_EXPONENT = 690.0, LEAST = 1e-300;
/* The largest factor by which a slope falls over an epoch in the averages. */
static const double MOST_FALL = 1.0;
/* The number of passes that step through an epoch, each from the averages of the one before. */
enum { SEQUENTIAL_PASSES = 2 };

static double bounded_exponential(double x) {
  return exp(fmax(-MOST_EXPONENT, fmin(MOST_EXPONENT, x)));
}

double bs_model_rate(const biascope_options *options, double t) {
  /* torch's momentum is a sum where ours is an average */
  return bs_learning_rate_at(options, fmax(0.0, t - 0.5)) / (1.0 - options->momentum);
}

/* The variance of the mean of a random batch over that of the samples, averaged over the batches of an epoch. */
static double variance_share(const biascope_options *options, size_t samples) {
  const size_t size = bs_batch_size(options, samples), batches = bs_batches_per_epoch(options, samples);
  double sum = 0.0;
  for (size_t j = 0; j < batches; j++) {
    const bool replaced = options->order == BIASCOPE_REPLACEMENT;
    const double count = (double)(replaced || (j + 1) * size <= samples ? size : samples - j * size);
    sum += (replaced || samples == 1 ? 1.0 : (double)(samples - (size_t)count) / (double)(samples - 1)) / count;
  }
  return sum / (double)batches;
}

static void describe(const biascope_options *options, size_t samples, bs_model *out) {
  const bs_optimizer_rule *rule = bs_optimizer_rule_of(options->optimizer);
  const bool full = bs_is_full_batch(options, samples);
  out->random = !full && options->order != BIASCOPE_CYCLIC;
  out->batches = out->random ? 1 : bs_batches_per_epoch(options, samples);
  out->epoch = out->batches;
  out->has_second = rule->second == BS_SECOND_AVERAGE || rule->second == BS_SECOND_SUM;
  out->is_sum = rule->second == BS_SECOND_SUM;
  out->beta1 = bs_effective_beta1(options);
  out->beta2 = bs_effective_beta2(options);
  out->eps = options->eps;
  out->corrected = options->bias_correction;
  out->decay = bs_rate_before_steps(options).decay;
  out->noise = out->random ? variance_share(options, samples) : 0.0;
}

typedef struct {
  double **array;
  size_t length;
} part;
enum { PARTS = 18 };

static void list_parts(bs_model *model, part *out) {
  const size_t N = model->samples, d = model->features, cells = model->batches * d;
  const part parts[PARTS] = {
      {&model->margin, N},       {&model->slope, N},        {&model->fall, N},
      {&model->motion, N},       {&model->gradient, cells}, {&model->second, cells},
      {&model->momentum, cells}, {&model->update, cells},   {&model->inverse, cells},
      {&model->mean_square, d},  {&model->mean_second, d},  {&model->scale, d},
      {&model->direction, d},    {&model->before, d},       {&model->before_second, d},
      {&model->way, d},          {&model->ratio, d},        {&model->column, 2 * model->batches}};
  memcpy(out, parts, sizeof parts);
}

static biascope_status allocate(bs_model *model, biascope_error *error) {
  part parts[PARTS];
  bool complete = true;
  list_parts(model, parts);
  for (size_t i = 0; i < PARTS; i++) complete = (*parts[i].array = BS_NEW(double, parts[i].length)) != NULL && complete;
  model->start = BS_NEW(size_t, model->batches + 1);
  return complete && model->start ? BIASCOPE_OK : bs_fail_memory(error, "the averaged equation");
}

biascope_status bs_model_create(const biascope_dataset *data, const double *rows, const biascope_options *options,
                                bool refined, bs_model *out, biascope_error *error) {
  *out = (bs_model){.options = options,
                    .loss = bs_loss_of(options->loss),
                    .samples = data->samples,
                    .features = data->features,
                    .rows = rows,
                    .refined = refined};
  describe(options, data->samples, out);
  out->refined = refined && out->batches > 1; /* one step's second order is nothing, and stiff */
  const biascope_status status = allocate(out, error);
  if (status != BIASCOPE_OK) {
    bs_model_free(out);
    return status;
  }
  const size_t size = out->random ? data->samples : bs_batch_size(options, data->samples);
  for (size_t j = 0; j <= out->batches; j++) out->start[j] = j * size < data->samples ? j * size : data->samples;
  return BIASCOPE_OK;
}

void bs_model_free(bs_model *model) {
  part parts[PARTS];
  list_parts(model, parts);
  for (size_t i = 0; i < PARTS; i++) free(*parts[i].array);
  free(model->start);
  memset(model, 0, sizeof *model);
}

/* ---- Slopes and gradients ----------------------------------------------------------------------- */

static void find_margins(const bs_model *model, const double *w, double *out) {
  const size_t d = model->features; /* too little work for the threads of a linear algebra library */
  for (size_t i = 0; i < model->samples; i++) out[i] = bs_dot(d, model->rows + i * d, w);
}

static void find_slopes(bs_model *model, const double *margin) {
  model->shift = -INFINITY;
  for (size_t i = 0; i < model->samples; i++) {
    model->slope[i] = model->loss->log_slope(margin[i]);
    model->shift = fmax(model->shift, model->slope[i]);
  }
  if (!isfinite(model->shift)) model->shift = 0.0;
  for (size_t i = 0; i < model->samples; i++) {
    model->slope[i] = exp(model->slope[i] - model->shift);
    model->fall[i] = model->loss->slope_decay(margin[i]);
  }
}

/* The batches' mean gradients. */
static void find_gradients(bs_model *model) {
  const size_t d = model->features;
  memset(model->gradient, 0, model->batches * d * sizeof *model->gradient);
  for (size_t j = 0; j < model->batches; j++) {
    const size_t count = model->start[j + 1] - model->start[j];
    if (count == 0) continue;
    for (size_t i = model->start[j]; i < model->start[j + 1]; i++)
      bs_axpy(d, -model->slope[i] / (double)count, model->rows + i * d, model->gradient + j * d);
  }
}

/* The mean squares of the gradient of a step. */
static void find_squares(bs_model *model) {
  const size_t d = model->features, N = model->samples;
  memset(model->mean_square, 0, d * sizeof *model->mean_square);
  for (size_t j = 0; j < model->batches; j++)
    for (size_t k = 0; k < d; k++)
      model->mean_square[k] += model->gradient[j * d + k] * model->gradient[j * d + k] / (double)model->batches;
  if (!model->random) return;
  for (size_t k = 0; k < d; k++) model->mean_square[k] *= 1.0 - model->noise;
  for (size_t i = 0; i < N; i++) {
    const double *row = model->rows + i * d, share = model->noise * model->slope[i] * model->slope[i] / (double)N;
    for (size_t k = 0; k < d; k++) model->mean_square[k] += share * row[k] * row[k];
  }
}

/* The momentum that an epoch starts with: gradients e epochs back have the weight b1^(e n) and, where the margin grows
 * by `motion` an epoch, slopes e^(e fall motion) as large. */
static void find_momentum_before(bs_model *model, const double *motion) {
  const size_t d = model->features, n = model->batches;
  const double kept = pow(model->beta1, (double)n);
  memset(model->before, 0, d * sizeof *model->before);
  double weight = 1.0 - model->beta1;
  for (size_t j = n; j-- > 0 && weight > 0.0; weight *= model->beta1) {
    const double size = (double)(model->start[j + 1] - model->start[j]);
    for (size_t i = model->start[j]; i < model->start[j + 1]; i++) {
      const double change = motion ? model->fall[i] * motion[i] : 0.0;
      const double grown = exp(fmax(-MOST_FALL, fmin(MOST_FALL, change)));
      const double past = grown / fmax(1.0 - kept * grown, 0.1 * (1.0 - kept));
      bs_axpy(d, -weight * model->slope[i] * past / size, model->rows + i * d, model->before);
    }
    if (weight < 1e-17) break;
  }
}

/* The second moment that an epoch starts with, so that its mean over the epoch, mean_second, is e^u; where that does
 * not say, being forgotten along the epoch, that of an epoch which repeats. In units of e^(2 shift). */
static void find_second_before(bs_model *model, const double *u) {
  const size_t d = model->features, n = model->batches;
  const double kept = pow(model->beta_now, (double)n), present = 1.0 - model->beta_now;
  const double mean_kept = model->beta_now * (1.0 - kept) / (present * (double)n);
  for (size_t k = 0; k < d && model->has_second; k++) {
    double v = 0.0, mean = 0.0;
    for (size_t j = 0; j < n; j++) {
      const double g = model->gradient[j * d + k];
      v = model->beta_now * v + present * g * g;
      mean += v / (double)n;
    }
    const double repeated = v / (1.0 - kept), least = 0.05 * repeated;
    const double level = bounded_exponential(u[k] - 2.0 * model->shift);
    model->before_second[k] = model->remembers ? fmax(least, (level - mean) / mean_kept) : repeated;
    model->mean_second[k] = mean + mean_kept * model->before_second[k];
  }
}

/* Moving averages of the gradients and of their squares from what the epoch starts with. */
static void find_averages(bs_model *model) {
  const size_t d = model->features, n = model->batches;
  const double b1 = model->beta1, b2 = model->beta_now;
  double *m = model->momentum, *v = model->second;
  for (size_t j = 0; j < n; j++) {
    const double *g = model->gradient + j * d, *m0 = j ? m + (j - 1) * d : model->before;
    const double *v0 = j ? v + (j - 1) * d : model->before_second;
    for (size_t k = 0; k < d; k++) {
      m[j * d + k] = b1 * m0[k] + (1.0 - b1) * g[k];
      v[j * d + k] = b2 * v0[k] + (1.0 - b2) * g[k] * g[k];
    }
  }
}

/* ---- Updates ------------------------------------------------------------------------------------ */

/* What a mean of V of 1 is of the second moment that divides, in the square of the slopes' unit; and eps in that unit.
 */
static void find_scale(bs_model *model, double t, const double *u) {
  const double c = model->corrected || model->is_sum ? 1.0 : -expm1(t * log(model->beta2));
  model->unit = bounded_exponential(model->shift);
  model->unit_eps = model->eps > 0.0 ? model->eps * bounded_exponential(-model->shift) : 0.0;
  for (size_t k = 0; k < model->features && model->has_second; k++) {
    const double level = bounded_exponential(u[k] - 2.0 * model->shift) * c;
    model->scale[k] = model->random || model->is_sum ? level : level / fmax(model->mean_second[k], LEAST);
  }
}

/* An update for a unit of momentum, from the second moment that divides it. */
static double inverse_of(const bs_model *model, double square) {
  return model->has_second ? 1.0 / (sqrt(fmax(square, LEAST)) + model->unit_eps) : model->unit;
}

/* m / (sqrt(v) + eps), or m, of every step, and their mean, in units of the weights a unit of eta. */
static void find_updates(bs_model *model, double t, const double *u) {
  const size_t d = model->features, n = model->batches;
  find_scale(model, t, u);
  memset(model->direction, 0, d * sizeof *model->direction);
  for (size_t j = 0; j < n; j++) {
    for (size_t k = 0; k < d; k++) {
      const size_t at = j * d + k;
      const double ripple = model->random || model->is_sum ? 1.0 : model->second[at];
      model->inverse[at] = inverse_of(model, model->scale[k] * ripple);
      model->update[at] = model->momentum[at] == 0.0 ? 0.0 : model->momentum[at] * model->inverse[at];
      model->direction[k] += model->update[at] / (double)n;
    }
  }
}

static void find_all(bs_model *model, double t, const double *u, const double *margin, const double *motion) {
  find_slopes(model, margin);
  find_gradients(model);
  find_squares(model);
  find_momentum_before(model, motion);
  find_second_before(model, u);
  find_averages(model);
  find_updates(model, t, u);
  model->evaluations++;
}

/* The total change of the weights in an epoch, by the mean update. */
static void find_motion(bs_model *model, const double *w) {
  const double n = (double)model->batches;
  for (size_t k = 0; k < model->features; k++)
    model->way[k] = -model->eta * n * (model->direction[k] + model->decay * w[k]);
  find_margins(model, model->way, model->motion);
}

/* The slopes of a batch, and its mean gradient, at the weights of its turn. */
static void find_batch(bs_model *model, size_t j, const double *w) {
  const size_t d = model->features, first = model->start[j], count = model->start[j + 1] - first;
  double *g = model->gradient + j * d;
  memset(g, 0, d * sizeof *g);
  for (size_t i = first; i < first + count; i++) {
    const double z = bs_dot(d, model->rows + i * d, w);
    model->slope[i] = exp(model->loss->log_slope(z) - model->shift);
    model->fall[i] = model->loss->slope_decay(z);
    bs_axpy(d, -model->slope[i] / (double)count, model->rows + i * d, g);
  }
}

/* Steps through the epoch, centred on w, from the averages and the motion that the pass before has found. */
static void step_through(bs_model *model, double t, const double *w, const double *u) {
  const size_t d = model->features, n = model->batches;
  const double b1 = model->beta1, b2 = model->beta_now;
  double *way = model->way, *scale = model->scale;
  find_motion(model, w);
  find_momentum_before(model, model->motion);
  find_second_before(model, u);
  find_scale(model, t, u);
  for (size_t k = 0; k < d; k++) way[k] = w[k] - 0.5 * way[k];
  memset(model->direction, 0, d * sizeof *way);
  memset(model->mean_square, 0, d * sizeof *way);
  for (size_t j = 0; j < n; j++) {
    find_batch(model, j, way);
    const double *m0 = j ? model->momentum + (j - 1) * d : model->before;
    const double *v0 = j ? model->second + (j - 1) * d : model->before_second;
    for (size_t k = 0; k < d; k++) {
      const size_t at = j * d + k;
      const double g = model->gradient[at], m = b1 * m0[k] + (1.0 - b1) * g, v = b2 * v0[k] + (1.0 - b2) * g * g;
      model->momentum[at] = m;
      model->second[at] = v;
      model->inverse[at] = inverse_of(model, scale[k] * (model->is_sum ? 1.0 : v));
      model->update[at] = m == 0.0 ? 0.0 : m * model->inverse[at];
      model->direction[k] += model->update[at] / (double)n;
      model->mean_square[k] += g * g / (double)n;
      way[k] -= model->eta * (model->update[at] + model->decay * w[k]);
    }
  }
  model->evaluations++;
}

void bs_model_evaluate(bs_model *model, double t, const double *w, const double *u, double *rate_w, double *rate_u) {
  const size_t d = model->features;
  model->eta = bs_model_rate(model->options, t);
  model->rate_second = model->is_sum ? 1.0 : (1.0 - model->beta2) / -expm1(t * log(model->beta2));
  model->beta_now = model->is_sum ? 0.0 : 1.0 - model->rate_second;
  model->remembers = pow(model->beta_now, (double)model->batches) > 0.1;
  find_margins(model, w, model->margin);
  find_all(model, t, u, model->margin, NULL);
  for (int pass = 0; model->refined && pass < SEQUENTIAL_PASSES; pass++) step_through(model, t, w, u);
  model->gain = t * model->rate_second;
  for (size_t k = 0; k < d; k++) {
    rate_w[k] = -t * model->eta * (model->direction[k] + model->decay * w[k]);
    const double square = fmax(model->mean_square[k], LEAST);
    model->ratio[k] = model->has_second ? square * bounded_exponential(2.0 * model->shift - u[k]) : 0.0;
    rate_u[k] = model->has_second ? model->gain * (model->ratio[k] - (model->is_sum ? 0.0 : 1.0)) : 0.0;
  }
}

void bs_model_add_steps(const bs_model *model, size_t count, double *w) {
  const size_t d = model->features;
  for (size_t k = 0; k < d; k++) {
    double sum = 0.0;
    for (size_t j = 0; j < count; j++) sum += model->update[j * d + k] + model->decay * w[k];
    w[k] -= model->eta * sum;
  }
}
