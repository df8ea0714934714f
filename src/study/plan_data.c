/* Reads or generates the data sets of a plan, with their test data. */
#include "study/plan_internal.h"

#include "base/error.h"
#include <string.h>

static biascope_read_options read_options_of(const bs_plan_data *data) {
  biascope_read_options options = data->source->read;
  options.held_out = data->test_fraction;
  options.seed = data->generate.seed;
  return options;
}

static biascope_status produce(const bs_plan_data *data, biascope_dataset **out, biascope_error *error) {
  const bs_source *source = data->source;
  if (!source->path) return biascope_dataset_generate(source->kind, &data->generate, out, error);
  const biascope_read_options options = read_options_of(data);
  return biascope_dataset_read(source->path, &options, out, error);
}

/* Whether the test data are data like these; BIASCOPE_BAD_INPUT if not. */
static biascope_status check_test(const bs_source *source, const biascope_dataset *data, const biascope_dataset *test,
                                  biascope_error *error) {
  biascope_problem *problem;
  biascope_error reason;
  biascope_status status = biascope_problem_create(data, &problem, error);
  if (status != BIASCOPE_OK) return status;
  status = biascope_problem_set_test(problem, test, &reason);
  biascope_problem_free(problem);
  if (status == BIASCOPE_OK) return status;
  return bs_fail(error, BIASCOPE_BAD_INPUT, "%s: %s", source->test ? source->test : source->path, reason.message);
}

/* *out is NULL if there are none. */
static biascope_status produce_test(const bs_plan_data *data, const biascope_dataset *like, biascope_dataset **out,
                                    biascope_error *error) {
  const bs_source *source = data->source;
  *out = NULL;
  if (!source->test && data->test_fraction == 0.0) return BIASCOPE_OK;
  const biascope_model model = biascope_dataset_model(like, biascope_dataset_outputs(like), NULL);
  biascope_read_options options = read_options_of(data);
  options.held_out_part = !source->test;
  if (source->test) options.labels = source->test_labels;
  const char *path = source->test ? source->test : source->path;
  const biascope_status status = biascope_dataset_read_like(path, &options, &model, out, error);
  return status == BIASCOPE_OK ? check_test(source, like, *out, error) : status;
}

static void free_both(biascope_dataset **data, biascope_dataset **test) {
  biascope_dataset_free(*data);
  biascope_dataset_free(*test);
  *data = *test = NULL;
}

biascope_status bs_plan_produce(const bs_plan_data *data, biascope_dataset **out, biascope_dataset **test,
                                biascope_error *error) {
  *out = *test = NULL;
  biascope_status status = produce(data, out, error);
  if (status == BIASCOPE_OK) status = produce_test(data, *out, test, error);
  if (status != BIASCOPE_OK) free_both(out, test);
  return status;
}

static bool is_same(const biascope_dataset *data, const bs_fingerprint *known) {
  return !data || !strcmp(bs_dataset_fingerprint(data).text, known->text);
}

biascope_status bs_plan_load(const bs_plan *plan, size_t index, biascope_dataset **out, biascope_dataset **test,
                             biascope_error *error) {
  const bs_plan_data *data = &plan->data[index];
  const biascope_status status = bs_plan_produce(data, out, test, error);
  if (status != BIASCOPE_OK) return status;
  const bool same = is_same(*out, &data->fingerprint);
  if (same && is_same(*test, &data->test_fingerprint)) return BIASCOPE_OK;
  free_both(out, test);
  return bs_fail(error, BIASCOPE_BAD_INPUT, "%s: the file has changed since the study began",
                 same && data->source->test ? data->source->test : data->source->path);
}
