#include "limit/levels.h"

#include "base/memory.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* e^-APART is lost beside 1 in every sum; kept a little further apart than told apart. */
static const double APART = 700.0, KEPT = 800.0;
static const double FURTHEST = 1000.0; /* behind: a sample that has faded may come back in the time that this takes */

biascope_status bs_levels_create(bs_game *game, bs_levels *out, biascope_error *error) {
  const size_t N = game->samples;
  *out = (bs_levels){.game = game,
                     .level = BS_NEW(size_t, N),
                     .lead = BS_NEW(size_t, N),
                     .value = BS_NEW(double, N),
                     .reference = BS_NEW(double, N),
                     .top = BS_NEW(double, N),
                     .bottom = BS_NEW(double, N),
                     .shift = BS_NEW(double, N),
                     .parent = BS_NEW(size_t, N),
                     .order = BS_NEW(size_t, N)};
  if (out->level && out->lead && out->value && out->reference && out->top && out->bottom && out->shift && out->parent &&
      out->order)
    return BIASCOPE_OK;
  return bs_fail_memory(error, "the levels of the support");
}

void bs_levels_free(bs_levels *levels) {
  free(levels->level);
  free(levels->lead);
  free(levels->value);
  free(levels->reference);
  free(levels->top);
  free(levels->bottom);
  free(levels->shift);
  free(levels->parent);
  free(levels->order);
}

static size_t find_root(size_t *parent, size_t i) {
  while (parent[i] != i) i = parent[i] = parent[parent[i]];
  return i;
}

/* Joins samples that weigh somewhere and meet in a part that neither has left. */
static void join(bs_levels *levels, const double *log_weights) {
  const bs_parts *parts = &levels->game->parts;
  for (size_t i = 0; i < parts->samples; i++) levels->parent[i] = i;
  for (size_t p = 0; p < parts->count; p++) {
    for (size_t n = parts->start[p]; n < parts->start[p + 1]; n++) {
      const size_t i = parts->sample[n];
      if (!bs_parts_relevant(parts, i) || parts->top[p] - log_weights[i] > APART) continue;
      levels->parent[find_root(levels->parent, i)] = find_root(levels->parent, parts->lead[p]);
    }
  }
}

/* Numbers the levels and gives each its bounds and its mean growth. */
static void number(bs_levels *levels, const double *log_weights) {
  const bs_parts *parts = &levels->game->parts;
  size_t *const number_of = levels->order; /* by root */
  levels->count = 0;
  for (size_t i = 0; i < parts->samples; i++) {
    if (!bs_parts_relevant(parts, i) || find_root(levels->parent, i) != i) continue;
    number_of[i] = levels->count;
    levels->top[levels->count] = -INFINITY;
    levels->bottom[levels->count] = INFINITY;
    levels->value[levels->count] = levels->shift[levels->count] = 0.0;
    levels->count++;
  }
  for (size_t i = 0; i < parts->samples; i++) {
    if (!bs_parts_relevant(parts, i)) continue;
    const size_t level = levels->level[i] = number_of[find_root(levels->parent, i)];
    if (log_weights[i] > levels->top[level]) levels->lead[level] = i;
    levels->top[level] = fmax(levels->top[level], log_weights[i]);
    levels->bottom[level] = fmin(levels->bottom[level], log_weights[i]);
  }
  for (size_t i = 0; i < parts->samples; i++) {
    if (!bs_parts_relevant(parts, i)) levels->level[i] = levels->count > 0 ? levels->level[parts->ahead[i]] : 0;
  }
  double *const total = levels->shift;
  for (size_t i = 0; i < parts->samples; i++) {
    if (!bs_parts_relevant(parts, i)) continue;
    const double weight = exp(log_weights[i] - levels->top[levels->level[i]]);
    levels->value[levels->level[i]] += weight * levels->game->growth[i];
    total[levels->level[i]] += weight;
  }
  for (size_t l = 0; l < levels->count; l++) levels->value[l] /= total[l];
}

/* A level that grows slower than one that leads it in some part catches up with it. */
static void relate(bs_levels *levels) {
  const bs_parts *parts = &levels->game->parts;
  memcpy(levels->reference, levels->value, levels->count * sizeof *levels->value);
  bool changed = levels->count > 1;
  for (size_t round = 0; round < levels->count && changed; round++) {
    changed = false;
    for (size_t p = 0; p < parts->count; p++) {
      const double leads = levels->reference[levels->level[parts->lead[p]]];
      for (size_t n = parts->start[p]; n < parts->start[p + 1]; n++) {
        double *own = &levels->reference[levels->level[parts->sample[n]]];
        if (!bs_parts_relevant(parts, parts->sample[n]) || *own >= leads) continue;
        *own = leads;
        changed = true;
      }
    }
  }
}

/* Levels from the highest down, each no further below the one before than KEPT. */
static void place(bs_levels *levels) {
  size_t *order = levels->order;
  for (size_t l = 0; l < levels->count; l++) {
    size_t at = l;
    for (; at > 0 && levels->top[order[at - 1]] < levels->top[l]; at--) order[at] = order[at - 1];
    order[at] = l;
  }
  double shift = 0.0, bottom = INFINITY;
  for (size_t l = 0; l < levels->count; l++) {
    const size_t level = order[l];
    if (l == 0) shift = -levels->top[level];
    if (l > 0) shift += fmax(0.0, bottom - (levels->top[level] + shift) - KEPT);
    levels->shift[level] = shift;
    bottom = fmin(bottom, levels->bottom[level] + shift);
  }
}

void bs_levels_arrange(bs_levels *levels, double *log_weights) {
  bs_parts *parts = &levels->game->parts;
  join(levels, log_weights);
  number(levels, log_weights);
  relate(levels);
  place(levels);
  for (size_t i = 0; i < parts->samples && levels->count > 0; i++) {
    if (parts->behind[i] < INFINITY) log_weights[i] += levels->shift[levels->level[i]];
  }
  bs_parts_rank(parts, log_weights);
  for (size_t i = 0; i < parts->samples; i++) {
    if (parts->behind[i] > FURTHEST && parts->behind[i] < INFINITY) {
      log_weights[i] = log_weights[parts->ahead[i]] - FURTHEST;
      parts->behind[i] = FURTHEST;
    }
  }
}
