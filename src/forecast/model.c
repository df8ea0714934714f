#include "forecast/model.h"

#include "base/dense.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/vector.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* e^u and its like are kept within range: beyond it nothing moves any more. */
static const double MOST_EXPONENT = 690.0, LEAST = 1e-300;
/* A slope falls by this factor over an epoch at most, as far as the averages are told. */
static const double MOST_FALL = 1.0;

static double bounded_exponential(double x) {
  return exp(fmax(-MOST_EXPONENT, fmin(MOST_EXPONENT, x)));
}

double bs_model_rate(const biascope_options *options, double t) {
  /* torch's momentum sums where ours averages */
  return bs_learning_rate_at(options, fmax(0.0, t - 0.5)) / (1.0 - options->momentum);
}

/* The variance of a random batch's mean over the samples' own, averaged over the batches of an epoch. */
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
  out->decay = bs_rule_option_of(rule, BS_OPTION_WEIGHT_DECAY) ? options->weight_decay : 0.0;
  out->noise = out->random ? variance_share(options, samples) : 0.0;
}

static biascope_status allocate(bs_model *model, biascope_error *error) {
  const size_t N = model->samples, d = model->features, cells = model->batches * d;
  double **const arrays[] = {&model->margin,   &model->slope,  &model->fall,        &model->moved,
                             &model->gradient, &model->second, &model->mean_square, &model->direction,
                             &model->before,   &model->update, &model->way,         &model->momentum,
                             &model->motion,   &model->ratio,  &model->inverse,     &model->column};
  const size_t sizes[] = {N, N, N, N, cells, cells, d, d, d, cells, d, cells, N, d, cells, 2 * model->batches};
  bool complete = true;
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
    complete = (*arrays[i] = BS_NEW(double, sizes[i])) != NULL && complete;
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
  out->refined =
      refined && !bs_is_full_batch(options, data->samples); /* one step's second order is nothing, and stiff */
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
  double *const arrays[] = {model->margin,      model->slope,     model->fall,    model->moved,
                            model->gradient,    model->momentum,  model->second,  model->update,
                            model->mean_square, model->direction, model->before,  model->way,
                            model->motion,      model->ratio,     model->inverse, model->column};
  for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) free(arrays[i]);
  free(model->start);
  memset(model, 0, sizeof *model);
}

/* ---- Slopes and gradients ----------------------------------------------------------------------- */

static void find_margins(const bs_model *model, const double *w, double *out) {
  bs_dense_apply(model->samples, model->features, 1.0, model->rows, model->features, w, 0.0, out);
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
    bs_dense_combine(count, d, -1.0 / (double)count, model->rows + model->start[j] * d, d,
                     model->slope + model->start[j], model->gradient + j * d);
  }
}

/* Mean squares of what a step's gradient is. */
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

/* Moving averages of the gradients from that, and of their squares, periodic. */
static void find_averages(bs_model *model) {
  const size_t d = model->features, n = model->batches;
  const double b1 = model->beta1, b2 = model->is_sum ? 0.0 : model->beta2;
  const double kept = pow(b2, (double)n);
  double *m = model->momentum, *v = model->second;
  for (size_t k = 0; k < d; k++) {
    double square = 0.0;
    for (size_t j = 0; j < n; j++) {
      const double g = model->gradient[j * d + k];
      square = b2 * square + (1.0 - b2) * g * g;
    }
    v[k] = square / (1.0 - kept);
  }
  for (size_t j = 0; j < n; j++) {
    const double *g = model->gradient + j * d, *m0 = j ? m + (j - 1) * d : model->before;
    const double *v0 = j ? v + (j - 1) * d : v;
    for (size_t k = 0; k < d; k++) {
      m[j * d + k] = b1 * m0[k] + (1.0 - b1) * g[k];
      v[j * d + k] = b2 * v0[k] + (1.0 - b2) * g[k] * g[k];
    }
  }
}

/* ---- Updates ------------------------------------------------------------------------------------ */

/* m / (sqrt(v) + eps), or m, of every step, and their mean, in units of the weights a unit of eta. */
static void find_updates(bs_model *model, double t, const double *u) {
  const size_t d = model->features, n = model->batches;
  const double unit = bounded_exponential(model->shift);
  const double c = model->corrected || model->is_sum ? 1.0 : -expm1(t * log(model->beta2));
  const double eps = model->eps > 0.0 ? model->eps * bounded_exponential(-model->shift) : 0.0;
  model->unit_eps = eps;
  memset(model->direction, 0, d * sizeof *model->direction);
  for (size_t k = 0; k < d; k++) {
    const double level = model->has_second ? bounded_exponential(u[k] - 2.0 * model->shift) * c : 0.0;
    const double square = fmax(model->mean_square[k], LEAST);
    for (size_t j = 0; j < n; j++) {
      const size_t at = j * d + k;
      const double ripple = model->random || model->is_sum ? 1.0 : fmax(model->second[at], LEAST) / square;
      model->inverse[at] = model->has_second ? 1.0 / (sqrt(level * ripple) + eps) : unit;
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
  find_averages(model);
  find_updates(model, t, u);
  model->evaluations++;
}

/* `moved`: each sample's margin when its batch's turn comes, centred on the epoch. `motion`: that over an epoch. */
static void move_margins(bs_model *model, const double *w) {
  const size_t d = model->features, n = model->batches;
  double *way = model->way;
  for (size_t k = 0; k < d; k++) way[k] = -model->eta * (double)n * (model->direction[k] + model->decay * w[k]);
  find_margins(model, way, model->motion);
  bs_scale(d, -0.5, way);
  for (size_t j = 0; j < n; j++) {
    for (size_t i = model->start[j]; i < model->start[j + 1]; i++)
      model->moved[i] = model->margin[i] + bs_dot(d, model->rows + i * d, way);
    for (size_t k = 0; k < d; k++) way[k] -= model->eta * (model->update[j * d + k] + model->decay * w[k]);
  }
}

/* The largest change of a slope's log over an epoch, of slopes that count. */
static double largest_motion(const bs_model *model) {
  double largest = 0.0;
  for (size_t i = 0; i < model->samples; i++)
    largest = fmax(largest, fabs(model->motion[i]) * model->fall[i] * sqrt(model->slope[i]));
  return largest;
}

void bs_model_evaluate(bs_model *model, double t, const double *w, const double *u, double *rate_w, double *rate_u) {
  const size_t d = model->features;
  model->eta = bs_model_rate(model->options, t);
  find_margins(model, w, model->margin);
  find_all(model, t, u, model->margin, NULL);
  if (model->refined) {
    move_margins(model, w);
    model->largest_motion = largest_motion(model);
    find_all(model, t, u, model->moved, model->motion);
  }
  const double gain = model->is_sum ? 1.0 : (1.0 - model->beta2) / -expm1(t * log(model->beta2));
  model->gain = t * gain;
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
