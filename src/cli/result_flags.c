/* The flags that say what becomes of weights: --out writes them, --test classifies other data by them. */
#include "cli/cli.h"

#include <stdio.h>

enum { OUT = 5500, TEST };

static const struct argp_option OPTIONS[] = {
    {"out", OUT, "FILE", 0, "Write the direction, by the file's ending: .json (for apply), .csv or .npy", 1},
    {"test", TEST, "FILE", 0, "Classify these data too, read and treated as DATA are: test_accuracy", 1},
    {0},
};

static error_t parse(int key, char *text, struct argp_state *state) {
  cli_result *result = state->input;
  if (key == OUT)
    result->out = text;
  else if (key == TEST)
    result->test = text;
  else
    return ARGP_ERR_UNKNOWN;
  return 0;
}

const struct argp cli_result_argp = {.options = OPTIONS, .parser = parse};

biascope_status cli_read_like(const cli_common *common, const char *path, const biascope_model *model,
                              biascope_dataset **out, biascope_error *error) {
  biascope_read_options read = common->read;
  read.columns = read.drop = read.positive = NULL;
  read.scaling = BIASCOPE_UNSCALED;
  read.intercept = false;
  read.several_classes = model->outputs > 1;
  read.like = model;
  return biascope_dataset_read(path, &read, out, error);
}

static biascope_status test(const cli_common *common, const char *path, const biascope_model *model, double *accuracy,
                            biascope_error *error) {
  biascope_dataset *data;
  biascope_status status = cli_read_like(common, path, model, &data, error);
  if (status != BIASCOPE_OK) return status;
  biascope_application application;
  status = biascope_model_apply(model, data, &application, error);
  if (status == BIASCOPE_OK) *accuracy = application.accuracy;
  biascope_application_free(&application);
  biascope_dataset_free(data);
  return status;
}

biascope_status cli_finish_result(const cli_common *common, cli_result *result, const biascope_dataset *data,
                                  const double *weights, biascope_error *error) {
  const biascope_model model = biascope_dataset_model(data, 1, weights);
  biascope_status status = BIASCOPE_OK;
  if (result->test) status = test(common, result->test, &model, &result->test_accuracy, error);
  if (status == BIASCOPE_OK && result->out) status = biascope_model_write(&model, result->out, error);
  return status;
}

void cli_json_data(json_t *object, const biascope_dataset *data, const cli_result *result) {
  cli_split_intercept(object, data);
  if (result && result->test) json_object_set_new(object, "test_accuracy", cli_json_number(result->test_accuracy));
  cli_json_notes(object, data);
}

void cli_print_test(const char *name, const cli_result *result) {
  if (result->test) printf("%s%.4g %% of %s\n", name, 100.0 * result->test_accuracy, result->test);
}
