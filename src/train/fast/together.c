#include "train/fast/together.h"

#include "base/padded.h"
#include "train/gradient.h"
#include "train/trainer.h"

/* Margins of several runs that are weighed in one call. */
enum { MOST_CELLS = 64 };

/* What the runs of a step have of their own. */
typedef struct {
  biascope_trainer *const *run;
  size_t count;
  bool alike[BS_MOST_TOGETHER]; /* a run has the step size of the one before: runs often differ in their seeds alone */
  bool same_loss;
  const uint32_t *batch[BS_MOST_TOGETHER];
  size_t size[BS_MOST_TOGETHER]; /* of the batch */
  const bs_weight *weight[BS_MOST_TOGETHER];
  bs_update update[BS_MOST_TOGETHER]; /* all but the row */
} turn;

/* ---- The phases of a step ---------------------------------------------------------------------------- */

INLINE size_t draw(turn *t) {
  double eta = 0.0;
  size_t cells = 0;
  for (size_t j = 0; j < t->count; j++) {
    biascope_trainer *run = t->run[j];
    t->batch[j] = bs_sampler_next(&run->sampler, run->step, &t->size[j]);
    if (!t->alike[j]) eta = bs_learning_rate(&run->options, run->step);
    bs_trainer_set_rate(run, eta);
    cells += t->size[j];
  }
  return cells;
}

/* One run's batch, in the run's own arrays. */
INLINE void weigh_one(turn *t, size_t j) {
  const biascope_trainer *run = t->run[j];
  const bs_moments *moments = run->moments;
  const size_t size = t->size[j];
  for (size_t b = 0; b < size; b++)
    run->score[b] = bs_padded_dot(moments->padded, run->rows + t->batch[j][b] * moments->padded, moments->w);
  run->loss->weigh(size, run->score, run->weight);
  if (size > 1) bs_weights_divide(size, size, run->weight);
  t->weight[j] = run->weight;
}

/* Those of all runs, side by side; margins beyond the last one fill the vector. */
static void weigh_all(turn *t, size_t cells, bs_weight weight[MOST_CELLS]) {
  double margin[MOST_CELLS];
  const double *row[MOST_CELLS], *w[MOST_CELLS];
  const size_t padded = t->run[0]->moments->padded;
  size_t at = 0;
  for (size_t j = 0; j < t->count; j++) {
    t->weight[j] = weight + at;
    for (size_t b = 0; b < t->size[j]; b++, at++) {
      row[at] = t->run[j]->rows + t->batch[j][b] * padded;
      w[at] = t->run[j]->moments->w;
    }
  }
  bs_padded_dots(padded, cells, row, w, margin);
  for (; at < bs_padded(cells); at++) margin[at] = 0.0;
  t->run[0]->loss->weigh(at, margin, weight);
  at = 0;
  for (size_t j = 0; j < t->count; at += t->size[j++])
    if (t->size[j] > 1) bs_weights_divide(t->size[j], t->size[j], weight + at);
}

/* The batch's gradient, as a multiple of its only row or of the sum; returns the factor. */
INLINE double find_gradient(const biascope_trainer *run, const bs_weighted_batch *batch, bs_update *update) {
  bs_moments *moments = run->moments;
  bool one = batch->count == 1;
  double scale;
  if (!one || !bs_moments_scale_one(moments, batch->sample[0], batch->weight[0], &scale)) {
    bs_moments_prepare(moments, run->data, batch);
    one = one && bs_moments_scale(moments, batch->sample[0], batch->weight[0], &scale);
  }
  update->row = run->rows + batch->sample[0] * moments->padded;
  if (one) return scale;
  bs_gradient_sum(&run->whole, batch);
  update->row = moments->g;
  return 1.0;
}

INLINE void update(turn *t, size_t j, const bs_weight *weight) {
  biascope_trainer *run = t->run[j];
  bs_moments *moments = run->moments;
  const double scale = find_gradient(run, &(bs_weighted_batch){t->batch[j], weight, t->size[j], NULL}, &t->update[j]);
  t->update[j].even = moments->common;
  if (moments->step(&t->update[j], scale)) bs_moments_renormalise(moments);
  run->step++;
}

static void take_step(turn *t) {
  bs_weight weight[MOST_CELLS];
  const size_t cells = draw(t);
  if (t->same_loss && cells <= MOST_CELLS && cells > 0)
    weigh_all(t, cells, weight);
  else
    for (size_t j = 0; j < t->count; j++) weigh_one(t, j);
  for (size_t j = 0; j < t->count; j++) update(t, j, t->weight[j]);
}

/* What one result waits for of another comes in registers. */
static void take_step_alone(turn *t) {
  const biascope_trainer *run = t->run[0];
  draw(t);
  if (t->size[0] == 1 && run->loss->slope) {
    const bs_moments *moments = run->moments;
    const double *row = run->rows + t->batch[0][0] * moments->padded;
    const bs_slope slope = run->loss->slope(bs_padded_dot(moments->padded, row, moments->w));
    update(t, 0, &(bs_weight){slope.mantissa, (int64_t)slope.exponent});
  } else {
    weigh_one(t, 0);
    update(t, 0, t->weight[0]);
  }
}

/* ---- Batches of one sample, one loss ------------------------------------------------------------------ */

/* The samples of a run that are left in its epoch. */
typedef struct {
  const uint32_t *next;
  size_t left;
} rest;

/* Whether a run's factors remain those of the one before: runs often differ in their seeds alone. */
static bool share_rate(const biascope_trainer *a, const biascope_trainer *b) {
  const bs_rate *p = &a->rate, *q = &b->rate;
  return !a->weighs && !b->weighs && !a->varies && !b->varies && a->eta == b->eta && p->beta1 == q->beta1 &&
         p->beta2 == q->beta2 && p->decay == q->decay && p->past == q->past && p->present == q->present &&
         p->eps == q->eps;
}

INLINE uint32_t draw_one(biascope_trainer *run, rest *samples) {
  if (samples->left == 0) samples->next = bs_sampler_rest(&run->sampler, run->step, &samples->left);
  samples->left--;
  return *samples->next++;
}

INLINE void update_one(biascope_trainer *run, bs_update *update, uint32_t sample, const bs_weight *weight) {
  bs_moments *moments = run->moments;
  double scale;
  if (!bs_moments_scale_one(moments, sample, *weight, &scale)) {
    scale = find_gradient(run, &(bs_weighted_batch){&sample, weight, 1, NULL}, update);
    update->even = moments->common;
  }
  if (moments->step(update, scale)) {
    bs_moments_renormalise(moments);
    update->even = moments->common;
  }
  run->step++;
}

static void take_single_steps(turn *t, uint64_t steps) {
  biascope_trainer *const *run = t->run;
  const size_t count = t->count, padded = run[0]->moments->padded;
  rest samples[BS_MOST_TOGETHER] = {{NULL, 0}};
  bool shares[BS_MOST_TOGETHER];
  const double *w[BS_MOST_TOGETHER], *row[BS_MOST_TOGETHER];
  uint32_t sample[BS_MOST_TOGETHER];
  double margin[BS_MOST_TOGETHER] = {0.0}; /* those beyond the last one fill the vector */
  bs_weight weight[BS_MOST_TOGETHER];
  for (size_t j = 0; j < count; j++) {
    w[j] = run[j]->moments->w;
    t->update[j].even = run[j]->moments->common;
    shares[j] = t->alike[j] && share_rate(run[j - 1], run[j]);
    if (shares[j]) t->update[j].rate = t->update[j - 1].rate;
  }
  for (uint64_t i = 0; i < steps; i++) {
    double eta = 0.0;
    for (size_t j = 0; j < count; j++) {
      sample[j] = draw_one(run[j], &samples[j]);
      t->update[j].row = row[j] = run[j]->rows + sample[j] * padded;
      if (shares[j]) continue;
      if (!t->alike[j]) eta = bs_learning_rate(&run[j]->options, run[j]->step);
      bs_trainer_set_rate(run[j], eta);
    }
    bs_padded_dots(padded, count, row, w, margin);
    run[0]->loss->weigh(bs_padded(count), margin, weight);
    for (size_t j = 0; j < count; j++) update_one(run[j], &t->update[j], sample[j], &weight[j]);
  }
  for (size_t j = 1; j < count; j++) {
    if (!shares[j]) continue;
    run[j]->eta = run[j - 1]->eta;
    run[j]->rate = run[j - 1]->rate;
  }
}

/* ---- Steps -------------------------------------------------------------------------------------------- */

void bs_together_take_steps(biascope_trainer *const *runs, size_t count, uint64_t steps) {
  turn t = {.run = runs, .count = count, .same_loss = true};
  bool single = count > 1;
  for (size_t j = 0; j < count; j++) {
    const biascope_trainer *before = runs[j ? j - 1 : 0];
    const bs_moments *moments = runs[j]->moments;
    t.update[j] = (bs_update){.padded = moments->padded,
                              .count = moments->features,
                              .m = moments->m,
                              .v = moments->v,
                              .w = moments->w,
                              .eps = moments->unit,
                              .rate = &runs[j]->rate};
    t.alike[j] = j > 0 && runs[j]->step == before->step && bs_step_sizes_equal(&runs[j]->options, &before->options);
    t.same_loss = t.same_loss && runs[j]->loss == before->loss;
    single = single && runs[j]->sampler.batch_size == 1;
  }
  if (single && t.same_loss) {
    take_single_steps(&t, steps);
    return;
  }
  for (uint64_t i = 0; i < steps; i++) (count == 1 ? take_step_alone : take_step)(&t);
}

/* ---- Which runs --------------------------------------------------------------------------------------- */

static bool serves(const biascope_options *options) {
  return bs_gradient_is_plain(options) && bs_optimizer_rule_of(options->optimizer)->fast & BS_FAST_ALONE;
}

bool bs_together_serves(const biascope_trainer *trainer) {
  const bs_fast *fast = &trainer->fast;
  return trainer->rows && trainer->moments->outputs == 1 && !fast->lazy && !bs_fast_serves_batches(fast) &&
         serves(&trainer->options);
}

/* Beyond, a run alone already keeps the divider busy, and its state in the first-level cache (docs/performance.md). */
enum { MOST_FEATURES = 256 };
/* Sixteen runs wait for one set of exponentials together; those with more features fill the first-level cache. */
enum { FEW_FEATURES = 32, FEWER_TOGETHER = 8 };

static size_t most_together(size_t features) {
  return features <= FEW_FEATURES ? BS_MOST_TOGETHER : FEWER_TOGETHER;
}

bool bs_together_share(size_t features, const biascope_options *a, const biascope_options *b) {
  return features <= MOST_FEATURES && serves(a) && serves(b);
}

static bool may_join(const biascope_trainer *first, const biascope_trainer *run) {
  const size_t features = first->data->features;
  return features <= MOST_FEATURES && first->plain && run->plain && run->data->features == features;
}

biascope_status biascope_trainers_run(biascope_trainer *const *trainers, size_t count, uint64_t steps,
                                      biascope_error *error) {
  (void)error;
  for (size_t first = 0, group; first < count; first += group) {
    biascope_trainer *const *runs = trainers + first;
    const size_t most = most_together(runs[0]->data->features);
    for (group = 1; group < most && first + group < count && may_join(runs[0], runs[group]);) group++;
    if (runs[0]->plain)
      bs_together_take_steps(runs, group, steps);
    else
      for (uint64_t i = 0; i < steps; i++) bs_trainer_take_step(runs[0]);
  }
  return BIASCOPE_OK;
}
