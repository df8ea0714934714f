/* biascope-bench, which `biascope bench` starts: the time of a step against the least that it can cost. It looks inside
 * the library, and prints its tables, or with --json one JSON object. */
#include "bench.h"

#include "base/error.h"
#include "base/lanes.h"
#include "base/memory.h"
#include "data/dataset.h"
#include "least_step.h"

#include <errno.h>
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
  double step, least; /* seconds a step, medians */
} bench_case;

/* ---- What is timed: both take a number of steps ----------------------------------------------------- */

typedef struct {
  size_t features, padded;
  double *x, *w, *m, *v;
} least_run;

static biascope_status step_least(void *run, uint64_t steps, biascope_error *error) {
  least_run *f = run;
  (void)error;
  least_steps(SAMPLES, f->padded, f->x, f->w, f->m, f->v, 1e-6, steps);
  return BIASCOPE_OK;
}

static biascope_status time_least(const biascope_dataset *data, bench_case *out, biascope_error *error) {
  least_run f = {.features = out->features, .padded = bs_padded(out->features)};
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
    status = bench_time(step_least, &f, &out->least, error);
  }
  free(f.x);
  free(f.w);
  free(f.m);
  free(f.v);
  return status;
}

static biascope_status time_adam(const biascope_dataset *data, double *median, biascope_error *error) {
  biascope_options *options = NULL;
  biascope_status status = biascope_options_create("adam", &options, error);
  if (status == BIASCOPE_OK) status = biascope_options_set(options, "batch_size", "1", error);
  if (status == BIASCOPE_OK) status = biascope_options_set(options, "beta2", "0.95", error);
  if (status == BIASCOPE_OK) status = bench_time_trainer(data, options, median, error);
  biascope_options_free(options);
  return status;
}

static biascope_status run_case(bench_case *out, biascope_error *error) {
  const biascope_generate_options shape = {.samples = SAMPLES, .features = out->features, .seed = DATA_SEED};
  biascope_dataset *data;
  biascope_status status = biascope_dataset_generate(BIASCOPE_GAUSSIAN, &shape, &data, error);
  if (status == BIASCOPE_OK) status = time_least(data, out, error);
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
         "step ns", "least ns", "ratio");
  for (size_t i = 0; i < CASES; i++)
    printf("%10zu %14.1f %14.1f %8.2f\n", r->dense[i].features, 1e9 * r->dense[i].step, 1e9 * r->dense[i].least,
           r->dense[i].step / r->dense[i].least);
  printf("\nThe same, sparse, of %d features\n%10s %14s %14s\n", SPARSE_FEATURES, "nonzeros", "step ns",
         "a nonzero ns");
  for (size_t i = 0; i < SPARSE_CASES; i++)
    printf("%10zu %14.1f %14.1f\n", NONZEROS[i], 1e9 * r->sparse[i], 1e9 * r->sparse[i] / (double)NONZEROS[i]);
  bench_lanes_print(r->lanes);
  bench_bandwidths_print(r->bandwidth);
}

static void print_json(const bench_results *r) {
  fputs("{\"steps\":", stdout);
  for (size_t i = 0; i < CASES; i++)
    printf("%s{\"optimizer\":\"adam\",\"samples\":%d,\"features\":%zu,\"batch_size\":1,\"step_ns\":%.17g,\"floor_ns\":"
           "%.17g,\"ratio\":%.17g}",
           i ? "," : "[", SAMPLES, r->dense[i].features, 1e9 * r->dense[i].step, 1e9 * r->dense[i].least,
           r->dense[i].step / r->dense[i].least);
  fputs("],\"sparse_steps\":", stdout);
  for (size_t i = 0; i < SPARSE_CASES; i++)
    printf(
        "%s{\"optimizer\":\"adam\",\"samples\":%d,\"features\":%d,\"nonzeros\":%zu,\"batch_size\":1,\"step_ns\":%.17g}",
        i ? "," : "[", SAMPLES, SPARSE_FEATURES, NONZEROS[i], 1e9 * r->sparse[i]);
  fputs("],\"lanes\":", stdout);
  bench_lanes_json(r->lanes);
  fputs(",\"bandwidth\":", stdout);
  bench_bandwidths_json(r->bandwidth);
  puts("}");
}

static biascope_status measure(bench_results *out, biascope_error *error) {
  biascope_status status = BIASCOPE_OK;
  for (size_t i = 0; i < CASES && status == BIASCOPE_OK; i++) {
    out->dense[i] = (bench_case){.features = FEATURES[i]};
    status = run_case(&out->dense[i], error);
  }
  for (size_t i = 0; i < SPARSE_CASES && status == BIASCOPE_OK; i++)
    status = run_sparse_case(NONZEROS[i], &out->sparse[i], error);
  if (status == BIASCOPE_OK) status = bench_lanes_run(out->lanes, error);
  if (status == BIASCOPE_OK) status = bench_bandwidths(out->bandwidth, error);
  return status;
}

int main(int argc, char **argv) {
  const bool json = argc == 2 && !strcmp(argv[1], "--json");
  bench_results results;
  biascope_error error;
  if (argc > 1 && !json) {
    fprintf(stderr, "biascope-bench: unexpected argument '%s'; expected --json or nothing\n", argv[argc > 2 ? 2 : 1]);
    return BIASCOPE_USAGE;
  }
  if (measure(&results, &error) != BIASCOPE_OK) {
    fprintf(stderr, "biascope: %s\n", error.message);
    return BIASCOPE_BAD_INPUT;
  }
  if (json)
    print_json(&results);
  else
    print_tables(&results);
  if (fflush(stdout) == 0 && !ferror(stdout)) return 0;
  fprintf(stderr, "biascope: standard output cannot be written: %s\n", strerror(errno));
  return BIASCOPE_BAD_INPUT;
}
