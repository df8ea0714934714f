/* A full batch's step against STREAM's triad: how near the two passes over the data are to what memory delivers. */
#include "bench.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/rng.h"
#include "base/team.h"
#include "least_step.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { TRIAD = 1 << 22, TRIAD_PARTS = 64, SEED = 1 };

typedef struct {
  double *a, *b, *c;
  bs_team *team;
} triad_run;

static void add_part(void *state, size_t part) {
  const triad_run *t = state;
  const size_t length = TRIAD / TRIAD_PARTS, first = part * length;
  least_triad(length, t->a + first, t->b + first, t->c + first);
}

static biascope_status step_triad(void *run, uint64_t steps, biascope_error *error) {
  triad_run *t = run;
  (void)error;
  for (uint64_t i = 0; i < steps; i++) bs_team_run(t->team, TRIAD_PARTS, add_part, t);
  return BIASCOPE_OK;
}

static biascope_status create_triad(triad_run *t, size_t threads, biascope_error *error) {
  *t = (triad_run){BS_NEW(double, TRIAD), BS_NEW(double, TRIAD), BS_NEW(double, TRIAD), NULL};
  if (!t->a || !t->b || !t->c) return bs_fail_memory(error, "the benchmark");
  return bs_team_create(&t->team, threads, error);
}

static void free_triad(triad_run *t) {
  bs_team_free(t->team);
  free(t->a);
  free(t->b);
  free(t->c);
}

biascope_status bench_sparse_data(size_t samples, size_t features, size_t nonzeros, biascope_dataset **out,
                                  biascope_error *error) {
  size_t *start = BS_NEW(size_t, samples + 1);
  uint32_t *column = BS_NEW(uint32_t, samples * nonzeros);
  double *value = BS_NEW(double, samples *nonzeros);
  biascope_status status = start && column && value ? BIASCOPE_OK : bs_fail_memory(error, "the benchmark");
  const size_t stride = features / nonzeros; /* one entry in each stretch of features: ascending, and none twice */
  for (size_t at = 0; at < samples * nonzeros && status == BIASCOPE_OK; at++) {
    const size_t first = at % nonzeros * stride;
    column[at] = (uint32_t)(first + bs_random_below(SEED, BS_STREAM_NOISE, at, stride));
    value[at] = bs_random_normal(SEED, BS_STREAM_DATA, at);
    start[at / nonzeros + 1] = at + 1;
  }
  if (status == BIASCOPE_OK) status = biascope_dataset_from_csr(samples, features, start, column, value, out, error);
  free(start);
  free(column);
  free(value);
  return status;
}

typedef struct {
  biascope_dataset *dense, *sparse;
} full_batches;

static biascope_status create_data(full_batches *data, biascope_error *error) {
  enum { DENSE_SAMPLES = 4000, DENSE_FEATURES = 1000 };
  enum { SPARSE_SAMPLES = 20000, SPARSE_FEATURES = 47000, SPARSE_NONZEROS = 75 };
  const biascope_generate_options shape = {.samples = DENSE_SAMPLES, .features = DENSE_FEATURES, .seed = SEED};
  const biascope_status status = biascope_dataset_generate(BIASCOPE_GAUSSIAN, &shape, &data->dense, error);
  if (status != BIASCOPE_OK) return status;
  return bench_sparse_data(SPARSE_SAMPLES, SPARSE_FEATURES, SPARSE_NONZEROS, &data->sparse, error);
}

static biascope_status create_trainer(const biascope_dataset *data, size_t threads, biascope_trainer **out,
                                      biascope_error *error) {
  char text[32];
  biascope_options *options = NULL;
  biascope_status status = biascope_options_create("gd", &options, error);
  snprintf(text, sizeof text, "%zu", threads);
  if (status == BIASCOPE_OK) status = biascope_options_set(options, "threads", text, error);
  if (status == BIASCOPE_OK) status = biascope_trainer_create(data, options, out, error);
  biascope_options_free(options);
  return status;
}

/* `entry_bytes`: read from memory in a step. */
static bench_bandwidth row_of(const char *what, size_t threads, const biascope_dataset *data, double entry_bytes) {
  const size_t nonzeros = biascope_dataset_nonzeros(data);
  return (bench_bandwidth){.what = what,
                           .threads = threads,
                           .samples = biascope_dataset_samples(data),
                           .features = biascope_dataset_features(data),
                           .nonzeros = nonzeros,
                           .bytes = entry_bytes * (double)nonzeros};
}

/* A triad and the two steps, with so many threads. */
static biascope_status time_threads(const full_batches *data, size_t threads, bench_bandwidth *out,
                                    biascope_error *error) {
  triad_run triad;
  biascope_trainer *dense = NULL, *sparse = NULL;
  biascope_status status = create_triad(&triad, threads, error);
  if (status == BIASCOPE_OK) status = create_trainer(data->dense, threads, &dense, error);
  if (status == BIASCOPE_OK) status = create_trainer(data->sparse, threads, &sparse, error);
  bench_timed timed[BENCH_EACH] = {{.step = step_triad, .run = &triad},
                                   {.step = bench_step_trainer, .run = dense},
                                   {.step = bench_step_trainer, .run = sparse}};
  if (status == BIASCOPE_OK) status = bench_time(timed, BENCH_EACH, error);
  out[0] = (bench_bandwidth){.what = "triad", .threads = threads, .bytes = 3.0 * sizeof(double) * TRIAD};
  out[1] = row_of("dense", threads, data->dense, sizeof(double));
  out[2] = row_of("sparse", threads, data->sparse, 2.0 * (sizeof(double) + sizeof(uint32_t)));
  for (size_t i = 0; i < BENCH_EACH; i++) out[i].seconds = timed[i].median;
  biascope_trainer_free(dense);
  biascope_trainer_free(sparse);
  free_triad(&triad);
  return status;
}

biascope_status bench_bandwidths(bench_bandwidth *out, biascope_error *error) {
  const long processors = sysconf(_SC_NPROCESSORS_ONLN);
  full_batches data = {NULL, NULL};
  biascope_status status = create_data(&data, error);
  if (status == BIASCOPE_OK) status = time_threads(&data, 1, out, error);
  if (status == BIASCOPE_OK)
    status = time_threads(&data, processors > 1 ? (size_t)processors : 1, out + BENCH_EACH, error);
  biascope_dataset_free(data.dense);
  biascope_dataset_free(data.sparse);
  return status;
}

static const bench_bandwidth *triad_of(const bench_bandwidth *rows, size_t i) {
  return &rows[i / BENCH_EACH * BENCH_EACH];
}

static double gigabytes(const bench_bandwidth *row) {
  return 1e-9 * row->bytes / row->seconds;
}

void bench_bandwidths_print(const bench_bandwidth *rows) {
  printf("\nFull batch, gradient descent: dense data read once, sparse twice, against a[i] = b[i] + s c[i]\n"
         "%10s %8s %10s %10s %10s %12s %8s %8s\n",
         "", "threads", "samples", "features", "nonzeros", "step ms", "GB/s", "ratio");
  for (size_t i = 0; i < BENCH_BANDWIDTHS; i++)
    printf("%10s %8zu %10zu %10zu %10zu %12.3f %8.1f %8.2f\n", rows[i].what, rows[i].threads, rows[i].samples,
           rows[i].features, rows[i].nonzeros, 1e3 * rows[i].seconds, gigabytes(&rows[i]),
           gigabytes(&rows[i]) / gigabytes(triad_of(rows, i)));
}

void bench_bandwidths_json(const bench_bandwidth *rows) {
  for (size_t i = 0; i < BENCH_BANDWIDTHS; i++)
    printf("%s{\"what\":\"%s\",\"threads\":%zu,\"samples\":%zu,\"features\":%zu,\"nonzeros\":%zu,\"step_ns\":%.17g,"
           "\"gigabytes_per_second\":%.17g,\"ratio\":%.17g}",
           i ? "," : "[", rows[i].what, rows[i].threads, rows[i].samples, rows[i].features, rows[i].nonzeros,
           1e9 * rows[i].seconds, gigabytes(&rows[i]), gigabytes(&rows[i]) / gigabytes(triad_of(rows, i)));
  putchar(']');
}
