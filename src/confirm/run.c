#include "confirm/run.h"

#include "base/memory.h"
#include "base/vector.h"
#include "data/dataset.h"
#include "limit/step_sum.h"
#include "rule/optimizer.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double DECAY = 0.25;       /* of a run's own steps: the first are not much larger than the last */
static const double LONGEST_STEP = 0.5; /* of any margin, in the first step */
static const double PILOT_STEP = 0.1;
static const double FADES = 40.0; /* units of 1 / weight_decay, in which earlier weights shrink by e^-40 */
/* Of the weights, is what they may still gain over the last half: that of weights which grow evenly is 1 - 2^-.75. */
static const double RESTS = 0.02;
/* Weights reach margins over the length of the rows, and leave room for margins beyond those looked for. */
static const double SHORTEST_ROW = 1e-295, LONGEST_ROW = 1e295;
static const double LARGEST_MARGIN = 0x1p46; /* known to a hundredth */
static const double WORSE = 0.02;            /* of the loss, relative, from one mark to the next */
enum { PILOT_SHARE = 16, LEAST_PILOT = 1024, PARTS = 8 };

bool bs_run_keeps_steps(const biascope_options *training) {
  return training->lr_decay == 0.0 || bs_optimizer_rule_of(training->optimizer)->second == BS_SECOND_SUM;
}

/* The largest change of a margin by an update of unit length: of several classes a row is x and -x. */
static double longest_row(const biascope_dataset *data, const biascope_options *training) {
  const bool euclidean = bs_direction_couples(bs_optimizer_rule_of(training->optimizer)->direction);
  return bs_longest_row(data, euclidean) * (bs_outputs(data) == 1 ? 1.0 : euclidean ? sqrt(2.0) : 2.0);
}

static double least_margin(const biascope_dataset *data, const double *w) {
  double least = INFINITY;
  for (size_t i = 0; i < data->samples; i++) least = fmin(least, bs_margin_of_sample(data, i, w));
  return least;
}

static double sum_between(const biascope_options *options, double first, double last) {
  return bs_step_sum(options->lr, options->lr_decay, last) - bs_step_sum(options->lr, options->lr_decay, first);
}

/* How much the slower average forgets in a step, in units of the logarithm of a gradient. Variance reduction forgets a
 * full gradient after an epoch. */
static double forgotten_per_step(const biascope_options *options, size_t samples) {
  const double epoch = options->variance_reduction ? 1.0 / (double)bs_batches_per_epoch(options, samples) : 1.0;
  return fmin(epoch, fmin(1.0 - bs_effective_beta1(options), 0.5 * (1.0 - bs_effective_beta2(options))));
}

double bs_run_steps_to(const biascope_options *training, size_t samples, double goal, double fading) {
  return goal * (1.0 - DECAY) / (fading * forgotten_per_step(training, samples));
}

double bs_run_largest_lr(const biascope_dataset *data, const biascope_options *training) {
  return LONGEST_STEP / longest_row(data, training);
}

static biascope_status require_scale(double longest, biascope_error *error) {
  if (longest >= SHORTEST_ROW && longest <= LONGEST_ROW) return BIASCOPE_OK;
  return bs_fail(error, BIASCOPE_BAD_INPUT,
                 "the longest row of the data has length %.3g, and the run that confirms a limit follows %g to %g; "
                 "expected data on another scale",
                 longest, SHORTEST_ROW, LONGEST_ROW);
}

/* The lr for which margins grow to `goal` in the steps, estimated from the growth over a short run. */
static biascope_status choose_lr(const biascope_dataset *data, biascope_options *options, double longest,
                                 uint64_t steps, double goal, double fading, biascope_error *error) {
  const double most = LONGEST_STEP / longest;
  const uint64_t pilot = steps / PILOT_SHARE > LEAST_PILOT ? steps / PILOT_SHARE : LEAST_PILOT;
  options->lr = PILOT_STEP / longest;
  biascope_trainer *trainer;
  biascope_status status = biascope_trainer_create(data, options, &trainer, error);
  if (status != BIASCOPE_OK) return status;
  const uint64_t half = pilot / 2;
  status = biascope_trainer_run(trainer, half, error);
  const double before = least_margin(data, biascope_trainer_weights(trainer));
  if (status == BIASCOPE_OK) status = biascope_trainer_run(trainer, pilot - half, error);
  const double gained = least_margin(data, biascope_trainer_weights(trainer)) - before;
  biascope_trainer_free(trainer);
  const double rate = gained / sum_between(options, (double)half, (double)pilot);
  options->lr = most;
  const double reached = rate * bs_step_sum(most, options->lr_decay, (double)steps);
  const double kept_up =
      fmin(goal, fading * forgotten_per_step(options, data->samples) * (double)steps / (1.0 - options->lr_decay));
  if (reached > kept_up) options->lr = most * kept_up / reached;
  return status == BIASCOPE_NOT_CONVERGED ? BIASCOPE_OK : status;
}

/* The steps of a run: see bs_run_make. Gradient descent is followed in the time of the normalised gradient, which does
 * not change the path of small steps. */
static biascope_status choose_steps(const biascope_dataset *data, const biascope_options *training, uint64_t steps,
                                    double goal, double fading, biascope_options *out, biascope_error *error) {
  *out = *training;
  out->given = 0;
  if (training->optimizer == BIASCOPE_GD) {
    out->optimizer = BIASCOPE_NGD;
    out->batch_size = 0;
    out->variance_reduction = false;
    out->beta1 = 0.0;
    out->lr_decay = 0.5;
  }
  const double longest = longest_row(data, out);
  const biascope_status status = require_scale(longest, error);
  if (status != BIASCOPE_OK || goal == 0.0 || bs_run_keeps_steps(out)) return status;
  out->lr_decay = DECAY;
  out->eps = 0.0;
  if (training->weight_decay == 0.0) return choose_lr(data, out, longest, steps, goal, fading, error);
  out->lr = fmin(LONGEST_STEP / longest, FADES / training->weight_decay / bs_step_sum(1.0, DECAY, (double)steps));
  return BIASCOPE_OK;
}

void bs_run_free(bs_run *run) {
  for (int mark = 0; mark < BS_RUN_MARKS; mark++) free(run->weights[mark]);
  free(run->increment);
  biascope_trainer_free(run->trainer);
  *run = (bs_run){0};
}

static biascope_status allocate(size_t d, bs_run *run, biascope_error *error) {
  bool allocated = (run->increment = BS_NEW(double, d)) != NULL;
  for (int mark = 0; mark < BS_RUN_MARKS; mark++) allocated &= (run->weights[mark] = BS_NEW(double, d)) != NULL;
  return allocated ? BIASCOPE_OK : bs_fail_memory(error, "the confirming run");
}

/* Evaluates the weights at the marks. */
static void measure(const biascope_dataset *data, const biascope_options *options, const double *log_loss,
                    bs_run *run) {
  const size_t d = bs_outputs(data) * data->features;
  double *earlier = run->weights[BS_RUN_QUARTER], margins[BS_RUN_MARKS];
  run->worsens = true;
  for (int mark = 0; mark < BS_RUN_MARKS; mark++) {
    margins[mark] = least_margin(data, run->weights[mark]);
    run->worsens &= margins[mark] < 0.0 &&
                    (mark == 0 || (margins[mark] < margins[mark - 1] && log_loss[mark] > log_loss[mark - 1] + WORSE));
  }
  const double *half = run->weights[BS_RUN_HALF], *all = run->weights[BS_RUN_ALL];
  for (size_t k = 0; k < d; k++) {
    run->increment[k] = all[k] - half[k];
    earlier[k] = half[k] - earlier[k];
  }
  run->settle = 1.0 - bs_cosine(d, run->increment, earlier);
  const uint64_t half_steps = run->steps / 2;
  run->time = sum_between(options, (double)half_steps, (double)run->steps);
  run->margin = margins[BS_RUN_ALL];
  run->growth = (run->margin - margins[BS_RUN_HALF]) / run->time;
  run->fading =
      run->margin * (1.0 - options->lr_decay) / (double)run->steps / forgotten_per_step(options, data->samples);
  /* Weights also stand still while averages of the first gradients fade towards later ones, e^margin smaller. */
  run->rests = bs_max_abs(d, run->increment) <= RESTS * bs_max_abs(d, all) && run->fading < 1.0;
}

/* To the end, in equal parts. Their differences tell what chance there is in a random order: twice a part's variance.
 */
static biascope_status finish(biascope_trainer *trainer, size_t d, bs_run *run, biascope_error *error) {
  const double *w = biascope_trainer_weights(trainer);
  double *at = BS_NEW(double, d), *gain = BS_NEW(double, d), sum = 0.0, length = 0.0;
  biascope_status status = at && gain ? BIASCOPE_OK : bs_fail_memory(error, "the confirming run");
  if (status == BIASCOPE_OK) memcpy(at, w, d * sizeof *at);
  for (uint64_t part = 1; part <= PARTS && status == BIASCOPE_OK; part++) {
    const uint64_t until = run->steps / 2 + (run->steps - run->steps / 2) * part / PARTS;
    status = biascope_trainer_run(trainer, until - biascope_trainer_step(trainer), error);
    w = biascope_trainer_weights(trainer);
    for (size_t k = 0; k < d; k++) {
      const double now = w[k] - at[k];
      if (part > 1) sum += (now - gain[k]) * (now - gain[k]);
      gain[k] = now;
      at[k] = w[k];
    }
  }
  for (size_t k = 0; k < d && status == BIASCOPE_OK; k++)
    length += (w[k] - run->weights[BS_RUN_HALF][k]) * (w[k] - run->weights[BS_RUN_HALF][k]);
  if (length > 0.0) run->chance = 0.5 * PARTS * sum / (2.0 * (PARTS - 1)) / length;
  free(at);
  free(gain);
  return status;
}

static biascope_status follow(const biascope_dataset *data, const biascope_options *options, bs_run *run,
                              biascope_error *error) {
  biascope_status status = biascope_trainer_create(data, options, &run->trainer, error);
  if (status != BIASCOPE_OK) return status;
  biascope_trainer *const trainer = run->trainer;
  double log_loss[BS_RUN_MARKS];
  for (int mark = 0; mark < BS_RUN_MARKS && status == BIASCOPE_OK; mark++) {
    const uint64_t until = run->steps >> (BS_RUN_ALL - mark);
    if (mark < BS_RUN_ALL || !bs_seed_matters(options))
      status = biascope_trainer_run(trainer, until - biascope_trainer_step(trainer), error);
    else
      status = finish(trainer, bs_outputs(data) * data->features, run, error);
    memcpy(run->weights[mark], biascope_trainer_weights(trainer), bs_outputs(data) * data->features * sizeof(double));
    log_loss[mark] = biascope_trainer_log_loss(trainer);
  }
  /* What leaves the range by a bounded update does so by its step size. */
  run->escaped = status == BIASCOPE_NOT_CONVERGED && !bs_has_bounded_update(options);
  if (status == BIASCOPE_OK) measure(data, options, log_loss, run);
  return run->escaped ? BIASCOPE_OK : status;
}

/* What large margins differ by, which decides the gradient, is lost in their rounding. */
static biascope_status require_precision(const biascope_dataset *data, const biascope_options *options,
                                         const bs_run *run, biascope_error *error) {
  const double *w = run->weights[BS_RUN_ALL];
  const double most = bs_max_abs(bs_outputs(data) * data->features, w) * longest_row(data, options);
  if (run->escaped || most < LARGEST_MARGIN) return BIASCOPE_OK;
  return bs_fail(error, BIASCOPE_NOT_CONVERGED,
                 "the run has come to margins of %.1g, whose rounding decides its steps; expected a smaller step size",
                 most);
}

static biascope_status make(const biascope_dataset *data, const biascope_options *options, uint64_t steps, bs_run *out,
                            biascope_error *error) {
  *out = (bs_run){.steps = steps, .lr = options->lr, .lr_decay = options->lr_decay};
  biascope_status status = allocate(bs_outputs(data) * data->features, out, error);
  if (status == BIASCOPE_OK) status = follow(data, options, out, error);
  if (status == BIASCOPE_OK) status = require_precision(data, options, out, error);
  if (status != BIASCOPE_OK) bs_run_free(out);
  return status;
}

biascope_status bs_run_make(const biascope_dataset *data, const biascope_options *training, uint64_t steps, double goal,
                            double fading, bs_run *out, biascope_error *error) {
  biascope_options options;
  *out = (bs_run){0};
  const biascope_status status = choose_steps(data, training, steps, goal, fading, &options, error);
  return status == BIASCOPE_OK ? make(data, &options, steps, out, error) : status;
}

biascope_status bs_run_make_with(const biascope_dataset *data, const biascope_options *training, uint64_t steps,
                                 double lr, double lr_decay, bs_run *out, biascope_error *error) {
  biascope_options options = *training;
  options.given = 0;
  options.eps = 0.0;
  options.lr = lr;
  options.lr_decay = lr_decay;
  return make(data, &options, steps, out, error);
}

biascope_status bs_run_watch_signs(const biascope_dataset *data, const biascope_options *training, bs_run *run,
                                   uint64_t epochs, double *updates, biascope_error *error) {
  const uint64_t steps = bs_batches_per_epoch(training, data->samples);
  const size_t d = bs_outputs(data) * data->features;
  double *before = BS_NEW(double, d);
  if (!before) return bs_fail_memory(error, "the updates of a run");
  memset(updates, 0, (size_t)steps * d * sizeof *updates);
  const uint64_t into = biascope_trainer_step(run->trainer) % steps;
  biascope_status status = biascope_trainer_run(run->trainer, into > 0 ? steps - into : 0, error);
  memcpy(before, biascope_trainer_weights(run->trainer), d * sizeof *before);
  for (uint64_t t = 0; t < epochs * steps && status == BIASCOPE_OK; t++) {
    double *update = updates + (size_t)(t % steps) * d;
    status = biascope_trainer_run(run->trainer, 1, error);
    const double *w = biascope_trainer_weights(run->trainer); /* of several classes a copy, made here */
    for (size_t k = 0; k < d; k++) update[k] += (w[k] > before[k]) - (w[k] < before[k]);
    memcpy(before, w, d * sizeof *before);
  }
  bs_scale((size_t)steps * d, 1.0 / (double)epochs, updates);
  free(before);
  return status;
}
