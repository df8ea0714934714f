/* biascope-bench, which `biascope bench` starts: the time of a step against the least that it can cost. It looks inside
 * the library, and prints its tables, or with --json one JSON object. */
#include "bench.h"

#include "base/error.h"

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
  double step, plain, least; /* seconds of a step, medians */
} bench_case;

/* ---- What is timed ---------------------------------------------------------------------------------- */

static biascope_status create_trainer(const biascope_dataset *data, biascope_trainer **out, biascope_error *error) {
  biascope_options *options = NULL;
  biascope_status status = bench_adam(&options, error);
  if (status == BIASCOPE_OK) status = biascope_trainer_create(data, options, out, error);
  biascope_options_free(options);
  return status;
}

static biascope_status run_case(bench_case *out, biascope_error *error) {
  const biascope_generate_options shape = {.samples = SAMPLES, .features = out->features, .seed = DATA_SEED};
  biascope_dataset *data;
  bench_loop least = {0}, plain = {0};
  biascope_trainer *trainer = NULL;
  biascope_status status = biascope_dataset_generate(BIASCOPE_GAUSSIAN, &shape, &data, error);
  if (status == BIASCOPE_OK) status = bench_loop_create(data, true, &least, error);
  if (status == BIASCOPE_OK) status = bench_loop_create(data, false, &plain, error);
  if (status == BIASCOPE_OK) status = create_trainer(data, &trainer, error);
  bench_timed timed[] = {{.step = bench_step_least, .run = &least},
                         {.step = bench_step_plain, .run = &plain},
                         {.step = bench_step_trainer, .run = trainer}};
  if (status == BIASCOPE_OK) status = bench_time(timed, sizeof timed / sizeof *timed, error);
  out->least = timed[0].median;
  out->plain = timed[1].median;
  out->step = timed[2].median;
  bench_loop_free(&least);
  bench_loop_free(&plain);
  biascope_trainer_free(trainer);
  biascope_dataset_free(data);
  return status;
}

static biascope_status run_sparse_case(size_t nonzeros, double *step, biascope_error *error) {
  biascope_dataset *data = NULL;
  biascope_status status = bench_sparse_data(SAMPLES, SPARSE_FEATURES, nonzeros, &data, error);
  biascope_trainer *trainer = NULL;
  if (status == BIASCOPE_OK) status = create_trainer(data, &trainer, error);
  bench_timed timed = {.step = bench_step_trainer, .run = trainer};
  if (status == BIASCOPE_OK) status = bench_time(&timed, 1, error);
  *step = timed.median;
  biascope_trainer_free(trainer);
  biascope_dataset_free(data);
  return status;
}

/* ---- Output ----------------------------------------------------------------------------------------- */

enum { NAME_SIZE = 256 };

typedef struct {
  bench_case dense[CASES];
  double sparse[SPARSE_CASES]; /* seconds a step */
  bench_lanes lanes[BENCH_LANES];
  bench_bandwidth bandwidth[BENCH_BANDWIDTHS];
  bench_matrix matrices[BENCH_MATRICES];
  char processor[NAME_SIZE];
  const char *vectors;
} bench_results;

/* The processor's own name, as Linux says it. */
static void find_processor(char name[NAME_SIZE]) {
  static const char FIELD[] = "model name";
  char line[NAME_SIZE];
  snprintf(name, NAME_SIZE, "unknown processor");
  FILE *file = fopen("/proc/cpuinfo", "r");
  while (file && fgets(line, sizeof line, file)) {
    const char *value = strchr(line, ':');
    if (!value || strncmp(line, FIELD, sizeof FIELD - 1) != 0) continue;
    snprintf(name, NAME_SIZE, "%.*s", (int)strcspn(value + 2, "\"\\\n"), value + 2);
    break;
  }
  if (file) fclose(file);
}

static void print_tables(const bench_results *r) {
  printf("%s, vectors of %s\n\nAdam, one of %d samples a step, medians of %d\n%10s %14s %14s %14s %8s %12s\n",
         r->processor, r->vectors, SAMPLES, BENCH_REPEATS, "features", "step ns", "least ns", "plain C ns", "ratio",
         "plain/step");
  for (size_t i = 0; i < CASES; i++)
    printf("%10zu %14.1f %14.1f %14.1f %8.2f %12.2f\n", r->dense[i].features, 1e9 * r->dense[i].step,
           1e9 * r->dense[i].least, 1e9 * r->dense[i].plain, r->dense[i].step / r->dense[i].least,
           r->dense[i].plain / r->dense[i].step);
  printf("\nThe same, sparse, of %d features\n%10s %14s %14s\n", SPARSE_FEATURES, "nonzeros", "step ns",
         "a nonzero ns");
  for (size_t i = 0; i < SPARSE_CASES; i++)
    printf("%10zu %14.1f %14.1f\n", NONZEROS[i], 1e9 * r->sparse[i], 1e9 * r->sparse[i] / (double)NONZEROS[i]);
  bench_lanes_print(r->lanes);
  bench_bandwidths_print(r->bandwidth);
  bench_matrices_print(r->matrices);
}

static void print_json(const bench_results *r) {
  printf("{\"processor\":\"%s\",\"vectors\":\"%s\",\"steps\":", r->processor, r->vectors);
  for (size_t i = 0; i < CASES; i++)
    printf("%s{\"optimizer\":\"adam\",\"samples\":%d,\"features\":%zu,\"batch_size\":1,\"step_ns\":%.17g,\"floor_ns\":"
           "%.17g,\"plain_ns\":%.17g,\"ratio\":%.17g,\"plain_ratio\":%.17g}",
           i ? "," : "[", SAMPLES, r->dense[i].features, 1e9 * r->dense[i].step, 1e9 * r->dense[i].least,
           1e9 * r->dense[i].plain, r->dense[i].step / r->dense[i].least, r->dense[i].plain / r->dense[i].step);
  fputs("],\"sparse_steps\":", stdout);
  for (size_t i = 0; i < SPARSE_CASES; i++)
    printf(
        "%s{\"optimizer\":\"adam\",\"samples\":%d,\"features\":%d,\"nonzeros\":%zu,\"batch_size\":1,\"step_ns\":%.17g}",
        i ? "," : "[", SAMPLES, SPARSE_FEATURES, NONZEROS[i], 1e9 * r->sparse[i]);
  fputs("],\"lanes\":", stdout);
  bench_lanes_json(r->lanes);
  fputs(",\"bandwidth\":", stdout);
  bench_bandwidths_json(r->bandwidth);
  fputs(",\"matrices\":", stdout);
  bench_matrices_json(r->matrices);
  puts("}");
}

static biascope_status measure(bench_results *out, biascope_error *error) {
  biascope_status status = biascope_vectors(&out->vectors, error);
  find_processor(out->processor);
  for (size_t i = 0; i < CASES && status == BIASCOPE_OK; i++) {
    out->dense[i] = (bench_case){.features = FEATURES[i]};
    status = run_case(&out->dense[i], error);
  }
  for (size_t i = 0; i < SPARSE_CASES && status == BIASCOPE_OK; i++)
    status = run_sparse_case(NONZEROS[i], &out->sparse[i], error);
  if (status == BIASCOPE_OK) status = bench_lanes_run(out->lanes, error);
  if (status == BIASCOPE_OK) status = bench_bandwidths(out->bandwidth, error);
  if (status == BIASCOPE_OK) status = bench_matrices_run(out->matrices, error);
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
