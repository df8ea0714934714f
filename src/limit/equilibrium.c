#include "limit/equilibrium.h"

#include "base/vector.h"
#include <math.h>

static const double NO_GROWTH =
    1e-9; /* of a value, beside the largest growth: the gap is relative to the latter then */

/* The mean growth over a part, and the least. */
static double mean_growth(const bs_game *game, size_t part, const double *log_weights, double *least) {
  const bs_parts *parts = &game->parts;
  double sum = 0.0, total = 0.0;
  *least = INFINITY;
  for (size_t n = parts->start[part]; n < parts->start[part + 1]; n++) {
    const size_t i = parts->sample[n];
    const double weight = exp(log_weights[i] - parts->top[part]);
    if (weight > 0.0) sum += weight * game->growth[i];
    total += weight;
    *least = fmin(*least, game->growth[i]);
  }
  return sum / total;
}

bs_equilibrium bs_equilibrium_measure(const bs_game *game, const double *log_weights) {
  bs_equilibrium out = {.value = INFINITY};
  double worst = 0.0;
  for (size_t p = 0; p < game->parts.count; p++) {
    double least;
    const double mean = mean_growth(game, p, log_weights, &least);
    out.value = fmin(out.value, mean);
    worst = fmax(worst, mean - least);
    if (isnan(mean)) worst = INFINITY;
  }
  for (size_t i = 0; i < game->samples; i++) {
    if (game->parts.behind[i] == INFINITY) out.value = fmin(out.value, game->growth[i]);
  }
  const double largest = bs_max_abs(game->samples, game->growth);
  const double scale = fabs(out.value) > NO_GROWTH * largest ? fabs(out.value) : largest;
  out.gap = worst > 0.0 ? worst / scale : 0.0;
  return out;
}
