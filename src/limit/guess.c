#include "limit/guess.h"

#include "base/memory.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double NEAR_LEAD = 8.0; /* log-weight below the largest that is no sign of fading */
static const double MOST_SKEW = 0.3;

typedef struct {
  bs_game *game;
  const double *slopes; /* log-weights of the flow */
  double time;
  bool *covered;   /* parts that a level decides */
  bool *candidate; /* samples that touch a part not covered, and are in no level */
  double *log_weights;
  bs_guess *guess;
} work;

/* Off the support a log-weight falls by (F_i - f) s over the time s; on it F_i - f vanishes. */
static void choose_members(work *w, size_t level) {
  const size_t samples = w->game->samples;
  const double *growth = w->game->growth;
  double lead = -INFINITY, least = INFINITY, most = -INFINITY;
  for (size_t i = 0; i < samples; i++) {
    if (w->candidate[i]) lead = fmax(lead, w->slopes[i]);
  }
  for (size_t i = 0; i < samples; i++) {
    if (w->candidate[i] && w->slopes[i] > lead - NEAR_LEAD) least = fmin(least, growth[i]);
  }
  for (size_t i = 0; i < samples; i++) {
    const double behind = lead - w->slopes[i];
    const bool fading = behind >= NEAR_LEAD && (growth[i] - least) * w->time >= MOST_SKEW * behind;
    if (!w->candidate[i] || fading || behind > BS_LOWEST_LOG_WEIGHT) continue;
    w->log_weights[i] = -behind - BS_LEVEL_DROP * (double)level;
    most = fmax(most, growth[i]);
    least = fmin(least, growth[i]);
    w->guess->members++;
  }
  w->guess->spread = fmax(w->guess->spread, (most - least) / fmax(fabs(most), fabs(least)));
}

/* Marks the parts that members of the level touch, and gives whether any part is left to samples of another. */
static bool cover_parts(work *w, size_t level) {
  const bs_parts *parts = &w->game->parts;
  bool left = false;
  memset(w->candidate, 0, w->game->samples * sizeof *w->candidate);
  for (size_t p = 0; p < parts->count; p++) {
    const size_t first = parts->start[p], end = parts->start[p + 1];
    bool touched = false;
    for (size_t n = first; n < end && !w->covered[p]; n++) touched |= w->log_weights[parts->sample[n]] > -INFINITY;
    for (size_t n = first; n < end && touched; n++) w->game->reach[parts->sample[n]] = level;
    w->covered[p] |= touched;
    for (size_t n = first; n < end && !w->covered[p]; n++) w->candidate[parts->sample[n]] = left = true;
  }
  return left;
}

biascope_status bs_guess_support(bs_game *game, const bs_flow *flow, double *log_weights, bs_guess *out,
                                 biascope_error *error) {
  *out = (bs_guess){0};
  work w = {.game = game,
            .slopes = bs_flow_log_slopes(flow),
            .time = bs_flow_time(flow),
            .covered = BS_NEW(bool, game->parts.count),
            .candidate = BS_NEW(bool, game->samples),
            .log_weights = log_weights,
            .guess = out};
  biascope_status status = BIASCOPE_OK;
  if (w.covered && w.candidate) {
    memset(game->reach, 0, game->samples * sizeof *game->reach);
    for (size_t i = 0; i < game->samples; i++) {
      log_weights[i] = -INFINITY;
      w.candidate[i] = true;
    }
    /* every level covers a part at least */
    for (size_t level = 0; level <= game->parts.count; level++) {
      choose_members(&w, level);
      if (!cover_parts(&w, level)) break;
    }
  } else {
    status = bs_fail_memory(error, "the levels of the support");
  }
  free(w.covered);
  free(w.candidate);
  return status;
}
