#include "base/clock.h"
#include "bench.h"

#include <stdlib.h>
#include <time.h>

static const double SECONDS_EACH = 0.03; /* of stepping, a repeat */

static int by_size(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

biascope_status bench_time(bench_stepper step, void *run, double *median, biascope_error *error) {
  double seconds[BENCH_REPEATS], elapsed = 0.0;
  uint64_t steps = 1;
  biascope_status status = BIASCOPE_OK;
  while (status == BIASCOPE_OK && elapsed < SECONDS_EACH) {
    steps *= 2;
    const double start = bs_clock(CLOCK_MONOTONIC);
    status = step(run, steps, error);
    elapsed = bs_clock(CLOCK_MONOTONIC) - start;
  }
  for (int repeat = 0; repeat < BENCH_REPEATS && status == BIASCOPE_OK; repeat++) {
    const double start = bs_clock(CLOCK_MONOTONIC);
    status = step(run, steps, error);
    seconds[repeat] = (bs_clock(CLOCK_MONOTONIC) - start) / (double)steps;
  }
  if (status != BIASCOPE_OK) return status;
  qsort(seconds, BENCH_REPEATS, sizeof *seconds, by_size);
  *median = seconds[BENCH_REPEATS / 2];
  return BIASCOPE_OK;
}

static biascope_status step_trainer(void *run, uint64_t steps, biascope_error *error) {
  return biascope_trainer_run(run, steps, error);
}

biascope_status bench_time_trainer(const biascope_dataset *data, const biascope_options *options, double *median,
                                   biascope_error *error) {
  biascope_trainer *trainer;
  biascope_status status = biascope_trainer_create(data, options, &trainer, error);
  if (status == BIASCOPE_OK) status = bench_time(step_trainer, trainer, median, error);
  biascope_trainer_free(trainer);
  return status;
}
