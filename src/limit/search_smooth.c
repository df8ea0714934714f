/* The sign rule jumps, and so does m / sqrt(v) in columns that one batch decides: smooth it, follow the equilibrium as
 * the smoothing fades, and solve for the sliding updates once they can be told from the signs. */
#include "limit/search.h"

#include "base/memory.h"
#include "limit/levels.h"
#include "limit/response.h"
#include "limit/settle.h"
#include "limit/sliding.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ATTEMPTS = 2 }; /* the third is the longest, and has not helped where the second did not */
enum { MOST_FAILURES = 8, FEW_STEPS = 12, STEPS_AFTER_LEAP = 60, STEPS_AFTER_STRIDE = 300, MOST_STEPS = 3000 };

static const double FIRST_SMOOTHING = 0.1;
static const double NEAR[] = {1e-3, 1e-2, 1e-4}; /* first smoothings near a given start */
static const double SHARP_ENOUGH = 3e-3;         /* to tell the sliding updates from the signs */
static const double LAST_SMOOTHING = 1e-9;
static const double FIRST_FACTOR = 0.5, LEAST_FACTOR = 0.05, LARGEST_FACTOR = 0.9, LEAP = 0.8;
static const double FOLLOWED = 1e-6;   /* the gap at which the equilibrium has been followed */
static const double DIFFERENCE = 1e-5; /* relative, of the smoothing, for the derivative by it */
static const double REGULAR = 1e-6;    /* shift of the linear system, of the growth */

typedef struct {
  bs_game *game;
  const bs_search *search;
  double *log_weights, *trial;
  bs_equilibrium *out;
  bs_response response;
  bs_levels levels;
  double *slope; /* d: of D by the log of the smoothing */
  double *right; /* N: the same of the log-weights */
  double *change;
} continuation;

/* D at another smoothing, times `scale`, added to `slope`. */
static void add_direction(continuation *k, double smoothing, double scale) {
  bs_game *game = k->game;
  const double own = game->rule.smoothing;
  game->rule.smoothing = smoothing;
  bs_game_evaluate(game, k->log_weights, false);
  for (size_t c = 0; c < game->features; c++) k->slope[c] += scale * game->direction[c];
  game->rule.smoothing = own;
}

/* `right`, by member: how the log-weights of the equilibrium change with the log of the smoothing, sum c fixed on every
 * level. Zero where that cannot be told. */
static biascope_status find_tangent(continuation *k, biascope_error *error) {
  bs_game *game = k->game;
  const double smoothing = game->rule.smoothing;
  memset(k->slope, 0, game->features * sizeof *k->slope);
  add_direction(k, smoothing * (1.0 + DIFFERENCE), 0.5 / DIFFERENCE);
  add_direction(k, smoothing * (1.0 - DIFFERENCE), -0.5 / DIFFERENCE);
  bs_game_evaluate(game, k->log_weights, true);
  bs_parts_rank(&game->parts, k->log_weights);
  biascope_status status = bs_response_gather(&k->response, error);
  if (status != BIASCOPE_OK) return status;
  bs_game_margins(game, k->slope, game->growth);
  bs_levels_arrange(&k->levels, k->log_weights);
  for (size_t j = 0; j < k->response.n; j++) {
    const size_t i = k->response.member[j];
    k->right[j] = k->levels.value[k->levels.level[i]] - game->growth[i];
  }
  if (bs_response_factor(&k->response, REGULAR * fabs(k->out->value)))
    bs_response_solve(&k->response, k->right, k->change);
  else
    memset(k->right, 0, k->response.n * sizeof *k->right);
  /* the mean over each level, in `growth` */
  memset(game->growth, 0, game->samples * sizeof *game->growth);
  for (size_t j = 0; j < k->response.n; j++) game->growth[k->response.member[j]] = k->right[j];
  bs_levels_arrange(&k->levels, k->log_weights);
  for (size_t j = 0; j < k->response.n; j++) k->right[j] -= k->levels.value[k->levels.level[k->response.member[j]]];
  return BIASCOPE_OK;
}

/* c changes in proportion to the smoothing while the same updates slide. */
static void predict(continuation *k, double factor) {
  memcpy(k->trial, k->log_weights, k->game->samples * sizeof *k->trial);
  for (size_t j = 0; j < k->response.n; j++) {
    const double relative = (factor - 1.0) * k->right[j];
    if (isfinite(relative)) k->trial[k->response.member[j]] += log1p(fmin(3.0, fmax(-0.9, relative)));
  }
}

/* Fades the smoothing by `factor`, weaker while the equilibrium cannot be followed; `factor` becomes the next one. */
static biascope_status fade(continuation *k, double *factor, int *steps, biascope_error *error) {
  const double smoothing = k->game->rule.smoothing;
  biascope_status status = find_tangent(k, error);
  for (int failures = 0; status == BIASCOPE_OK; failures++) {
    k->game->rule.smoothing = fmax(fmax(LAST_SMOOTHING, k->search->smoothing), smoothing * *factor);
    predict(k, k->game->rule.smoothing / smoothing);
    const bs_settling how = {.tolerance = FOLLOWED,
                             .error = 0.2,
                             .first = 10.0,
                             .most_steps = *factor < LEAP ? STEPS_AFTER_LEAP : STEPS_AFTER_STRIDE,
                             .roughly = true};
    status = bs_settle(k->game, &how, k->trial, k->out, error);
    *steps += k->out->steps;
    if (status == BIASCOPE_NOT_CONVERGED && failures < MOST_FAILURES && *steps < MOST_STEPS &&
        !bs_game_exhausted(k->game)) {
      *factor = sqrt(*factor);
      status = BIASCOPE_OK;
      continue;
    }
    if (status == BIASCOPE_OK || status == BIASCOPE_NOT_CONVERGED)
      memcpy(k->log_weights, k->trial, k->game->samples * sizeof *k->trial);
    *factor =
        k->out->steps < FEW_STEPS ? fmax(LEAST_FACTOR, pow(*factor, 1.4)) : fmin(LARGEST_FACTOR, pow(*factor, 0.8));
    break;
  }
  return status;
}

static biascope_status solve_sliding(bs_game *game, double tolerance, double *log_weights, bs_equilibrium *out,
                                     biascope_error *error) {
  return game->rule.direction == BS_SIGN ? bs_sliding_solve(game, tolerance, log_weights, out, error)
                                         : bs_sliding_columns_solve(game, tolerance, log_weights, out, error);
}

static biascope_status follow(continuation *k, biascope_error *error) {
  bs_game *game = k->game;
  const bool smoothed = k->search->smoothing > 0.0;
  double factor = FIRST_FACTOR;
  int steps = 0;
  biascope_status status = BIASCOPE_NOT_CONVERGED;
  while (game->rule.smoothing > fmax(LAST_SMOOTHING, k->search->smoothing) && steps < MOST_STEPS &&
         !bs_game_exhausted(game)) {
    if (!smoothed && game->rule.smoothing <= SHARP_ENOUGH) {
      status = solve_sliding(game, k->search->tolerance, k->log_weights, k->out, error);
      if (status != BIASCOPE_NOT_CONVERGED) return status;
    }
    status = fade(k, &factor, &steps, error);
    if (status != BIASCOPE_OK && status != BIASCOPE_NOT_CONVERGED) return status;
  }
  return smoothed ? status : BIASCOPE_NOT_CONVERGED;
}

static biascope_status continue_to_signs(bs_game *game, const bs_search *search, double *log_weights,
                                         bs_equilibrium *out, biascope_error *error) {
  continuation k = {.game = game,
                    .search = search,
                    .log_weights = log_weights,
                    .out = out,
                    .trial = BS_NEW(double, game->samples),
                    .slope = BS_NEW(double, game->features),
                    .right = BS_NEW(double, game->samples),
                    .change = BS_NEW(double, game->features)};
  biascope_status status = bs_response_create(game, &k.response, error);
  if (status == BIASCOPE_OK) status = bs_levels_create(game, &k.levels, error);
  if (status == BIASCOPE_OK && (!k.trial || !k.slope || !k.right || !k.change))
    status = bs_fail_memory(error, "the equilibrium search");
  if (status == BIASCOPE_OK) status = follow(&k, error);
  bs_response_free(&k.response);
  bs_levels_free(&k.levels);
  free(k.trial);
  free(k.slope);
  free(k.right);
  free(k.change);
  return status;
}

/* Where a run shows which updates slide, these are solved for at once. */
static biascope_status solve_as_seen(bs_game *game, const bs_search *search, double *log_weights, bs_equilibrium *out,
                                     biascope_error *error) {
  memcpy(log_weights, search->start, game->samples * sizeof *log_weights);
  bs_game_evaluate(game, log_weights, false);
  return bs_sliding_solve_seen(game, search->updates, search->tolerance, log_weights, out, error);
}

/* Near the start itself: what a run leaves slides by about its step size, which the smoothing stands for. */
static biascope_status solve_near_start(bs_game *game, const bs_search *search, double *log_weights,
                                        bs_equilibrium *out, biascope_error *error) {
  biascope_status status = BIASCOPE_NOT_CONVERGED;
  for (size_t n = 0; n < sizeof NEAR / sizeof *NEAR && status == BIASCOPE_NOT_CONVERGED; n++) {
    memcpy(log_weights, search->start, game->samples * sizeof *log_weights);
    game->rule.smoothing = NEAR[n];
    bs_game_evaluate(game, log_weights, false);
    status = solve_sliding(game, search->tolerance, log_weights, out, error);
    if (status != BIASCOPE_NOT_CONVERGED) break;
    const bs_settling how = {
        .tolerance = FOLLOWED, .error = 0.2, .first = 10.0, .most_steps = STEPS_AFTER_LEAP, .roughly = true};
    status = bs_settle(game, &how, log_weights, out, error);
    if (status == BIASCOPE_OK) status = continue_to_signs(game, search, log_weights, out, error);
  }
  return status;
}

/* Smooths the rule, and fades the smoothing; without a message. */
static biascope_status search_smoothly(bs_game *game, const bs_search *search, double *log_weights, bs_equilibrium *out,
                                       biascope_error *error) {
  bs_search roughly = *search;
  roughly.tolerance = FOLLOWED;
  roughly.attempts = ATTEMPTS;
  biascope_status status = BIASCOPE_NOT_CONVERGED;
  if (search->start && search->updates) status = solve_as_seen(game, search, log_weights, out, error);
  if (status != BIASCOPE_NOT_CONVERGED) return status;
  if (search->start && search->smoothing == 0.0) status = solve_near_start(game, search, log_weights, out, error);
  if (status != BIASCOPE_NOT_CONVERGED) return status;
  game->rule.smoothing = FIRST_SMOOTHING;
  status = bs_equilibrium_search(game, &roughly, log_weights, out, error);
  if (status == BIASCOPE_OK || status == BIASCOPE_NOT_CONVERGED)
    status = continue_to_signs(game, search, log_weights, out, error);
  return status;
}

static biascope_status search_signs(bs_game *game, const bs_search *search, double *log_weights, bs_equilibrium *out,
                                    biascope_error *error) {
  const biascope_status status = search_smoothly(game, search, log_weights, out, error);
  if (status == BIASCOPE_NOT_CONVERGED) {
    bs_game_evaluate(game, log_weights, false);
    bs_error_set(error, status,
                 "no exact equilibrium of the sign updates was found: that of the updates m / sqrt(m^2 + "
                 "(%.1e x)^2) has gap %.1e",
                 game->rule.smoothing, out->gap);
  }
  return status;
}

static biascope_status search_ratios(bs_game *game, const bs_search *search, double *log_weights, bs_equilibrium *out,
                                     biascope_error *error) {
  biascope_status status = bs_equilibrium_search(game, search, log_weights, out, error);
  bool slides = false;
  if (status != BIASCOPE_NOT_CONVERGED || search->epoch_step > 0.0 || search->smoothing > 0.0) return status;
  const biascope_status checked = bs_sliding_columns_exist(game, log_weights, &slides, error);
  double *trial = slides ? BS_NEW(double, game->samples) : NULL;
  if (checked != BIASCOPE_OK || !slides) return checked != BIASCOPE_OK ? checked : status;
  if (!trial) return bs_fail_memory(error, "the equilibrium search");
  bs_equilibrium found;
  biascope_error why = {0};
  const biascope_status smoothly = search_smoothly(game, search, trial, &found, &why);
  game->rule.smoothing = 0.0;
  if (smoothly == BIASCOPE_OK) {
    memcpy(log_weights, trial, game->samples * sizeof *log_weights);
    *out = found;
    status = smoothly;
  } else if (smoothly == BIASCOPE_NOT_CONVERGED) {
    bs_game_evaluate(game, log_weights, false);
    bs_parts_rank(&game->parts, log_weights);
  } else {
    if (error) *error = why;
    status = smoothly;
  }
  free(trial);
  return status;
}

biascope_status bs_search_by_rule(bs_game *game, const bs_search *search, double *log_weights, bs_equilibrium *out,
                                  biascope_error *error) {
  if (game->rule.direction == BS_SIGN) return search_signs(game, search, log_weights, out, error);
  if (game->rule.direction == BS_RATIO) return search_ratios(game, search, log_weights, out, error);
  return bs_equilibrium_search(game, search, log_weights, out, error);
}
