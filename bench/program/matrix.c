/* Steps of several classes, on k x d weights and the full batch, against their matrix products, and these products
 * against those of the linear algebra library, all with one thread. */
#include "bench.h"

#include "base/block.h"
#include "base/dense.h"
#include "base/error.h"
#include "base/lanes.h"
#include "base/memory.h"
#include "base/rng.h"

#include <stdio.h>
#include <stdlib.h>

enum { SAMPLES = 512, SEED = 1, ITERATIONS = 5 };
static const struct { size_t classes, features; } SHAPES[BENCH_MATRICES] = {{3, 64}, {10, 512}, {100, 1000}};

typedef struct {
  size_t classes, features, padded;
  double *x, *w, *score, *g; /* samples x padded, classes x padded, samples x classes, classes x padded */
  double *square, *cube;     /* classes x classes */
} matrices;

static biascope_status create_matrices(matrices *m, size_t classes, size_t features, biascope_error *error) {
  const size_t padded = bs_padded(features);
  *m = (matrices){.classes = classes, .features = features, .padded = padded};
  const bs_array arrays[] = {{&m->x, SAMPLES * padded}, {&m->w, classes * padded},       {&m->score, SAMPLES * classes},
                             {&m->g, classes * padded}, {&m->square, classes * classes}, {&m->cube, classes * classes}};
  if (!bs_arrays_allocate(sizeof arrays / sizeof *arrays, arrays)) return bs_fail_memory(error, "the benchmark");
  for (size_t i = 0; i < SAMPLES * padded; i++) m->x[i] = bs_random_normal(SEED, BS_STREAM_DATA, i);
  for (size_t i = 0; i < classes * padded; i++) m->w[i] = 1e-3 * bs_random_normal(SEED, BS_STREAM_NOISE, i);
  return BIASCOPE_OK;
}

static void free_matrices(matrices *m) {
  const bs_array arrays[] = {{&m->x, 0}, {&m->w, 0}, {&m->score, 0}, {&m->g, 0}, {&m->square, 0}, {&m->cube, 0}};
  bs_arrays_free(sizeof arrays / sizeof *arrays, arrays);
}

/* The products of a step: scores, and the gradient. */
static biascope_status multiply(void *state, uint64_t steps, biascope_error *error) {
  const matrices *m = state;
  (void)error;
  for (uint64_t i = 0; i < steps; i++) {
    bs_block_products(m->padded, SAMPLES, m->x, NULL, m->classes, m->w, m->score);
    bs_block_combine(m->padded, SAMPLES, m->x, NULL, m->classes, m->score, m->g);
  }
  return BIASCOPE_OK;
}

static biascope_status multiply_by_library(void *state, uint64_t steps, biascope_error *error) {
  const matrices *m = state;
  (void)error;
  for (uint64_t i = 0; i < steps; i++) {
    bs_dense_multiply_abt(SAMPLES, m->classes, m->padded, 1.0, m->x, m->w, m->score, m->classes);
    bs_dense_multiply_atb(m->classes, m->padded, SAMPLES, 1.0, m->score, m->x, m->g);
  }
  return BIASCOPE_OK;
}

/* Those of Newton and Schulz's iterations beside. */
static biascope_status iterate_by_library(void *state, uint64_t steps, biascope_error *error) {
  const matrices *m = state;
  const size_t k = m->classes;
  (void)error;
  for (uint64_t i = 0; i < steps * ITERATIONS; i++) {
    bs_dense_multiply_abt(k, k, m->padded, 1.0, m->w, m->w, m->square, k);
    bs_dense_multiply_abt(k, k, k, 1.0, m->square, m->square, m->cube, k);
    bs_dense_multiply_atb(k, m->padded, k, 1.0, m->cube, m->w, m->g);
  }
  return BIASCOPE_OK;
}

static biascope_status create_trainer(const biascope_dataset *data, const char *optimizer, biascope_trainer **out,
                                      biascope_error *error) {
  char iterations[16];
  biascope_options *options = NULL;
  biascope_status status = biascope_options_create(optimizer, &options, error);
  snprintf(iterations, sizeof iterations, "%d", ITERATIONS);
  if (status == BIASCOPE_OK) status = biascope_options_set(options, "lr", BENCH_LR, error);
  if (status == BIASCOPE_OK && biascope_options_reads(options, "newton_schulz"))
    status = biascope_options_set(options, "newton_schulz", iterations, error);
  if (status == BIASCOPE_OK) status = biascope_trainer_create(data, options, out, error);
  biascope_options_free(options);
  return status;
}

static biascope_status run_case(bench_matrix *out, biascope_error *error) {
  const biascope_generate_options shape = {
      .samples = SAMPLES, .features = out->features, .seed = SEED, .classes = out->classes, .distance = 1.0};
  biascope_dataset *data = NULL;
  biascope_trainer *descent = NULL, *muon = NULL;
  matrices m = {0};
  biascope_status status = biascope_dataset_generate(BIASCOPE_MIXTURE, &shape, &data, error);
  if (status == BIASCOPE_OK) status = create_matrices(&m, out->classes, out->features, error);
  if (status == BIASCOPE_OK) status = create_trainer(data, "gd", &descent, error);
  if (status == BIASCOPE_OK) status = create_trainer(data, "muon", &muon, error);
  bench_timed timed[] = {{.step = multiply, .run = &m},
                         {.step = multiply_by_library, .run = &m},
                         {.step = bench_step_trainer, .run = descent},
                         {.step = iterate_by_library, .run = &m},
                         {.step = bench_step_trainer, .run = muon}};
  if (status == BIASCOPE_OK) status = bench_time(timed, sizeof timed / sizeof *timed, error);
  out->products = timed[0].median;
  out->library = timed[1].median;
  out->descent = timed[2].median;
  out->iterations = timed[3].median;
  out->muon = timed[4].median;
  free_matrices(&m);
  biascope_trainer_free(descent);
  biascope_trainer_free(muon);
  biascope_dataset_free(data);
  return status;
}

biascope_status bench_matrices_run(bench_matrix *out, biascope_error *error) {
  biascope_status status = BIASCOPE_OK;
  bs_dense_set_threads(1);
  for (size_t i = 0; i < BENCH_MATRICES && status == BIASCOPE_OK; i++) {
    out[i] = (bench_matrix){.classes = SHAPES[i].classes, .features = SHAPES[i].features};
    status = run_case(&out[i], error);
  }
  return status;
}

void bench_matrices_print(const bench_matrix *rows) {
  printf("\nk x d weights, full batch of %d: a step's two products, ours and the linear algebra library's; gradient "
         "descent;\nthe products of %d Newton-Schulz iterations, the library's; muon with these; microseconds\n"
         "%8s %8s %10s %10s %8s %10s %8s %10s %10s %8s\n",
         SAMPLES, ITERATIONS, "classes", "features", "products", "library", "ratio", "gd step", "ratio", "iterations",
         "muon step", "ratio");
  for (size_t i = 0; i < BENCH_MATRICES; i++) {
    const bench_matrix *r = &rows[i];
    printf("%8zu %8zu %10.1f %10.1f %8.2f %10.1f %8.2f %10.1f %10.1f %8.2f\n", r->classes, r->features,
           1e6 * r->products, 1e6 * r->library, r->products / r->library, 1e6 * r->descent, r->descent / r->library,
           1e6 * r->iterations, 1e6 * r->muon, r->muon / (r->library + r->iterations));
  }
}

void bench_matrices_json(const bench_matrix *rows) {
  for (size_t i = 0; i < BENCH_MATRICES; i++)
    printf("%s{\"classes\":%zu,\"features\":%zu,\"samples\":%d,\"products_ns\":%.17g,\"library_products_ns\":%.17g,"
           "\"gd_step_ns\":%.17g,\"library_iterations_ns\":%.17g,\"muon_step_ns\":%.17g}",
           i ? "," : "[", rows[i].classes, rows[i].features, SAMPLES, 1e9 * rows[i].products, 1e9 * rows[i].library,
           1e9 * rows[i].descent, 1e9 * rows[i].iterations, 1e9 * rows[i].muon);
  putchar(']');
}
