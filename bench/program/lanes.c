#include "bench.h"

#include <stdio.h>

enum { SAMPLES = 10, RUNS = 64, DATA_SEED = 1 };
static const size_t FEATURES[BENCH_LANES] = {2, 10, 50, 100, 200, 1000};

typedef struct {
  biascope_trainer *run[RUNS];
} runs;

static biascope_status step_alone(void *state, uint64_t steps, biascope_error *error) {
  const runs *r = state;
  biascope_status status = BIASCOPE_OK;
  for (size_t j = 0; j < RUNS && status == BIASCOPE_OK; j++) status = biascope_trainer_run(r->run[j], steps, error);
  return status;
}

static biascope_status step_together(void *state, uint64_t steps, biascope_error *error) {
  const runs *r = state;
  return biascope_trainers_run(r->run, RUNS, steps, error);
}

static biascope_status create(const biascope_dataset *data, runs *r, biascope_error *error) {
  biascope_options *options = NULL;
  biascope_status status = bench_adam(&options, error);
  if (status == BIASCOPE_OK) status = biascope_options_set(options, "order", "shuffle", error);
  for (size_t j = 0; j < RUNS && status == BIASCOPE_OK; j++) {
    char seed[32];
    snprintf(seed, sizeof seed, "%zu", j);
    status = biascope_options_set(options, "seed", seed, error);
    if (status == BIASCOPE_OK) status = biascope_trainer_create(data, options, &r->run[j], error);
  }
  biascope_options_free(options);
  return status;
}

static biascope_status run_case(bench_lanes *out, biascope_error *error) {
  const biascope_generate_options shape = {.samples = SAMPLES, .features = out->features, .seed = DATA_SEED};
  biascope_dataset *data;
  runs r = {{0}};
  bench_loop plain = {0};
  biascope_status status = biascope_dataset_generate(BIASCOPE_GAUSSIAN, &shape, &data, error);
  if (status == BIASCOPE_OK) status = bench_loop_create(data, false, &plain, error);
  if (status == BIASCOPE_OK) status = create(data, &r, error);
  bench_timed timed[] = {
      {.step = bench_step_plain, .run = &plain}, {.step = step_alone, .run = &r}, {.step = step_together, .run = &r}};
  if (status == BIASCOPE_OK) status = bench_time(timed, sizeof timed / sizeof *timed, error);
  out->plain = timed[0].median;
  out->alone = timed[1].median / RUNS;
  out->together = timed[2].median / RUNS;
  bench_loop_free(&plain);
  for (size_t j = 0; j < RUNS; j++) biascope_trainer_free(r.run[j]);
  biascope_dataset_free(data);
  return status;
}

biascope_status bench_lanes_run(bench_lanes *out, biascope_error *error) {
  biascope_status status = BIASCOPE_OK;
  for (size_t i = 0; i < BENCH_LANES && status == BIASCOPE_OK; i++) {
    out[i] = (bench_lanes){.features = FEATURES[i]};
    status = run_case(&out[i], error);
  }
  return status;
}

void bench_lanes_print(const bench_lanes *rows) {
  printf("\nThe same, shuffled, of %d runs one after the other and together, a run's step on one core\n"
         "%10s %14s %14s %14s %8s\n",
         RUNS, "features", "plain C ns", "alone ns", "together ns", "ratio");
  for (size_t i = 0; i < BENCH_LANES; i++)
    printf("%10zu %14.1f %14.1f %14.1f %8.2f\n", rows[i].features, 1e9 * rows[i].plain, 1e9 * rows[i].alone,
           1e9 * rows[i].together, rows[i].alone / rows[i].together);
}

void bench_lanes_json(const bench_lanes *rows) {
  for (size_t i = 0; i < BENCH_LANES; i++)
    printf("%s{\"optimizer\":\"adam\",\"runs\":%d,\"samples\":%d,\"features\":%zu,\"batch_size\":1,\"plain_ns\":%.17g,"
           "\"alone_ns\":%.17g,\"together_ns\":%.17g,\"ratio\":%.17g}",
           i ? "," : "[", RUNS, SAMPLES, rows[i].features, 1e9 * rows[i].plain, 1e9 * rows[i].alone,
           1e9 * rows[i].together, rows[i].alone / rows[i].together);
  putchar(']');
}
