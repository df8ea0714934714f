/* What the program biascope-bench measures with, and its tables beside that of dense steps. */
#ifndef BIASCOPE_BENCH_BENCH_H
#define BIASCOPE_BENCH_BENCH_H

#include "biascope.h"

enum { BENCH_REPEATS = 9 };    /* of which the median counts */
enum { BENCH_MOST_TIMED = 5 }; /* things that are timed in turn */

/* Takes a number of steps of whatever is timed. */
typedef biascope_status (*bench_stepper)(void *run, uint64_t steps, biascope_error *error);

typedef struct {
  bench_stepper step;
  void *run;
  uint64_t steps; /* at once, as many as take a measurable time; filled by bench_time */
  double median;  /* seconds of a step; filled by bench_time */
} bench_timed;

/* Times them in turn, for what disturbs the machine to disturb all of them. */
biascope_status bench_time(bench_timed *timed, size_t count, biascope_error *error);
biascope_status bench_step_trainer(void *run, uint64_t steps, biascope_error *error);
/* Median seconds of a trainer's step. */
biascope_status bench_time_trainer(const biascope_dataset *data, const biascope_options *options, double *median,
                                   biascope_error *error);
/* Step sizes are BENCH_LR / sqrt(t + 2): margins stay small, and moments in range. (Of 10,000 features, steps of the
 * usual size lead to margins of thousands at once; the moments then fade into subnormal numbers, whose divisions take
 * twice as long.) */
#define BENCH_LR "1e-6"
/* Adam with one sample in a batch. */
biascope_status bench_adam(biascope_options **options, biascope_error *error);

/* The state of a loop that a step is compared with. */
typedef struct {
  size_t samples, features, length; /* length: of a row, padded or not */
  double *x, *w, *m, *v;
} bench_loop;

/* Free on failure too. */
biascope_status bench_loop_create(const biascope_dataset *data, bool padded, bench_loop *loop, biascope_error *error);
void bench_loop_free(bench_loop *loop);
biascope_status bench_step_least(void *run, uint64_t steps, biascope_error *error); /* of a padded loop */
biascope_status bench_step_plain(void *run, uint64_t steps, biascope_error *error); /* of one without padding */

/* Rows of so many nonzeros at random places, labelled so that their first decides. */
biascope_status bench_sparse_data(size_t samples, size_t features, size_t nonzeros, biascope_dataset **out,
                                  biascope_error *error);

/* Many runs, one after the other and together. */
typedef struct {
  size_t features;
  double plain, alone, together; /* seconds of a step of one run */
} bench_lanes;

enum { BENCH_LANES = 6 };
biascope_status bench_lanes_run(bench_lanes *out, biascope_error *error);
void bench_lanes_print(const bench_lanes *rows);
void bench_lanes_json(const bench_lanes *rows); /* an array, on stdout */

/* Full batches beside the memory's bandwidth. */
typedef struct {
  const char *what;
  size_t samples, features, nonzeros, threads;
  double seconds; /* a step, or a triad */
  double bytes;   /* the data read once for the margins and once for the gradient; what a triad reads and writes */
} bench_bandwidth;

/* With one thread, then with one for each processor; the triad is the first of each. */
enum { BENCH_EACH = 3, BENCH_BANDWIDTHS = 2 * BENCH_EACH };
biascope_status bench_bandwidths(bench_bandwidth *out, biascope_error *error);
void bench_bandwidths_print(const bench_bandwidth *rows);
void bench_bandwidths_json(const bench_bandwidth *rows);

/* Steps of several classes beside matrix products; seconds. */
typedef struct {
  size_t classes, features;
  double products, library; /* a step's two products, ours and those of the linear algebra library */
  double descent;           /* a step of gradient descent */
  double iterations;        /* the products of Newton and Schulz's iterations, by the library */
  double muon;              /* a step of muon with these iterations */
} bench_matrix;

enum { BENCH_MATRICES = 3 };
biascope_status bench_matrices_run(bench_matrix *out, biascope_error *error);
void bench_matrices_print(const bench_matrix *rows);
void bench_matrices_json(const bench_matrix *rows);

#endif
