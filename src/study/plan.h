/* A study expanded: its data sets and its runs, each run with the identity by which a store knows it. */
#ifndef BIASCOPE_STUDY_PLAN_H
#define BIASCOPE_STUDY_PLAN_H

#include "data/fingerprint.h"
#include "study/spec.h"

typedef struct {
  const bs_source *source;
  biascope_generate_options generate; /* where the source is generated */
  bs_fingerprint fingerprint;
  size_t samples, features;
} bs_plan_data;

typedef struct {
  size_t data;
  biascope_options options; /* what the run does not depend on is at a fixed value */
  uint64_t steps;
  bs_fingerprint id; /* of the data's fingerprint and the options */
} bs_plan_run;

/* Runs of one data set stand together. */
typedef struct {
  const bs_spec *spec;
  bs_plan_data *data;
  size_t data_count;
  bs_plan_run *runs;
  size_t run_count;
  size_t combinations; /* of the grids; more than run_count where some are the same run */
} bs_plan;

/* Reads every data file, generates every data set once, and checks every combination. */
biascope_status bs_plan_make(const bs_spec *spec, bs_plan *out, biascope_error *error);
void bs_plan_free(bs_plan *plan);
/* Keeps every count-th run, from number `index` on, which counts modulo count: shards 1 .. count are 0 .. count - 1. */
void bs_plan_keep_shard(bs_plan *plan, size_t index, size_t count);
/* Drops the runs whose identity is among the `count` ascending ones. */
void bs_plan_drop(bs_plan *plan, const bs_fingerprint *finished, size_t count);
/* About what a run costs, on a scale that all runs share. */
double bs_plan_work(const bs_plan *plan, const bs_plan_run *run);
/* Reads or generates data set `index` again; an error where a file has changed since. */
biascope_status bs_plan_load(const bs_plan *plan, size_t index, biascope_dataset **out, biascope_error *error);
/* The run's full specification as JSON; NULL where out of memory. Freed with free(). */
char *bs_plan_describe(const bs_plan *plan, const bs_plan_run *run);

#endif
