#include "train/fast/race.h"

#include "base/clock.h"
#include <math.h>
#include <time.h>

enum { LENGTH = 256, STEPS = 8, TRIALS = 16 };

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

bool bs_race_is_won(bs_step *step, bs_step *against) {
  arrays a = {0};
  double least[2] = {INFINITY, INFINITY}; /* what disturbs a trial makes it longer */
  for (size_t k = 0; k < LENGTH; k++) a.m[k] = a.v[k] = 1.0 + (double)k / LENGTH;
  for (int trial = 0; trial < TRIALS; trial++) {
    least[0] = fmin(least[0], time_steps(step, &a));
    least[1] = fmin(least[1], time_steps(against, &a));
  }
  return least[0] < least[1];
}
