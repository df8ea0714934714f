/* A full batch's step against STREAM's triad: how near the two passes over the data are to what memory delivers. */
#include "bench.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/rng.h"
#include "least_step.h"

#include <stdio.h>
#include <stdlib.h>

enum { TRIAD = 1 << 22, SEED = 1 };

typedef struct {
  double *a, *b, *c;
} triad_run;

static biascope_status step_triad(void *run, uint64_t steps, biascope_error *error) {
  const triad_run *t = run;
  (void)error;
  for (uint64_t i = 0; i < steps; i++) least_triad(TRIAD, t->a, t->b, t->c);
  return BIASCOPE_OK;
}

static biascope_status time_triad(bench_bandwidth *out, biascope_error *error) {
  triad_run t = {BS_NEW(double, TRIAD), BS_NEW(double, TRIAD), BS_NEW(double, TRIAD)};
  biascope_status status = t.a && t.b && t.c ? BIASCOPE_OK : bs_fail_memory(error, "the benchmark");
  if (status == BIASCOPE_OK) status = bench_time(step_triad, &t, &out->seconds, error);
  out->bytes = 3.0 * sizeof(double) * TRIAD;
  free(t.a);
  free(t.b);
  free(t.c);
  return status;
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

/* `entry_bytes`: read from memory in a step. */
static biascope_status time_full_batch(const biascope_dataset *data, double entry_bytes, bench_bandwidth *out,
                                       biascope_error *error) {
  out->samples = biascope_dataset_samples(data);
  out->features = biascope_dataset_features(data);
  out->nonzeros = biascope_dataset_nonzeros(data);
  out->bytes = entry_bytes * (double)out->nonzeros;
  biascope_options *options = NULL;
  biascope_status status = biascope_options_create("gd", &options, error);
  if (status == BIASCOPE_OK) status = bench_time_trainer(data, options, &out->seconds, error);
  biascope_options_free(options);
  return status;
}

biascope_status bench_bandwidths(bench_bandwidth *out, biascope_error *error) {
  enum { DENSE_SAMPLES = 4000, DENSE_FEATURES = 1000 };
  enum { SPARSE_SAMPLES = 20000, SPARSE_FEATURES = 47000, SPARSE_NONZEROS = 75 };
  const biascope_generate_options shape = {.samples = DENSE_SAMPLES, .features = DENSE_FEATURES, .seed = SEED};
  biascope_dataset *data = NULL;
  out[0] = (bench_bandwidth){.what = "triad"};
  out[1] = (bench_bandwidth){.what = "dense"};
  out[2] = (bench_bandwidth){.what = "sparse"};
  biascope_status status = time_triad(&out[0], error);
  if (status == BIASCOPE_OK) status = biascope_dataset_generate(BIASCOPE_GAUSSIAN, &shape, &data, error);
  if (status == BIASCOPE_OK) status = time_full_batch(data, sizeof(double), &out[1], error);
  biascope_dataset_free(data);
  data = NULL;
  if (status == BIASCOPE_OK) status = bench_sparse_data(SPARSE_SAMPLES, SPARSE_FEATURES, SPARSE_NONZEROS, &data, error);
  if (status == BIASCOPE_OK) status = time_full_batch(data, 2.0 * (sizeof(double) + sizeof(uint32_t)), &out[2], error);
  biascope_dataset_free(data);
  return status;
}

static double gigabytes(const bench_bandwidth *row) {
  return 1e-9 * row->bytes / row->seconds;
}

void bench_bandwidths_print(const bench_bandwidth *rows) {
  printf("\nFull batch, gradient descent: dense data read once, sparse twice, against a[i] = b[i] + s c[i]\n%10s %10s "
         "%10s %10s "
         "%12s %8s %8s\n",
         "", "samples", "features", "nonzeros", "step ms", "GB/s", "ratio");
  for (size_t i = 0; i < BENCH_BANDWIDTHS; i++)
    printf("%10s %10zu %10zu %10zu %12.3f %8.1f %8.2f\n", rows[i].what, rows[i].samples, rows[i].features,
           rows[i].nonzeros, 1e3 * rows[i].seconds, gigabytes(&rows[i]), gigabytes(&rows[i]) / gigabytes(&rows[0]));
}

void bench_bandwidths_json(const bench_bandwidth *rows) {
  for (size_t i = 0; i < BENCH_BANDWIDTHS; i++)
    printf("%s{\"what\":\"%s\",\"samples\":%zu,\"features\":%zu,\"nonzeros\":%zu,\"step_ns\":%.17g,"
           "\"gigabytes_per_second\":%.17g,\"ratio\":%.17g}",
           i ? "," : "[", rows[i].what, rows[i].samples, rows[i].features, rows[i].nonzeros, 1e9 * rows[i].seconds,
           gigabytes(&rows[i]), gigabytes(&rows[i]) / gigabytes(&rows[0]));
  putchar(']');
}
