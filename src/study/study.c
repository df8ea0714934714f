/* A study from specification to store: the functions of the public header, which use plan, ranks, store and sweep. */
#include "base/error.h"
#include "base/memory.h"
#include "biascope_study.h"
#include "study/ranks.h"
#include "study/store.h"
#include "study/sweep.h"
#include <stdlib.h>

struct biascope_study {
  bs_spec spec;
  bs_plan plan;
};

biascope_status biascope_study_read(const char *path, biascope_study **out, biascope_error *error) {
  return biascope_study_read_tested(path, NULL, 0.0, out, error);
}

biascope_status biascope_study_read_tested(const char *path, const char *test, double test_fraction,
                                           biascope_study **out, biascope_error *error) {
  biascope_study *study = *out = BS_NEW(biascope_study, 1);
  biascope_status status = study ? bs_spec_read(path, &study->spec, error) : bs_fail_memory(error, "a study");
  if (status == BIASCOPE_OK && (test || test_fraction > 0.0))
    status = bs_spec_add_test(&study->spec, test, test_fraction, error);
  if (status == BIASCOPE_OK) status = bs_plan_make(&study->spec, &study->plan, error);
  const biascope_status worst = bs_ranks_check(status);
  if (status == BIASCOPE_OK && worst != BIASCOPE_OK)
    status = bs_fail(error, worst, "%s: another process of the sweep failed to read the study", path);
  if (status == BIASCOPE_OK) return status;
  biascope_study_free(study);
  *out = NULL;
  return status;
}

void biascope_study_free(biascope_study *study) {
  if (!study) return;
  bs_plan_free(&study->plan);
  bs_spec_free(&study->spec);
  free(study);
}

size_t biascope_study_runs(const biascope_study *study) {
  return study->plan.run_count;
}

size_t biascope_study_combinations(const biascope_study *study) {
  return study->plan.combinations;
}

void biascope_study_keep_shard(biascope_study *study, size_t index, size_t count) {
  bs_plan_keep_shard(&study->plan, index, count);
}

biascope_status biascope_study_drop_finished(biascope_study *study, biascope_store *store, biascope_error *error) {
  bs_fingerprint *finished = NULL;
  size_t count = 0;
  const biascope_status status = bs_store_finished(store, &finished, &count, error);
  if (status == BIASCOPE_OK) bs_plan_drop(&study->plan, finished, count);
  free(finished);
  return status;
}

biascope_status biascope_study_estimate(const biascope_study *study, size_t jobs, double *seconds,
                                        biascope_error *error) {
  return bs_sweep_estimate(&study->plan, jobs > 0 ? jobs : 1, seconds, error);
}

/* Rank 0: opens the store and reads which runs it has. */
static biascope_status open_store(const biascope_study *study, const char *path, biascope_store **store,
                                  bs_fingerprint **finished, size_t *count, biascope_error *error) {
  const bs_spec *spec = &study->spec;
  biascope_status status = biascope_store_open(path, BIASCOPE_STORE_WRITE, store, error);
  if (status == BIASCOPE_OK)
    status = bs_store_add_study(*store, spec->name, spec->path, bs_toml_source(spec->document), error);
  return status == BIASCOPE_OK ? bs_store_finished(*store, finished, count, error) : status;
}

biascope_status biascope_study_sweep(biascope_study *study, const char *store_path, size_t jobs,
                                     const biascope_monitor *monitor, biascope_sweep_result *out,
                                     biascope_error *error) {
  bs_ranks ranks = bs_ranks_here();
  biascope_store *store = NULL;
  bs_fingerprint *finished = NULL;
  size_t count = 0;
  *out = (biascope_sweep_result){0};
  biascope_status status =
      ranks.rank == 0 ? open_store(study, store_path, &store, &finished, &count, error) : BIASCOPE_OK;
  const biascope_status agreed = bs_ranks_agree(status, &finished, &count);
  if (status == BIASCOPE_OK && agreed != BIASCOPE_OK)
    status = bs_fail(error, agreed, "%s: the process that has the store failed", store_path);
  if (status == BIASCOPE_OK) {
    bs_plan_drop(&study->plan, finished, count);
    bs_sink sink = bs_store_sink(store);
    bs_ranks_divide(&ranks, &study->plan, &sink);
    status = bs_sweep_run(&study->plan, &sink, jobs > 0 ? jobs : 1, monitor, out, error);
    bs_ranks_finish(&ranks);
  }
  free(finished);
  biascope_store_close(store);
  return status;
}
