#include "train/fast/race.h"

#include "base/clock.h"
#include <math.h>
#include <time.h>

enum { LENGTH = 256, STEPS = 8, TRIALS = 10 };

typedef struct {
  double g[LENGTH], m[LENGTH], v[LENGTH], w[LENGTH], eps[LENGTH];
} __attribute__((aligned(64))) arrays;

/* Steps that leave m, v and w as they are. */
static double time_steps(bs_step *step, arrays *a) {
  static const bs_rate STILL = {.beta1 = 1.0, .beta2 = 1.0, .shrink = 1.0, .past = 1.0};
  const bs_update update = {LENGTH, LENGTH, a->g, a->g, a->m, a->v, a->w, a->eps, true, &STILL, NULL};
  const double start = bs_clock(CLOCK_MONOTONIC);
  for (int i = 0; i < STEPS; i++) (void)step(&update, 1.0);
  return bs_clock(CLOCK_MONOTONIC) - start;
}

size_t bs_race(size_t count, bs_step *const *steps) {
  arrays a = {0};
  double least[BS_MOST_RACING]; /* what disturbs a trial makes it longer */
  for (size_t k = 0; k < LENGTH; k++) a.m[k] = a.v[k] = 1.0 + (double)k / LENGTH;
  for (size_t i = 0; i < count; i++) least[i] = INFINITY;
  for (int trial = 0; trial < TRIALS; trial++)
    for (size_t i = 0; i < count; i++) least[i] = fmin(least[i], time_steps(steps[i], &a));
  size_t winner = 0;
  for (size_t i = 1; i < count; i++)
    if (least[i] < least[winner]) winner = i;
  return winner;
}
