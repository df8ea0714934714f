#include "cli/bench.h"
#include "base/memory.h"
#include "cli/cli.h"
#include "data/dataset.h"
#include "train/floor.h"
#include "train/kernel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SAMPLES = 10, DATA_SEED = 1 };
static const size_t FEATURES[] = {10, 50, 200, 1000, 10000, 100000, 1000000};
enum { CASES = sizeof FEATURES / sizeof *FEATURES };

static const size_t NONZEROS[] = {10, 100, 1000, 10000, 100000};
enum { SPARSE_CASES = sizeof NONZEROS / sizeof *NONZEROS, SPARSE_FEATURES = 1000000 };

typedef struct {
  size_t features;
  double step, floor; /* seconds a step, medians */
} bench_case;

static const struct argp_child CHILDREN[] = {{&cli_common_argp, 0, 0, 0}, {0}};

static error_t parse(int key, char *text, struct argp_state *state) {
  (void)text;
  if (key != ARGP_KEY_INIT) return ARGP_ERR_UNKNOWN;
  state->child_inputs[0] = state->input;
  return 0;
}

static const struct argp ARGP = {
    .parser = parse,
    .children = CHILDREN,
    .doc = "Times a step of per-sample Adam against the floor: a loop of nothing but the loads, multiply-adds, square "
           "roots and divisions that no implementation can do without; and a full batch's against memory's bandwidth."};

/* ---- What is timed: both take a number of steps ----------------------------------------------------- */

typedef struct {
  size_t features, padded;
  double *x, *w, *m, *v;
} floor_run;

static biascope_status step_floor(void *run, uint64_t steps, biascope_error *error) {
  floor_run *f = run;
  (void)error;
  bs_floor_steps(SAMPLES, f->padded, f->x, f->w, f->m, f->v, 1e-6, steps);
  return BIASCOPE_OK;
}

static biascope_status time_floor(const biascope_dataset *data, bench_case *out, biascope_error *error) {
  floor_run f = {.features = out->features, .padded = bs_padded(out->features)};
  f.x = BS_NEW(double, SAMPLES *f.padded);
  f.w = BS_NEW(double, f.padded);
  f.m = BS_NEW(double, f.padded);
  f.v = BS_NEW(double, f.padded);
  biascope_status status = f.x && f.w && f.m && f.v ? BIASCOPE_OK : bs_fail_memory(error, "the benchmark");
  if (status == BIASCOPE_OK) {
    for (size_t n = 0; n < SAMPLES * f.padded; n++) f.x[n] = 1.0; /* padding that nowhere becomes subnormal */
    for (size_t i = 0; i < SAMPLES; i++) {
      memset(f.x + i * f.padded, 0, f.features * sizeof *f.x);
      bs_row_axpy(data, i, 1.0, f.x + i * f.padded);
    }
    status = bench_time(step_floor, &f, &out->floor, error);
  }
  free(f.x);
  free(f.w);
  free(f.m);
  free(f.v);
  return status;
}

static biascope_status time_adam(const biascope_dataset *data, double *median, biascope_error *error) {
  biascope_train_options options = biascope_train_defaults(BIASCOPE_ADAM);
  options.batch_size = 1;
  options.beta2 = 0.95;
  return bench_time_trainer(data, &options, median, error);
}

static biascope_status run_case(bench_case *out, biascope_error *error) {
  const biascope_generate_options shape = {.samples = SAMPLES, .features = out->features, .seed = DATA_SEED};
  biascope_dataset *data;
  biascope_status status = biascope_dataset_generate(BIASCOPE_GAUSSIAN, &shape, &data, error);
  if (status == BIASCOPE_OK) status = time_floor(data, out, error);
  if (status == BIASCOPE_OK) status = time_adam(data, &out->step, error);
  biascope_dataset_free(data);
  return status;
}

static biascope_status run_sparse_case(size_t nonzeros, double *step, biascope_error *error) {
  biascope_dataset *data = NULL;
  biascope_status status = bench_sparse_data(SAMPLES, SPARSE_FEATURES, nonzeros, &data, error);
  if (status == BIASCOPE_OK) status = time_adam(data, step, error);
  biascope_dataset_free(data);
  return status;
}

/* ---- Output ----------------------------------------------------------------------------------------- */

typedef struct {
  bench_case dense[CASES];
  double sparse[SPARSE_CASES]; /* seconds a step */
  bench_lanes lanes[BENCH_LANES];
  bench_bandwidth bandwidth[BENCH_BANDWIDTHS];
} bench_results;

static void print_tables(const bench_results *r) {
  printf("Adam, one of %d samples a step, medians of %d\n%10s %14s %14s %8s\n", SAMPLES, BENCH_REPEATS, "features",
         "step ns", "floor ns", "ratio");
  for (size_t i = 0; i < CASES; i++)
    printf("%10zu %14.1f %14.1f %8.2f\n", r->dense[i].features, 1e9 * r->dense[i].step, 1e9 * r->dense[i].floor,
           r->dense[i].step / r->dense[i].floor);
  printf("\nThe same, sparse, of %d features\n%10s %14s %14s\n", SPARSE_FEATURES, "nonzeros", "step ns",
         "a nonzero ns");
  for (size_t i = 0; i < SPARSE_CASES; i++)
    printf("%10zu %14.1f %14.1f\n", NONZEROS[i], 1e9 * r->sparse[i], 1e9 * r->sparse[i] / (double)NONZEROS[i]);
  bench_lanes_print(r->lanes);
  bench_bandwidths_print(r->bandwidth);
}

static int print_json(const bench_results *r) {
  json_t *rows = json_array(), *sparse = json_array();
  for (size_t i = 0; i < CASES; i++)
    json_array_append_new(rows, json_pack("{s:s, s:i, s:I, s:i, s:f, s:f, s:f}", "optimizer", "adam", "samples",
                                          SAMPLES, "features", (json_int_t)r->dense[i].features, "batch_size", 1,
                                          "step_ns", 1e9 * r->dense[i].step, "floor_ns", 1e9 * r->dense[i].floor,
                                          "ratio", r->dense[i].step / r->dense[i].floor));
  for (size_t i = 0; i < SPARSE_CASES; i++)
    json_array_append_new(sparse, json_pack("{s:s, s:i, s:i, s:I, s:i, s:f}", "optimizer", "adam", "samples", SAMPLES,
                                            "features", SPARSE_FEATURES, "nonzeros", (json_int_t)NONZEROS[i],
                                            "batch_size", 1, "step_ns", 1e9 * r->sparse[i]));
  return cli_print_json(json_pack("{s:o, s:o, s:o, s:o}", "steps", rows, "sparse_steps", sparse, "lanes",
                                  bench_lanes_json(r->lanes), "bandwidth", bench_bandwidths_json(r->bandwidth)));
}

int cli_bench(int argc, char **argv) {
  cli_common common = {0};
  bench_results results;
  biascope_error error;
  biascope_status status = BIASCOPE_OK;
  cli_parse(&ARGP, argc, argv, &common);
  for (size_t i = 0; i < CASES && status == BIASCOPE_OK; i++) {
    results.dense[i] = (bench_case){.features = FEATURES[i]};
    status = run_case(&results.dense[i], &error);
  }
  for (size_t i = 0; i < SPARSE_CASES && status == BIASCOPE_OK; i++)
    status = run_sparse_case(NONZEROS[i], &results.sparse[i], &error);
  if (status == BIASCOPE_OK) status = bench_lanes_run(results.lanes, &error);
  if (status == BIASCOPE_OK) status = bench_bandwidths(results.bandwidth, &error);
  if (status != BIASCOPE_OK) return cli_report(status, &error);
  if (common.json) return print_json(&results);
  print_tables(&results);
  return 0;
}
