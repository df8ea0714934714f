/* What the program biascope-bench measures with, and its tables beside that of dense steps. */
#ifndef BIASCOPE_BENCH_BENCH_H
#define BIASCOPE_BENCH_BENCH_H

#include "biascope.h"

enum { BENCH_REPEATS = 5 }; /* of which the median counts */

/* Takes a number of steps of whatever is timed. */
typedef biascope_status (*bench_stepper)(void *run, uint64_t steps, biascope_error *error);
/* Median seconds a step, of as many steps at once as take a measurable time. */
biascope_status bench_time(bench_stepper step, void *run, double *median, biascope_error *error);
/* The same of a trainer's steps. */
biascope_status bench_time_trainer(const biascope_dataset *data, const biascope_options *options, double *median,
                                   biascope_error *error);
/* Rows of so many nonzeros at random places, labelled so that their first decides. */
biascope_status bench_sparse_data(size_t samples, size_t features, size_t nonzeros, biascope_dataset **out,
                                  biascope_error *error);

/* Many runs, one after the other and side by side in vector lanes. */
typedef struct {
  size_t features;
  double alone, together; /* seconds a step of one run */
} bench_lanes;

enum { BENCH_LANES = 6 };
biascope_status bench_lanes_run(bench_lanes *out, biascope_error *error);
void bench_lanes_print(const bench_lanes *rows);
void bench_lanes_json(const bench_lanes *rows); /* an array, on stdout */

/* Full batches beside the memory's bandwidth. */
typedef struct {
  const char *what;
  size_t samples, features, nonzeros;
  double seconds; /* a step, or a triad */
  double bytes;   /* the data read once for the margins and once for the gradient; what a triad reads and writes */
} bench_bandwidth;

enum { BENCH_BANDWIDTHS = 3 }; /* the first one is the triad */
biascope_status bench_bandwidths(bench_bandwidth *out, biascope_error *error);
void bench_bandwidths_print(const bench_bandwidth *rows);
void bench_bandwidths_json(const bench_bandwidth *rows);

#endif
