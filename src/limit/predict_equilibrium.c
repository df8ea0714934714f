#include "limit/predict.h"

#include "base/memory.h"
#include "base/vector.h"
#include "limit/constant_step.h"
#include "limit/expected.h"
#include "limit/others.h"
#include "limit/sampling.h"
#include "limit/search.h"
#include "limit/settle.h"
#include "margin/rows.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Steps of the random sequence where the caller does not choose: the first, then as many as bring the standard error to
 * WANTED_ERROR, within an effort of MOST_CELLS steps times features. */
enum { FIRST_SAMPLE = 1 << 13, MOST_CELLS = 25000000, NEARBY_STEPS = 100 };
static const double WANTED_ERROR = 1e-3;
static const double NOWHERE = -1000.0; /* log-weight of a sample off the support */
static const double SLOWEST = 1e-9;    /* relative, of the growth: it counts as the least */
/* A search takes no less than this many multiplications for a sample's feature. */
static const double EFFORT_A_CELL = 2.5e4;

void bs_export_equilibrium(const bs_game *game, const double *log_weights, const bs_equilibrium *found,
                           biascope_prediction *out) {
  memcpy(out->direction, game->direction, game->features * sizeof *out->direction);
  const double norm = bs_norm2(game->features, out->direction);
  if (norm > 0.0) bs_scale(game->features, 1.0 / norm, out->direction);
  const double slow = found->value + fmax(SLOWEST, 10.0 * found->gap) * fabs(found->value);
  double largest = -INFINITY, sum = 0.0;
  out->support = 0;
  for (size_t i = 0; i < game->samples; i++) {
    if (game->growth[i] <= slow) largest = fmax(largest, log_weights[i]);
  }
  for (size_t i = 0; i < game->samples; i++) {
    const bool weighs = game->growth[i] <= slow && log_weights[i] > largest - BS_FADED;
    sum += out->dual[i] = weighs ? exp(log_weights[i] - largest) : 0.0;
    out->support += weighs;
  }
  if (sum > 0.0) bs_scale(game->samples, 1.0 / sum, out->dual);
  out->gap = found->gap;
  out->rate = found->value;
}

typedef struct {
  const bs_question *question;
  bs_game *game;
  bs_search search;
  double *log_weights;
  bool warm; /* log_weights hold the equilibrium of a rule nearby */
  bool only; /* and no other is to be searched for */
  bs_equilibrium found;
} finder;

/* Without memory and row by row, a row's weight cancels in its update: D is the same whatever the weights. */
static bool map_is_constant(const bs_question *question, const bs_epoch_rule *rule) {
  return bs_epoch_memoryless(rule) && bs_batch_size(&question->training, question->data->samples) == 1 &&
         bs_rows_of_each(question->data) == 1;
}

static void find_constant(bs_game *game, double *log_weights, bs_equilibrium *found) {
  for (size_t i = 0; i < game->samples; i++) log_weights[i] = 0.0;
  bs_game_evaluate(game, log_weights, false);
  bs_parts_rank(&game->parts, log_weights);
  *found = bs_equilibrium_measure(game, log_weights);
}

/* From the equilibrium of a rule nearby. */
static biascope_status settle_nearby(finder *f, biascope_error *error) {
  const bs_settling how = {.tolerance = f->search.tolerance, .error = 0.2, .first = 10.0, .most_steps = NEARBY_STEPS};
  return bs_settle(f->game, &how, f->log_weights, &f->found, error);
}

static biascope_status find(void *context, const bs_epoch_rule *rule, double *value, biascope_error *error) {
  finder *f = context;
  biascope_status status = BIASCOPE_NOT_CONVERGED;
  f->game->rule = *rule;
  if (map_is_constant(f->question, rule)) {
    find_constant(f->game, f->log_weights, &f->found);
    status = BIASCOPE_OK;
  } else if (rule->direction == BS_SIGN && !f->only) {
    status = bs_search_by_rule(f->game, &f->search, f->log_weights, &f->found, error);
  } else {
    if (rule->direction == BS_SIGN) f->game->rule.smoothing = BS_SAMPLED_SMOOTHING;
    if (f->warm) status = settle_nearby(f, error);
    if (status == BIASCOPE_NOT_CONVERGED && !f->only)
      status = bs_search_by_rule(f->game, &f->search, f->log_weights, &f->found, error);
    f->warm = status == BIASCOPE_OK;
  }
  *value = f->found.value;
  return status;
}

/* A constant step is no reason to leave the sliding updates of signs. */
static bs_search search_of(const bs_question *question, const bs_game *game) {
  const biascope_options *training = &question->training;
  const double steps = (double)bs_epoch_map_schedule(game->map, 0)->steps;
  const bool sign = game->rule.direction == BS_SIGN;
  return (bs_search){.loss = bs_loss_of(training->loss),
                     .start = question->start ? question->start->log_weights : NULL,
                     .updates = question->start ? question->start->updates : NULL,
                     .tolerance = question->options.tolerance,
                     .smoothing = bs_epoch_map_schedules(game->map) > 1 ? BS_SAMPLED_SMOOTHING : 0.0,
                     .epoch_step = training->lr_decay == 0.0 && !sign ? training->lr * steps : 0.0};
}

/* From the scatter of the map's schedules. */
static biascope_status find_error(bs_game *game, const double *log_weights, double *out, biascope_error *error) {
  const size_t d = game->features, count = bs_epoch_map_schedules(game->map);
  double *directions = BS_NEW(double, count *d);
  if (!directions) return bs_fail_memory(error, "the standard error");
  for (size_t s = 0; s < count; s++)
    bs_epoch_map_evaluate_one(game->map, s, &game->rule, log_weights, directions + s * d);
  const biascope_status status = bs_sampling_error(game, (bs_replicates){count, directions}, log_weights, out, error);
  free(directions);
  return status;
}

static biascope_status solve_game(const bs_question *question, bs_game *game, bool refine, biascope_prediction *out,
                                  biascope_error *error) {
  finder f = {.question = question,
              .game = game,
              .only = refine,
              .log_weights = BS_NEW(double, game->samples),
              .search = search_of(question, game)};
  if (!f.log_weights) return bs_fail_memory(error, "the equilibrium");
  bs_epoch_rule rule = game->rule;
  f.warm = refine;
  for (size_t i = 0; i < game->samples && refine; i++) f.log_weights[i] = fmax(log(out->dual[i]), NOWHERE);
  biascope_status status = question->training.lr_decay == 0.0
                               ? bs_constant_step_solve(&rule, question->training.lr, find, &f, &f.found.value, error)
                               : find(&f, &rule, &f.found.value, error);
  if (status == BIASCOPE_OK || (status == BIASCOPE_NOT_CONVERGED && !refine && isfinite(f.found.gap)))
    bs_export_equilibrium(game, f.log_weights, &f.found, out);
  if (status == BIASCOPE_OK && bs_epoch_map_schedules(game->map) > 1 && !map_is_constant(question, &rule))
    status = find_error(game, f.log_weights, &out->standard_error, error);
  else if (status == BIASCOPE_OK && !map_is_constant(question, &rule))
    status = bs_find_others(question, game, &f.search, out, error);
  free(f.log_weights);
  return status;
}

static biascope_status solve_schedules(const bs_question *question, const bs_epoch_rule *rule,
                                       const bs_schedule *schedules, size_t count, bool refine,
                                       biascope_prediction *out, biascope_error *error) {
  bs_epoch_map *map;
  biascope_status status = bs_epoch_map_create(question->data, schedules, count, rule->direction, &map, error);
  if (status != BIASCOPE_OK) return status;
  bs_game game;
  status = bs_game_create(map, rule, &game, error);
  if (status == BIASCOPE_OK) {
    /* what was found within it is refined as ever: the same prediction, or none */
    if (question->options.effort > 0.0 && !refine) game.most_effort = fmin(game.most_effort, question->options.effort);
    status = solve_game(question, &game, refine, out, error);
    bs_game_free(&game);
  }
  bs_epoch_map_free(map);
  return status;
}

/* One epoch of the cyclic order, or replicates of a random sequence of `total` steps. refine: from the dual in `out`,
 * which stays where that leads nowhere. */
static biascope_status solve_order(const bs_question *question, const bs_epoch_rule *rule, size_t total, bool refine,
                                   biascope_prediction *out, biascope_error *error) {
  const biascope_options *training = &question->training;
  const size_t steps = bs_replicate_steps(total, rule->beta1, rule->beta2);
  const size_t wanted = training->order == BIASCOPE_CYCLIC ? 1 : BS_REPLICATES;
  bs_schedule schedules[BS_REPLICATES];
  size_t count = 0;
  biascope_status status = BIASCOPE_OK;
  while (count < wanted && status == BIASCOPE_OK) {
    status = bs_schedule_create(training, question->data, steps, count, &schedules[count], error);
    if (status == BIASCOPE_OK) count++;
  }
  if (status == BIASCOPE_OK) status = solve_schedules(question, rule, schedules, count, refine, out, error);
  while (count > 0) bs_schedule_free(&schedules[--count]);
  return status;
}

static biascope_status solve_to_precision(const bs_question *question, const bs_epoch_rule *rule,
                                          biascope_prediction *out, biascope_error *error) {
  const size_t chosen = question->options.sample_length;
  const double most = (double)MOST_CELLS / (double)bs_margin_weights(question->data);
  const biascope_status status = solve_order(question, rule, chosen ? chosen : FIRST_SAMPLE, false, out, error);
  if (status != BIASCOPE_OK || chosen || !(out->standard_error > WANTED_ERROR) || most < 2.0 * FIRST_SAMPLE)
    return status;
  const double ratio = out->standard_error / WANTED_ERROR;
  const size_t wanted = (size_t)fmin(most, 1.1 * FIRST_SAMPLE * ratio * ratio);
  const biascope_status refined = solve_order(question, rule, wanted, true, out, error);
  return refined == BIASCOPE_NOT_CONVERGED ? status : refined;
}

static biascope_status require_size(const bs_question *question, biascope_error *error) {
  const double effort = question->options.effort;
  const double cells = (double)bs_margin_rows(question->data) * (double)bs_margin_weights(question->data);
  if (effort == 0.0 || EFFORT_A_CELL * cells <= effort) return BIASCOPE_OK;
  return bs_fail(error, BIASCOPE_USAGE,
                 "the limit is an equilibrium of %zu samples of %zu features, which may take long to find; "
                 "`biascope predict` takes the time",
                 question->data->samples, question->data->features);
}

static biascope_status require_mean(const bs_question *question, biascope_error *error) {
  size_t feature;
  const biascope_status status = bs_find_feature_without_mean(question->data, &question->training, &feature, error);
  if (status != BIASCOPE_OK || feature == SIZE_MAX) return status;
  return bs_fail(
      error, BIASCOPE_NOT_CONVERGED,
      "the update of feature %zu has no mean, so that no direction is a limit: between the samples that touch "
      "it m / sqrt(v) grows by beta1 / sqrt(beta2) a step, faster than so long a wait becomes unlikely",
      feature + 1);
}

biascope_status bs_predict_equilibrium(const bs_question *question, const bs_epoch_rule *rule, const char *method,
                                       biascope_prediction *out, biascope_error *error) {
  biascope_status status = require_size(question, error);
  /* Where samples are no more than features, an equilibrium with a positive value is itself the proof. */
  const bool many = bs_margin_rows(question->data) > bs_margin_weights(question->data);
  if (status == BIASCOPE_OK && many) status = bs_require_separable(question->data, error);
  if (status == BIASCOPE_OK) status = require_mean(question, error);
  if (status != BIASCOPE_OK) return status;
  out->method = method;
  const bool random = question->training.order != BIASCOPE_CYCLIC && question->training.lr_decay > 0.0;
  if (random && !map_is_constant(question, rule))
    status = bs_predict_random_order(question, rule, out, error);
  else
    status = solve_to_precision(question, rule, out, error);
  if ((status != BIASCOPE_OK && status != BIASCOPE_NOT_CONVERGED) || out->rate > 0.0) return status;
  const biascope_status separable = bs_require_separable(question->data, error);
  if (separable != BIASCOPE_OK || status != BIASCOPE_OK) return separable != BIASCOPE_OK ? separable : status;
  return bs_fail(error, BIASCOPE_NOT_CONVERGED,
                 "training does not separate the data: margins would all have to grow at the same rate, which is %.3g "
                 "per unit of sum eta",
                 ldexp(out->rate, question->exponent));
}
