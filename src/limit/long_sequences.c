#include "limit/long_sequences.h"

#include "base/memory.h"
#include "base/vector.h"
#include "limit/exact_map.h"
#include "limit/search.h"
#include "limit/settle.h"
#include "margin/rows.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Steps of the sequence whose equilibrium is found along the path of training; and of those whose equilibria are solved
 * for from the one before, all in all, from FIRST times GROWTH until the standard error is small enough. */
static const size_t GROWTH = 4;
enum { FIRST = 1 << 14, LEAST = 1 << 18, MOST = 1 << 22, MOST_CELLS = 1 << 26 };
enum { REPLICATES = 6, SETTLING_STEPS = 200 };
static const double WANTED_ERROR = 0.015, EFFORT = 2e10, FIRST_EFFORT = 4e9;
static const double SMOOTHING = 0.02; /* of signs, so that derivatives are smooth; the standard error counts its bias */
static const double ROUGH_GAP = 1e-6;

typedef struct {
  const bs_question *question;
  bs_epoch_rule rule;
  double *log_weights; /* N: of the equilibrium so far */
  double *direction;   /* d: its D, of Euclidean norm 1; 0: there is none yet */
  double *mean;        /* d: the mean update */
  double effort, most_effort;
} work;

bool bs_long_sequences_apply(const bs_question *question, const bs_epoch_rule *rule) {
  return rule->direction == BS_SIGN && rule->beta1 > 0.0 && question->options.sample_length == 0 &&
         bs_margin_weights(question->data) <= MOST_CELLS / LEAST;
}

/* Of a short sequence along the path of training, roughly; or the question's start. */
static biascope_status start(work *w, biascope_error *error) {
  const bs_question *question = w->question;
  if (question->start) {
    memcpy(w->log_weights, question->start->log_weights, bs_margin_rows(question->data) * sizeof *w->log_weights);
    return BIASCOPE_OK;
  }
  const size_t steps = bs_steps_of_two_epochs(&question->training, question->data->samples, FIRST);
  bs_schedule schedule;
  bs_epoch_map *map = NULL;
  bs_game game = {0};
  bs_equilibrium found;
  const bs_search search = {
      .loss = bs_loss_of(question->training.loss), .tolerance = ROUGH_GAP, .smoothing = SMOOTHING};
  biascope_status status =
      bs_schedule_create(&question->training, question->data, steps, BS_REPLICATES, &schedule, error);
  if (status == BIASCOPE_OK) status = bs_epoch_map_create(question->data, &schedule, 1, w->rule.direction, &map, error);
  if (status == BIASCOPE_OK) status = bs_game_create(map, &w->rule, &game, error);
  game.most_effort = fmin(FIRST_EFFORT, w->most_effort);
  if (status == BIASCOPE_OK) status = bs_search_by_rule(&game, &search, w->log_weights, &found, error);
  w->effort += game.effort;
  bs_game_free(&game);
  bs_epoch_map_free(map);
  bs_schedule_free(&schedule);
  return status;
}

/* The standard error: of the growth rates, to which the equilibrium responds while its support stays; or from the angle
 * to the equilibrium of the shorter sequences, whatever the support: as the beginnings of these they differ by
 * sqrt(GROWTH - 1) times it, and draws with replacement, which are others, by more. */
static biascope_status find_error(work *w, bs_game *game, bs_exact_map *exact, double *out, biascope_error *error) {
  const size_t d = game->features;
  exact->rule.smoothing = BS_SAMPLED_SMOOTHING;
  bs_exact_map_evaluate(exact, game, w->log_weights, w->mean);
  const biascope_status status = bs_sampling_error(game, exact->parts, w->log_weights, out, error);
  const double length = bs_norm2(d, game->direction);
  double apart = 0.0;
  for (size_t k = 0; k < d; k++) {
    const double now = game->direction[k] / length;
    apart += (now - w->direction[k]) * (now - w->direction[k]);
    w->direction[k] = now;
  }
  *out = fmax(*out, sqrt(apart / (double)(GROWTH - 1)));
  return status;
}

/* Over sequences of so many steps in all, from the equilibrium so far. The answer where `out` is not NULL; of the first
 * ones that answer, the best point where there is none. */
static biascope_status solve(work *w, size_t total, biascope_prediction *out, biascope_error *error) {
  const bs_question *question = w->question;
  const size_t replicates = bs_replicates_of_total(total, w->rule.beta1, w->rule.beta2, REPLICATES);
  const bs_settling how = {
      .tolerance = question->options.tolerance, .error = 0.2, .first = 10.0, .most_steps = SETTLING_STEPS};
  bs_exact_map exact;
  bs_game game;
  bs_equilibrium found = {.gap = INFINITY};
  double standard_error = 0.0;
  biascope_status status = bs_exact_map_create(question, &w->rule, NULL, total, replicates, &exact, error);
  if (status != BIASCOPE_OK) return status;
  status = bs_game_create(exact.workers->map, &w->rule, &game, error);
  if (status == BIASCOPE_OK) {
    game.most_effort = fmin(out ? INFINITY : FIRST_EFFORT, w->most_effort - w->effort);
    status = bs_settle(&game, &how, w->log_weights, &found, error);
    w->effort += game.effort;
    const bool best = status == BIASCOPE_NOT_CONVERGED && total == LEAST && isfinite(found.gap);
    if (out && (status == BIASCOPE_OK || best)) bs_export_equilibrium(&game, w->log_weights, &found, out);
    if (status == BIASCOPE_OK)
      status = find_error(w, &game, &exact, out ? &out->standard_error : &standard_error, error);
    bs_game_free(&game);
  }
  bs_exact_map_free(&exact);
  return status == BIASCOPE_NOT_CONVERGED ? bs_fail_random_order(question->options.tolerance, found.gap, error)
                                          : status;
}

/* Over longer and longer sequences, to the first that answer, and on as far as the effort allows. */
static biascope_status lengthen(work *w, biascope_prediction *out, biascope_error *error) {
  double spent = 0.0;
  for (size_t total = GROWTH * FIRST; total <= MOST; total *= GROWTH) {
    const double before = w->effort;
    if (total > LEAST && w->effort + (double)GROWTH * spent > w->most_effort) break;
    const biascope_status status = solve(w, total, total < LEAST ? NULL : out, error);
    if (status == BIASCOPE_NOT_CONVERGED && total > LEAST) return BIASCOPE_OK;
    if (status != BIASCOPE_OK || (total >= LEAST && out->standard_error <= WANTED_ERROR)) return status;
    spent = w->effort - before;
  }
  return BIASCOPE_OK;
}

biascope_status bs_predict_by_long_sequences(const bs_question *question, const bs_epoch_rule *rule,
                                             biascope_prediction *out, biascope_error *error) {
  const double allowed = question->options.effort;
  work w = {.question = question, .rule = *rule, .most_effort = allowed > 0.0 ? fmin(allowed, EFFORT) : EFFORT};
  w.rule.smoothing = SMOOTHING;
  w.log_weights = BS_NEW(double, bs_margin_rows(question->data));
  w.direction = BS_NEW(double, bs_margin_weights(question->data));
  w.mean = BS_NEW(double, bs_margin_weights(question->data));
  biascope_status status =
      w.log_weights && w.direction && w.mean ? BIASCOPE_OK : bs_fail_memory(error, "the equilibrium");
  if (status == BIASCOPE_OK) status = start(&w, error);
  if (status == BIASCOPE_OK) status = lengthen(&w, out, error);
  free(w.log_weights);
  free(w.direction);
  free(w.mean);
  return status;
}
