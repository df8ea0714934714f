#include "base/clock.h"
#include "bench.h"

#include <stdlib.h>
#include <time.h>

static const double SECONDS_EACH = 0.012; /* of stepping, a repeat */

static biascope_status take(bench_timed *timed, double *seconds, biascope_error *error) {
  const double start = bs_clock(CLOCK_MONOTONIC);
  const biascope_status status = timed->step(timed->run, timed->steps, error);
  *seconds = bs_clock(CLOCK_MONOTONIC) - start;
  return status;
}

/* Steps that take a measurable time. The first one does not count: it also finds the exponents of the moments, and its
 * arrays are not in the cache. */
static biascope_status count_steps(bench_timed *timed, biascope_error *error) {
  double elapsed = 0.0;
  biascope_status status = timed->step(timed->run, 1, error);
  for (timed->steps = 1; status == BIASCOPE_OK; timed->steps *= 2) {
    status = take(timed, &elapsed, error);
    if (elapsed >= SECONDS_EACH) break;
  }
  return status;
}

static int by_size(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

biascope_status bench_time(bench_timed *timed, size_t count, biascope_error *error) {
  biascope_status status = BIASCOPE_OK;
  for (size_t i = 0; i < count && status == BIASCOPE_OK; i++) status = count_steps(&timed[i], error);
  double seconds[BENCH_MOST_TIMED][BENCH_REPEATS] = {{0}};
  for (size_t repeat = 0; repeat < BENCH_REPEATS; repeat++)
    for (size_t i = 0; i < count && status == BIASCOPE_OK; i++) status = take(&timed[i], &seconds[i][repeat], error);
  for (size_t i = 0; i < count; i++) {
    qsort(seconds[i], BENCH_REPEATS, sizeof *seconds[i], by_size);
    timed[i].median = seconds[i][BENCH_REPEATS / 2] / (double)timed[i].steps;
  }
  return status;
}

biascope_status bench_adam(biascope_options **options, biascope_error *error) {
  biascope_status status = biascope_options_create("adam", options, error);
  if (status == BIASCOPE_OK) status = biascope_options_set(*options, "batch_size", "1", error);
  if (status == BIASCOPE_OK) status = biascope_options_set(*options, "beta2", "0.95", error);
  if (status == BIASCOPE_OK) status = biascope_options_set(*options, "lr", BENCH_LR, error);
  return status;
}

biascope_status bench_step_trainer(void *run, uint64_t steps, biascope_error *error) {
  return biascope_trainer_run(run, steps, error);
}

biascope_status bench_time_trainer(const biascope_dataset *data, const biascope_options *options, double *median,
                                   biascope_error *error) {
  biascope_trainer *trainer;
  biascope_status status = biascope_trainer_create(data, options, &trainer, error);
  bench_timed timed = {.step = bench_step_trainer, .run = trainer};
  if (status == BIASCOPE_OK) status = bench_time(&timed, 1, error);
  *median = timed.median;
  biascope_trainer_free(trainer);
  return status;
}
