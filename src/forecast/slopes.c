#include "forecast/slopes.h"

#include "forecast/rows.h"
#include "loss/classes.h"
#include <math.h>
#include <string.h>

void bs_slopes_products(const bs_model *model, size_t first, size_t count, const double *w, double *out) {
  const size_t N = model->samples, d = model->features;
  for (size_t a = 0; a < model->outputs; a++)
    bs_rows_products(count, d, model->rows + first * d, w + a * d, out + a * N + first);
}

/* ---- Slopes ------------------------------------------------------------------------------------- */

/* Of several classes: the products of sample i, side by side. */
static double *gather(const bs_model *model, const double *slots, size_t i) {
  for (size_t a = 0; a < model->outputs; a++) model->score[a] = slots[a * model->samples + i];
  return model->score;
}

/* The slopes of samples first, ... as weights. */
static void weigh(bs_model *model, size_t first, size_t count) {
  if (model->outputs == 1) {
    model->loss->weigh(count, model->margin + first, model->weight + first);
    return;
  }
  for (uint32_t i = (uint32_t)first; i < first + count; i++)
    bs_classes_weigh(model->loss, model->outputs, 1, gather(model, model->margin, i), model->class_of, &i,
                     model->weight + i, model->samples);
}

/* The decay of sample i's slope at its margin, or soft least margin. */
static double decay_of(const bs_model *model, size_t i) {
  if (model->outputs == 1) return model->loss->slope_decay(model->margin[i]);
  const double *score = gather(model, model->margin, i);
  return model->loss->slope_decay(bs_classes_margin(model->outputs, score, model->class_of[i]));
}

/* The slot in which sample i's slope is largest. */
static size_t own_slot(const bs_model *model, size_t i) {
  return model->outputs == 1 ? i : model->class_of[i] * model->samples + i;
}

/* The slopes of batch j in units of 2^exponent, and how fast they fall. */
static void set_batch(bs_model *model, size_t j) {
  for (size_t a = 0; a < model->outputs; a++) {
    const size_t start = a * model->samples;
    for (size_t s = start + model->start[j]; s < start + model->start[j + 1]; s++)
      model->slope[s] = bs_times_power_of_two(model->weight[s].mantissa, model->weight[s].exponent - model->exponent);
  }
  for (size_t i = model->start[j]; i < model->start[j + 1]; i++)
    model->fall[i] = model->slope[own_slot(model, i)] > 0.0 ? decay_of(model, i) : 0.0;
}

void bs_slopes_find(bs_model *model) {
  weigh(model, 0, model->samples);
  int64_t exponent = INT64_MIN;
  for (size_t i = 0; i < model->samples; i++) {
    const bs_weight weight = model->weight[own_slot(model, i)];
    if (weight.mantissa > 0.0 && weight.exponent > exponent) exponent = weight.exponent;
  }
  model->exponent = exponent == INT64_MIN ? 0 : exponent;
  model->shift = (double)model->exponent * log(2.0);
  for (size_t j = 0; j < model->batches; j++) set_batch(model, j);
}

void bs_slopes_find_batch(bs_model *model, size_t j) {
  weigh(model, model->start[j], model->start[j + 1] - model->start[j]);
  set_batch(model, j);
}

/* ---- Gradients ---------------------------------------------------------------------------------- */

void bs_slopes_add_mean(const bs_model *model, size_t j, const double *part, double *sum) {
  const size_t first = model->start[j], count = model->start[j + 1] - first, d = model->features;
  for (size_t a = 0; a < model->outputs; a++) {
    const double *own = part + a * model->samples;
    for (size_t i = first; i < first + count; i++) model->share[i] = -own[i] / (double)count;
    bs_rows_combine(count, d, model->share + first, model->rows + first * d, sum + a * d);
  }
}

void bs_slopes_add_squares(const bs_model *model, double share, double *sum) {
  const size_t N = model->samples, d = model->features;
  for (size_t a = 0; a < model->outputs; a++)
    for (size_t i = 0; i < N; i++) {
      const double slope = model->slope[a * N + i];
      if (slope != 0.0) bs_rows_add_square(d, share * slope * slope, model->rows + i * d, sum + a * d);
    }
}

/* ---- How slopes change -------------------------------------------------------------------------- */

/* Sample i of several classes: log p_j falls by mu_j - (1 - decay) sum_l q_l mu_l, mu_j the motion of the margin of row
 * j and q_l = p_l / sum p its share (loss/classes.h). The own slot gets the mean of these. */
static void find_change_of(bs_model *model, size_t i) {
  const size_t N = model->samples, own = own_slot(model, i);
  const double slope = model->slope[own];
  double mean = 0.0;
  for (size_t s = i; s < model->outputs * N; s += N)
    if (s != own && slope > 0.0) mean -= model->slope[s] / slope * (model->motion[own] - model->motion[s]);
  for (size_t s = i; s < model->outputs * N; s += N)
    model->change[s] =
        model->slope[s] != 0.0 ? model->motion[own] - model->motion[s] - (1.0 - model->fall[i]) * mean : 0.0;
  model->change[own] = model->fall[i] * mean;
}

void bs_slopes_find_change(bs_model *model) {
  for (size_t i = 0; i < model->samples; i++) {
    if (model->outputs == 1)
      model->change[i] = model->fall[i] * model->motion[i];
    else
      find_change_of(model, i);
  }
}

void bs_slopes_scale(const bs_model *model, size_t j, double weight, double *factor) {
  const size_t N = model->samples;
  for (size_t i = model->start[j]; i < model->start[j + 1]; i++) {
    const size_t own = own_slot(model, i);
    double others = 0.0;
    for (size_t s = i; s < model->outputs * N; s += N) {
      factor[s] = weight * model->slope[s] * factor[s];
      if (s != own) others += factor[s];
    }
    if (model->outputs > 1) factor[own] = -others;
  }
}

/* P (D - (1 - decay) q q'), P the own slope, q the slopes over it (1 at the own class), D = T diag(|q|) T' with the
 * rows' differences T: 1 at the own class, q_j beside it and -q_j on the diagonal. */
void bs_slopes_curvature(const bs_model *model, size_t i, double *out) {
  const size_t N = model->samples, k = model->outputs, own = own_slot(model, i) / N;
  const double slope = model->slope[own * N + i], decay = model->fall[i];
  memset(out, 0, k * k * sizeof *out);
  if (!(slope > 0.0)) return;
  for (size_t a = 0; a < k; a++)
    for (size_t c = 0; c < k; c++) {
      const double q = model->slope[a * N + i] / slope, r = model->slope[c * N + i] / slope;
      double diagonal = 0.0;
      if (a == c) diagonal = a == own ? 1.0 : -q;
      if (a != c && a == own) diagonal = r;
      if (a != c && c == own) diagonal = q;
      out[a * k + c] = slope * (diagonal - (1.0 - decay) * q * r);
    }
}
