#include "forecast/model.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/vector.h"
#include "forecast/rows.h"
#include "forecast/slopes.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* e^u and similar values are limited to this range: beyond it nothing changes any more. */
static const double MOST_EXPONENT = 690.0, LEAST = 1e-300;
/* The largest factor by which a slope falls over an epoch in the averages. */
static const double MOST_FALL = 1.0;
/* Weights in an average below this count as 0. */
static const double NEGLIGIBLE = 1e-17;
static const double MOST_CELLS = 5e7; /* of the dense copy of the data */
enum { MOST_WEIGHTS = 2048 };         /* of several classes, whose systems have this order */
static const double MOST_QUICK = 5e7; /* multiplications of a derivative, where hundreds are taken */
/* The number of passes that step through an epoch, each from the averages of the one before. */
enum { SEQUENTIAL_PASSES = 2 };
/* A slope's relative change up to which a pass is left out: its effect is about that, or, for the second, the square.
 */
static const double LEAST_CHANGE[SEQUENTIAL_PASSES] = {1e-4, 1e-2};

/* Of the edge of stability: the curvature exceeds it by some one over this. */
static const double GAIN = 30.0, SMALL_GAIN = 10.0;

static double bounded_exponential(double x) {
  return exp(fmax(-MOST_EXPONENT, fmin(MOST_EXPONENT, x)));
}

double bs_model_rate(const biascope_options *options, double t) {
  /* torch's momentum is a sum where ours is an average */
  return bs_learning_rate_at(options, fmax(0.0, t - 0.5)) / (1.0 - options->momentum);
}

bool bs_model_covers(const biascope_options *options) {
  const bs_optimizer_rule *rule = bs_optimizer_rule_of(options->optimizer);
  const bool sum = rule->second == BS_SECOND_SUM, average = rule->second == BS_SECOND_AVERAGE;
  const bool ratio = rule->direction == BS_RATIO && (sum || (average && bs_effective_beta2(options) > 0.0));
  const bool plain = bs_gradient_is_plain(options) && bs_averages_of(options).lead == 0.0;
  return (rule->direction == BS_IDENTITY || ratio) && plain;
}

bool bs_model_fits(const biascope_dataset *data) {
  const bool several = bs_outputs(data) > 1;
  return (double)data->samples * (double)data->features <= MOST_CELLS &&
         (!several || bs_outputs(data) * data->features <= MOST_WEIGHTS);
}

double bs_model_derivative_cost(const biascope_dataset *data) {
  const double N = (double)data->samples, D = (double)bs_outputs(data) * (double)data->features;
  return bs_outputs(data) > 1 ? N * D * D + D * D * D / 3.0 : 0.0;
}

bool bs_model_is_quick(const biascope_dataset *data) {
  return bs_model_fits(data) && bs_model_derivative_cost(data) <= MOST_QUICK;
}

biascope_status bs_model_rows(const biascope_dataset *data, const double **rows, double **owned,
                              biascope_error *error) {
  const size_t N = data->samples, d = data->features;
  *owned = NULL;
  *rows = data->dense;
  if (data->dense) return BIASCOPE_OK;
  *rows = *owned = BS_NEW(double, N *d);
  if (!*owned) return bs_fail_memory(error, "the data as a dense matrix");
  for (size_t i = 0; i < N; i++) bs_row_axpy(data, i, 1.0, *owned + i * d);
  return BIASCOPE_OK;
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

enum { PARTS = 23 };

static void list_parts(bs_model *model, bs_array *out) {
  const size_t N = model->samples, D = model->weights, cells = model->batches * D, slots = N * model->outputs;
  const bs_array parts[PARTS] = {
      {&model->margin, slots},   {&model->slope, slots},   {&model->fall, N},
      {&model->motion, slots},   {&model->change, slots},  {&model->past, slots},
      {&model->gradient, cells}, {&model->second, cells},  {&model->score, model->outputs},
      {&model->momentum, cells}, {&model->update, cells},  {&model->inverse, cells},
      {&model->mean_square, D},  {&model->mean_second, D}, {&model->scale, D},
      {&model->direction, D},    {&model->before, D},      {&model->before_second, D},
      {&model->way, D},          {&model->ratio, D},       {&model->column, 3 * model->batches},
      {&model->level, D},        {&model->share, N}};
  memcpy(out, parts, sizeof parts);
}

static biascope_status allocate(bs_model *model, biascope_error *error) {
  bs_array parts[PARTS];
  list_parts(model, parts);
  const bool complete = bs_arrays_allocate(PARTS, parts);
  model->start = BS_NEW(size_t, model->batches + 1);
  model->weight = BS_NEW(bs_weight, model->samples * model->outputs);
  return complete && model->start && model->weight ? BIASCOPE_OK : bs_fail_memory(error, "the averaged equation");
}

biascope_status bs_model_create(const biascope_dataset *data, const double *rows, const biascope_options *options,
                                bool refined, bs_model *out, biascope_error *error) {
  *out = (bs_model){.options = options,
                    .loss = bs_loss_of(options->loss),
                    .samples = data->samples,
                    .features = data->features,
                    .outputs = bs_outputs(data),
                    .weights = bs_outputs(data) * data->features,
                    .class_of = data->class,
                    .rows = rows,
                    .refined = refined};
  describe(options, data->samples, out);
  out->refined = refined && out->batches > 1; /* one step's second order is nothing, and stiff */
  biascope_status status = allocate(out, error);
  if (status == BIASCOPE_OK) status = bs_edge_create(out, refined ? GAIN : SMALL_GAIN, &out->edge, error);
  if (status != BIASCOPE_OK) {
    bs_model_free(out);
    return status;
  }
  const size_t size = out->random ? data->samples : bs_batch_size(options, data->samples);
  for (size_t j = 0; j <= out->batches; j++) out->start[j] = j * size < data->samples ? j * size : data->samples;
  return BIASCOPE_OK;
}

void bs_model_free(bs_model *model) {
  bs_array parts[PARTS];
  list_parts(model, parts);
  bs_arrays_free(PARTS, parts);
  free(model->start);
  free(model->weight);
  bs_edge_free(&model->edge);
  memset(model, 0, sizeof *model);
}

/* ---- Gradients and moments ---------------------------------------------------------------------- */

/* The batches' mean gradients. */
static void find_gradients(bs_model *model) {
  const size_t d = model->weights;
  memset(model->gradient, 0, model->batches * d * sizeof *model->gradient);
  for (size_t j = 0; j < model->batches; j++) bs_slopes_add_mean(model, j, model->slope, model->gradient + j * d);
}

/* The mean squares of the gradient of a step. */
static void find_squares(bs_model *model) {
  const size_t d = model->weights;
  memset(model->mean_square, 0, d * sizeof *model->mean_square);
  for (size_t j = 0; j < model->batches; j++)
    bs_rows_add_square(d, 1.0 / (double)model->batches, model->gradient + j * d, model->mean_square);
  if (!model->random) return;
  for (size_t k = 0; k < d; k++) model->mean_square[k] *= 1.0 - model->noise;
  bs_slopes_add_squares(model, model->noise / (double)model->samples, model->mean_square);
}

/* The momentum that an epoch starts with, if earlier epochs were alike: gradients e epochs back have the weight
 * b1^(e n). */
static void find_momentum_before(bs_model *model) {
  const size_t d = model->weights, n = model->batches;
  const double past = 1.0 / (1.0 - pow(model->beta1, (double)n));
  double weight = 1.0 - model->beta1;
  memset(model->before, 0, d * sizeof *model->before);
  for (size_t j = n; j-- > 0 && weight >= NEGLIGIBLE; weight *= model->beta1)
    bs_rows_add(d, weight * past, model->gradient + j * d, model->before);
}

/* The same where the logs of slopes fall by `change` an epoch: they were e^(e change) as large. */
static void find_larger_momentum_before(bs_model *model) {
  const size_t d = model->weights, n = model->batches;
  const double kept = pow(model->beta1, (double)n);
  double weight = 1.0 - model->beta1;
  memset(model->before, 0, d * sizeof *model->before);
  for (size_t s = 0; s < model->samples * model->outputs; s++) {
    const double grown = exp(fmax(-MOST_FALL, fmin(MOST_FALL, model->change[s])));
    model->past[s] = grown / fmax(1.0 - kept * grown, 0.1 * (1.0 - kept));
  }
  for (size_t j = n; j-- > 0 && weight >= NEGLIGIBLE; weight *= model->beta1) {
    bs_slopes_scale(model, j, weight, model->past);
    bs_slopes_add_mean(model, j, model->past, model->before);
  }
}

/* The second moment that an epoch starts with, so that its mean over the epoch, mean_second, is e^u; where that does
 * not say, being forgotten along the epoch, that of an epoch which repeats. In units of e^(2 shift). */
static void find_second_before(bs_model *model) {
  const size_t d = model->weights, n = model->batches;
  const double kept = pow(model->beta_now, (double)n), present = 1.0 - model->beta_now;
  const double mean_kept = model->beta_now * (1.0 - kept) / (present * (double)n);
  double *v = model->before_second, *mean = model->mean_second;
  if (!model->has_second) return;
  memset(v, 0, d * sizeof *v);
  memset(mean, 0, d * sizeof *mean);
  for (size_t j = 0; j < n; j++)
    bs_rows_sum_average_square(d, model->beta_now, 1.0 / (double)n, model->gradient + j * d, v, mean);
  for (size_t k = 0; k < d; k++) {
    const double repeated = v[k] / (1.0 - kept);
    v[k] = model->remembers ? fmax(0.05 * repeated, (model->level[k] - mean[k]) / mean_kept) : repeated;
    mean[k] += mean_kept * v[k];
  }
}

/* Moving averages of the gradients and of their squares from what the epoch starts with. */
static void find_averages(bs_model *model, size_t j) {
  const size_t d = model->weights, at = j * d;
  const double *m0 = j ? model->momentum + at - d : model->before;
  const double *v0 = j ? model->second + at - d : model->before_second;
  bs_rows_average(d, model->beta1, m0, model->gradient + at, model->momentum + at);
  bs_rows_average_square(d, model->beta_now, v0, model->gradient + at, model->second + at);
}

/* ---- Updates ------------------------------------------------------------------------------------ */

/* What depends on the state and the common factor of the slopes: e^u in the square of their unit, and eps in it. */
static void find_units(bs_model *model, const double *u) {
  model->unit = bounded_exponential(model->shift);
  model->unit_eps = model->eps > 0.0 ? model->eps * bounded_exponential(-model->shift) : 0.0;
  for (size_t k = 0; k < model->weights && model->has_second; k++)
    model->level[k] = bounded_exponential(u[k] - 2.0 * model->shift);
}

/* What a mean of V of 1 is of the second moment that divides, in the square of the slopes' unit. */
static void find_scale(bs_model *model, double t) {
  const double c = model->corrected || model->is_sum ? 1.0 : -expm1(t * log(model->beta2));
  const bool mean = model->random || model->is_sum;
  for (size_t k = 0; k < model->weights && model->has_second; k++)
    model->scale[k] = mean ? model->level[k] * c : model->level[k] * c / fmax(model->mean_second[k], LEAST);
}

/* m / (sqrt(v) + eps), or m, of a step, added to their mean, in units of the weights per unit of eta. */
static void find_update(bs_model *model, size_t j, bool has_ripple) {
  const size_t d = model->weights, at = j * d;
  double *inverse = model->inverse + at;
  if (model->has_second)
    bs_rows_invert(d, model->unit_eps, model->scale, has_ripple ? model->second + at : NULL, inverse);
  else
    for (size_t k = 0; k < d; k++) inverse[k] = model->unit;
  bs_rows_multiply(d, 1.0 / (double)model->batches, model->momentum + at, inverse, model->update + at,
                   model->direction);
}

static void find_all(bs_model *model, double t, const double *u) {
  bs_slopes_find(model);
  find_units(model, u);
  find_gradients(model);
  find_squares(model);
  find_momentum_before(model);
  find_second_before(model);
  find_scale(model, t);
  memset(model->direction, 0, model->weights * sizeof *model->direction);
  for (size_t j = 0; j < model->batches; j++) {
    find_averages(model, j);
    find_update(model, j, !model->random && !model->is_sum);
  }
  model->evaluations++;
}

/* The total change of the weights in an epoch, by the mean update. */
static void find_motion(bs_model *model, const double *w) {
  const double n = (double)model->batches;
  for (size_t k = 0; k < model->weights; k++)
    model->way[k] = -model->eta * n * (model->direction[k] + model->decay * w[k]);
  bs_slopes_products(model, 0, model->samples, model->way, model->motion);
  bs_slopes_find_change(model);
}

/* The slopes of a batch, and its mean gradient, at the weights of its turn. */
static void find_batch(bs_model *model, size_t j, const double *w) {
  const size_t d = model->weights, first = model->start[j];
  double *g = model->gradient + j * d;
  memset(g, 0, d * sizeof *g);
  bs_slopes_products(model, first, model->start[j + 1] - first, w, model->margin);
  bs_slopes_find_batch(model, j);
  bs_slopes_add_mean(model, j, model->slope, g);
}

/* Steps through the epoch, centred on w, from the averages and the motion that the pass before has found. */
static void step_through(bs_model *model, double t, const double *w) {
  const size_t d = model->weights, n = model->batches;
  double *way = model->way;
  find_larger_momentum_before(model);
  find_second_before(model);
  find_scale(model, t);
  for (size_t k = 0; k < d; k++) way[k] = w[k] - 0.5 * way[k];
  memset(model->direction, 0, d * sizeof *way);
  memset(model->mean_square, 0, d * sizeof *way);
  for (size_t j = 0; j < n; j++) {
    find_batch(model, j, way);
    find_averages(model, j);
    find_update(model, j, !model->is_sum);
    bs_rows_add_square(d, 1.0 / (double)n, model->gradient + j * d, model->mean_square);
    bs_rows_add(d, -model->eta, model->update + j * d, way);
    if (model->decay > 0.0) bs_rows_add(d, -model->eta * model->decay, w, way);
  }
  model->evaluations++;
}

/* The largest change of a slope, relative to it, over an epoch or over the memory of the momentum. */
static double largest_change(const bs_model *model) {
  double largest = 0.0;
  for (size_t s = 0; s < model->samples * model->outputs; s++) largest = fmax(largest, fabs(model->change[s]));
  return largest * fmax(1.0, 1.0 / ((1.0 - model->beta1) * (double)model->batches));
}

/* The passes that step through the epoch, as many as its motion needs. */
static void refine(bs_model *model, double t, const double *w) {
  for (int pass = 0; pass < SEQUENTIAL_PASSES; pass++) {
    find_motion(model, w);
    if (largest_change(model) <= LEAST_CHANGE[pass]) return;
    step_through(model, t, w);
  }
}

void bs_model_evaluate(bs_model *model, double t, const double *w, const double *u, double *rate_w, double *rate_u) {
  const size_t d = model->weights;
  model->eta = bs_model_rate(model->options, t);
  model->rate_second = model->is_sum ? 1.0 : (1.0 - model->beta2) / -expm1(t * log(model->beta2));
  model->beta_now = model->is_sum ? 0.0 : 1.0 - model->rate_second;
  model->remembers = pow(model->beta_now, (double)model->batches) > 0.1;
  bs_slopes_products(model, 0, model->samples, w, model->margin);
  find_all(model, t, u);
  if (model->refined) refine(model, t, w);
  bs_edge_find(&model->edge, model);
  model->gain = t * model->rate_second;
  for (size_t k = 0; k < d; k++) {
    rate_w[k] = -t * model->eta * (model->direction[k] + model->decay * w[k]);
    /* where a feature is zero in every sample, nothing hangs on u */
    const bool has_second = model->has_second && model->mean_square[k] > 0.0;
    model->ratio[k] = has_second ? fmax(model->mean_square[k], LEAST) / model->level[k] : 0.0;
    if (model->edge.count > 0) model->ratio[k] += model->edge.extra[k];
    rate_u[k] = has_second ? model->gain * (model->ratio[k] - (model->is_sum ? 0.0 : 1.0)) : 0.0;
  }
}

void bs_model_add_steps(const bs_model *model, size_t count, double *w) {
  const size_t d = model->weights;
  for (size_t k = 0; k < d; k++) {
    double sum = 0.0;
    for (size_t j = 0; j < count; j++) sum += model->update[j * d + k] + model->decay * w[k];
    w[k] -= model->eta * sum;
  }
}
