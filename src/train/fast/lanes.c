/* Runs side by side in the lanes of vectors. A run is in one of two places: its trainer, or a lane. It leaves its lane
 * whenever something has to be done that is not the same for all. */
#include "train/fast/lanes.h"

#include "train/fast/kernel_lanes.h"
#include "train/trainer.h"

#include "base/error.h"
#include "base/memory.h"
#include <stdlib.h>
#include <string.h>

typedef struct {
  biascope_trainer *run[BS_LANES];
  size_t count; /* runs; the lanes beyond stay at zero */
  size_t features, padded;
  size_t most; /* samples in a batch */
  const uint32_t *batch[BS_LANES];
  double *m, *v, *w, *g, *unit; /* padded x BS_LANES */
  double *margin;               /* BS_LANES x the batch */
  bs_weight *weight;
  bs_lane_samples samples;
  bs_rates rates;
  bs_weighing weighing;
  bool alike[BS_LANES]; /* a run has the step sizes of the one before: runs often differ in their seeds alone */
} lanes;

static biascope_status lanes_create(lanes *l, const biascope_trainer *first, biascope_error *error) {
  *l = (lanes){
      .features = first->moments->features, .padded = first->moments->padded, .most = first->sampler.batch_size};
  double **arrays[] = {&l->m, &l->v, &l->w, &l->g, &l->unit, &l->samples.apart};
  bool complete = true;
  for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) {
    *arrays[i] = BS_NEW(double, l->padded *BS_LANES);
    complete = complete && *arrays[i];
  }
  l->margin = BS_NEW(double, l->most *BS_LANES);
  l->weight = BS_NEW(bs_weight, l->most * BS_LANES);
  if (complete && l->margin && l->weight) return BIASCOPE_OK;
  return bs_fail_memory(error, "runs side by side");
}

static void lanes_free(lanes *l) {
  free(l->m);
  free(l->v);
  free(l->w);
  free(l->g);
  free(l->unit);
  free(l->samples.apart);
  free(l->margin);
  free(l->weight);
}

/* ---- Between a trainer and its lane ----------------------------------------------------------------- */

static void read_lane(size_t features, const double *side_by_side, size_t j, double *values) {
  for (size_t k = 0; k < features; k++) values[k] = side_by_side[k * BS_LANES + j];
}

static void write_lane(size_t features, const double *values, size_t j, double *side_by_side) {
  for (size_t k = 0; k < features; k++) side_by_side[k * BS_LANES + j] = values[k];
}

static void moments_to_trainer(const lanes *l, size_t j) {
  read_lane(l->features, l->m, j, l->run[j]->moments->m);
  read_lane(l->features, l->v, j, l->run[j]->moments->v);
}

static void moments_to_lane(lanes *l, size_t j) {
  write_lane(l->features, l->run[j]->moments->m, j, l->m);
  write_lane(l->features, l->run[j]->moments->v, j, l->v);
}

static void units_to_lane(lanes *l, size_t j) {
  if (l->run[j]->rule->direction != BS_SIGN) write_lane(l->features, l->run[j]->moments->unit, j, l->unit);
}

static void enter(lanes *l) {
  double *const arrays[] = {l->m, l->v, l->w, l->unit};
  for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
    memset(arrays[i], 0, l->padded * BS_LANES * sizeof(double));
  l->rates = (bs_rates){0};
  for (size_t j = 0; j < l->count; j++) {
    const bs_moments *moments = l->run[j]->moments;
    write_lane(l->features, moments->w, j, l->w);
    moments_to_lane(l, j);
    units_to_lane(l, j);
    l->rates.beta1[j] = moments->beta1;
    l->rates.beta2[j] = moments->beta2;
    l->alike[j] = j > 0 && bs_step_sizes_equal(&l->run[j]->options, &l->run[j - 1]->options);
  }
}

static void leave(const lanes *l) {
  for (size_t j = 0; j < l->count; j++) {
    read_lane(l->features, l->w, j, l->run[j]->moments->w);
    moments_to_trainer(l, j);
  }
}

/* ---- A step ------------------------------------------------------------------------------------------ */

/* Sample b of every run's batch. All have the same data: one copy stays nearer than one a run. */
static void gather(lanes *l, size_t b) {
  const double *rows[BS_LANES];
  for (size_t j = 0; j < BS_LANES; j++) rows[j] = l->run[0]->rows + l->batch[j < l->count ? j : 0][b] * l->padded;
  bs_lanes_gather(l->padded, rows, &l->samples);
}

static void weigh(lanes *l, size_t count) {
  for (size_t b = 0; b < count; b++) {
    double dot[BS_LANES];
    gather(l, b);
    bs_lanes_dot(l->padded, &l->samples, l->w, dot);
    for (size_t j = 0; j < BS_LANES; j++) l->margin[j * count + b] = dot[j];
  }
  l->run[0]->loss->weigh(BS_LANES * count, l->margin, l->weight);
  bs_weights_divide(BS_LANES * count, count, l->weight);
}

/* Exponents that the batch's gradients fit; false where run j's coordinates no longer share one. */
static bool fit(lanes *l, size_t j, size_t count) {
  bs_moments *moments = l->run[j]->moments;
  const bs_weighted_batch batch = {l->batch[j], l->weight + j * count, count};
  if (bs_moments_fit(moments, &batch)) return true;
  const bool forget = bs_moments_forget(moments); /* then they are about to be replaced */
  if (!forget) moments_to_trainer(l, j);
  bs_moments_prepare(moments, l->run[j]->data, &batch);
  if (!forget) moments_to_lane(l, j);
  units_to_lane(l, j);
  return moments->common;
}

/* False where some sample's part in its run's gradient is no multiple of its row. */
static bool add_gradients(lanes *l, size_t count) {
  for (size_t b = 0; b < count; b++) {
    double scale[BS_LANES] = {0};
    for (size_t j = 0; j < l->count; j++)
      if (!bs_moments_scale(l->run[j]->moments, l->batch[j][b], l->weight[j * count + b], &scale[j])) return false;
    if (count > 1) gather(l, b);
    (b ? bs_lanes_add : bs_lanes_set)(l->features, scale, &l->samples, l->g);
  }
  return true;
}

/* Rates of the step to come, which is the same for all. */
static void set_rates(lanes *l) {
  double eta = 0.0;
  for (size_t j = 0; j < l->count; j++) {
    biascope_trainer *run = l->run[j];
    if (!l->alike[j]) eta = bs_learning_rate(&run->options, run->step);
    bs_trainer_set_rate(run, eta);
    if (run->weighs) bs_weighing_put(&run->rate, j, &l->weighing);
    l->rates.eta[j] = run->rate.eta;
    l->rates.shrink[j] = run->rate.shrink;
  }
}

/* Returns bit j set where run j's moments have faded. */
static unsigned update(lanes *l) {
  for (size_t j = 0; j < l->count; j++) l->run[j]->step++;
  return l->run[0]->moments->step(&(bs_update){.padded = l->features * BS_LANES,
                                               .g = l->g,
                                               .m = l->m,
                                               .v = l->v,
                                               .w = l->w,
                                               .eps = l->unit,
                                               .rates = &l->rates,
                                               .weighing = &l->weighing});
}

static bool renormalise(lanes *l, unsigned faded) {
  bool together = true;
  for (size_t j = 0; j < l->count; j++) {
    if (!(faded >> j & 1)) continue;
    moments_to_trainer(l, j);
    bs_moments_renormalise(l->run[j]->moments);
    moments_to_lane(l, j);
    units_to_lane(l, j);
    together = together && l->run[j]->moments->common;
  }
  return together;
}

/* Returns whether all may go on together; where not, the step may or may not have been taken. */
static bool step(lanes *l) {
  size_t count = 0;
  for (size_t j = 0; j < l->count; j++) l->batch[j] = bs_sampler_batch(&l->run[j]->sampler, l->run[j]->step, &count);
  set_rates(l); /* early, as bs_trainer_take_step does */
  weigh(l, count);
  bool together = true;
  for (size_t j = 0; j < l->count; j++) together = fit(l, j, count) && together;
  if (!together || !add_gradients(l, count)) return false;
  const unsigned faded = update(l);
  return !faded || renormalise(l, faded);
}

/* ---- Many steps -------------------------------------------------------------------------------------- */

static void run_alone(biascope_trainer *run, uint64_t end) {
  while (run->step < end) bs_trainer_take_step(run);
}

/* Alone, a run's step costs as much as 60 features more; of eight lanes, used or not, nine times and a half as much as
 * one run's features (docs/performance.md). */
static bool is_worth_it(size_t runs, size_t features) {
  enum { OWN = 60 };
  return runs * (OWN + features) > OWN + 19 * features / 2;
}

static void run_together(lanes *l, uint64_t end) {
  if (is_worth_it(l->count, l->features)) {
    enter(l);
    while (l->run[0]->step < end && step(l)) {
    }
    leave(l);
  }
  for (size_t j = 0; j < l->count; j++) run_alone(l->run[j], end);
}

static bool is_ready(const biascope_trainer *run) {
  return run->moments->common && (run->moments->unseen_count == 0 || bs_moments_forget(run->moments));
}

/* Runs that have drifted out of step with the others go alone, and are looked at again from time to time. */
static void run_group(lanes *l, biascope_trainer *const *runs, size_t count, uint64_t end) {
  enum { LOOK_AGAIN = 1024 };
  uint64_t until = runs[0]->step + 1; /* after a first step most features have been seen */
  for (bool more = true; more; until += LOOK_AGAIN) {
    more = until < end;
    const uint64_t target = more ? until : end;
    l->count = 0;
    for (size_t j = 0; j < count; j++) {
      if (is_ready(runs[j]))
        l->run[l->count++] = runs[j];
      else
        run_alone(runs[j], target);
    }
    if (l->count > 0) run_together(l, target);
  }
}

/* Beyond this many features a run alone already keeps the divider busy, and its state nearer (docs/performance.md). */
enum { MOST_FEATURES = 100 };

bool bs_lanes_share(size_t samples, size_t features, const biascope_options *a, const biascope_options *b) {
  const bs_optimizer_rule *rule = bs_optimizer_rule_of(a->optimizer);
  return features <= MOST_FEATURES && a->optimizer == b->optimizer && a->loss == b->loss && bs_gradient_is_plain(a) &&
         bs_gradient_is_plain(b) && rule->fast & BS_FAST_LANES && bs_step_of(a) == bs_step_of(b) &&
         bs_batch_size(a, samples) == bs_batch_size(b, samples) &&
         (a->order == BIASCOPE_REPLACEMENT) == (b->order == BIASCOPE_REPLACEMENT);
}

static bool may_join(const biascope_trainer *first, const biascope_trainer *run) {
  const biascope_dataset *data = first->data;
  return data->dense && first->moments->outputs == 1 && run->data == data && run->step == first->step &&
         bs_lanes_share(data->samples, data->features, &first->options, &run->options);
}

static biascope_status run_neighbours(biascope_trainer *const *runs, size_t count, uint64_t end,
                                      biascope_error *error) {
  lanes l;
  biascope_status status = lanes_create(&l, runs[0], error);
  if (status == BIASCOPE_OK) run_group(&l, runs, count, end);
  lanes_free(&l);
  return status;
}

biascope_status biascope_trainers_run(biascope_trainer *const *trainers, size_t count, uint64_t steps,
                                      biascope_error *error) {
  biascope_status status = BIASCOPE_OK;
  for (size_t first = 0, group; first < count && status == BIASCOPE_OK && steps > 0; first += group) {
    biascope_trainer *const *runs = trainers + first;
    for (group = 1; group < BS_LANES && first + group < count && may_join(runs[0], runs[group]);) group++;
    if (group == 1)
      run_alone(runs[0], runs[0]->step + steps);
    else
      status = run_neighbours(runs, group, runs[0]->step + steps, error);
  }
  return status;
}
