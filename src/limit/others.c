#include "limit/others.h"

#include "base/memory.h"
#include "base/rng.h"
#include "base/vector.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double ALLOWANCE = 2e9; /* multiplications for all starts together: some seconds */
static const double SPREAD = 30.0;   /* largest margin at the start: there c is all on the samples furthest behind */
static const double SAME = 1e-5;     /* radians between directions that count as one */
static const uint64_t COUNTERS = 1ull << 60; /* past those of the sampled orders */

static void draw_start(const bs_game *game, uint64_t seed, size_t number, double *start, double *margins) {
  const size_t d = game->features;
  for (size_t k = 0; k < d; k++) start[k] = bs_random_normal(seed, BS_STREAM_PREDICT, COUNTERS + number * d + k);
  bs_game_margins(game, start, margins);
  const double largest = bs_max_abs(game->samples, margins);
  if (largest > 0.0) bs_scale(d, SPREAD / largest, start);
}

static bool same_direction(size_t d, const double *unit, const double *direction, double norm) {
  double chord = 0.0;
  for (size_t k = 0; k < d; k++) chord += (direction[k] / norm - unit[k]) * (direction[k] / norm - unit[k]);
  return sqrt(chord) < SAME;
}

/* Appends the game's direction where it is new. */
static void note(const bs_game *game, biascope_prediction *out) {
  const size_t d = game->features;
  const double norm = bs_norm2(d, game->direction);
  double *next = out->other_directions + out->others * d;
  if (!(norm > 0.0) || same_direction(d, out->direction, game->direction, norm)) return;
  for (size_t n = 0; n < out->others; n++) {
    if (same_direction(d, out->other_directions + n * d, game->direction, norm)) return;
  }
  for (size_t k = 0; k < d; k++) next[k] = game->direction[k] / norm;
  out->others++;
}

static biascope_status search_from(bs_game *game, const bs_search *search, double *log_weights,
                                   biascope_prediction *out, biascope_error *error) {
  bs_equilibrium found;
  const biascope_status status = bs_search_by_rule(game, search, log_weights, &found, error);
  if (status == BIASCOPE_OK && found.value > 0.0) note(game, out);
  return status == BIASCOPE_NOT_CONVERGED ? BIASCOPE_OK : status;
}

biascope_status bs_find_others(const bs_question *question, bs_game *game, const bs_search *search,
                               biascope_prediction *out, biascope_error *error) {
  const size_t d = game->features, starts = question->options.starts;
  if (starts == 0) return BIASCOPE_OK;
  double *start = BS_NEW(double, d), *log_weights = BS_NEW(double, game->samples);
  size_t entries;
  if (!__builtin_mul_overflow(starts, d, &entries)) out->other_directions = BS_NEW(double, entries);
  biascope_status status = BIASCOPE_OK;
  if (!start || !log_weights || !out->other_directions) status = bs_fail_memory(error, "other equilibria");
  bs_search from = *search;
  from.start = log_weights;
  game->most_effort = game->effort + ALLOWANCE;
  for (size_t n = 0; n < starts && status == BIASCOPE_OK; n++) {
    draw_start(game, question->training.seed, n, start, log_weights);
    bs_game_margins(game, start, log_weights);
    bs_game_slopes(game, search->loss, log_weights, log_weights, NULL, NULL);
    status = search_from(game, &from, log_weights, out, error);
    if (bs_game_exhausted(game)) break;
    out->starts++;
  }
  free(start);
  free(log_weights);
  return status;
}
