/* An expanded study: its data sets and its runs. Each run has the identity by which a store recognises it. */
#ifndef BIASCOPE_STUDY_PLAN_H
#define BIASCOPE_STUDY_PLAN_H

#include "data/fingerprint.h"
#include "study/spec.h"

typedef struct {
  const bs_source *source;
  biascope_generate_options generate; /* of a file the seed alone: it chooses the part held out */
  double test_fraction;               /* of a file; 0: none */
  bs_fingerprint fingerprint, test_fingerprint;
  size_t samples, features, test_samples; /* test_samples: 0 if there are no test data */
} bs_plan_data;

typedef struct {
  size_t data;
  biascope_options options; /* options on which the run does not depend have a fixed value */
  uint64_t steps;
  bs_fingerprint id; /* of the data's fingerprint and the options */
} bs_plan_run;

/* The runs of one data set are next to each other. */
typedef struct {
  const bs_spec *spec;
  bs_plan_data *data;
  size_t data_count;
  bs_plan_run *runs;
  size_t run_count;
  size_t combinations; /* of the grids; more than run_count if some are the same run */
} bs_plan;

/* Reads every data file, generates every data set once, and checks every combination. */
biascope_status bs_plan_make(const bs_spec *spec, bs_plan *out, biascope_error *error);
void bs_plan_free(bs_plan *plan);
/* Keeps every count-th run, starting with number `index` modulo count: shards 1 .. count are 0 .. count - 1. */
void bs_plan_keep_shard(bs_plan *plan, size_t index, size_t count);
/* Drops the runs whose identities are in the ascending list of `count`. */
void bs_plan_drop(bs_plan *plan, const bs_fingerprint *finished, size_t count);
/* The approximate cost of a run, on a common scale. */
double bs_plan_work(const bs_plan *plan, const bs_plan_run *run);
/* Reads or generates data set `index` again, and its test data (*test is NULL if it has none); an error if a file has
 * changed since. */
biascope_status bs_plan_load(const bs_plan *plan, size_t index, biascope_dataset **out, biascope_dataset **test,
                             biascope_error *error);
/* The full specification of the run as JSON; NULL if out of memory. Freed with free(). */
char *bs_plan_describe(const bs_plan *plan, const bs_plan_run *run);

#endif
