/* The flags that say what to do with the weights: --out writes them, --test uses them to classify other data. */
#include "cli/cli.h"

#include <stdio.h>
#include <string.h>

enum { OUT = 5500, TEST, TEST_FRACTION };

static const struct argp_option OPTIONS[] = {
    {"out", OUT, "FILE", 0, "Write the direction, by the file's ending: .json (for apply), .csv or .npy", 1},
    {"test", TEST, "FILE", 0, "Classify these data too, read and treated as DATA are: test_accuracy", 1},
    {"test-fraction", TEST_FRACTION, "F", 0, "Hold this fraction of DATA, chosen by --seed, out as the test", 1},
    {0},
};

static error_t parse(int key, char *text, struct argp_state *state) {
  cli_result *result = state->input;
  if (key == OUT)
    result->out = text;
  else if (key == TEST)
    result->test = text;
  else if (key == TEST_FRACTION)
    result->test_fraction = cli_parse_double(state, "--test-fraction", text, 1e-9, 1.0 - 1e-9);
  else
    return ARGP_ERR_UNKNOWN;
  if (result->test && result->test_fraction > 0.0)
    argp_error(state, "--test and --test-fraction: expected one of them");
  return 0;
}

void cli_hold_out(cli_common *common, const cli_result *result) {
  common->read.held_out = result->test_fraction;
  common->read.seed = common->seed;
}

static bool has_test(const cli_result *result) {
  return result->test || result->test_fraction > 0.0;
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
  if (path == common->data_path)
    read.held_out_part = true;
  else
    read.held_out = 0.0;
  return biascope_dataset_read(path, &read, out, error);
}

static biascope_status test(const cli_common *common, const char *path, const biascope_model *model, double *accuracy,
                            biascope_error *error) {
  biascope_dataset *data;
  if (!strcmp(path, "-")) {
    snprintf(error->message, sizeof error->message, "standard input is read once; expected a file for --test-fraction");
    return error->status = BIASCOPE_USAGE;
  }
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
  const biascope_model model = biascope_dataset_model(data, biascope_dataset_outputs(data), weights);
  biascope_status status = BIASCOPE_OK;
  if (has_test(result))
    status = test(common, result->test ? result->test : common->data_path, &model, &result->test_accuracy, error);
  if (status == BIASCOPE_OK && result->out) status = biascope_model_write(&model, result->out, error);
  return status;
}

void cli_json_data(json_t *object, const biascope_dataset *data, const cli_result *result) {
  cli_split_intercept(object, data);
  if (result && has_test(result)) json_object_set_new(object, "test_accuracy", cli_json_number(result->test_accuracy));
  cli_json_notes(object, data);
}

void cli_print_test(const char *name, const cli_result *result) {
  if (has_test(result))
    printf("%s%.4g %% of %s\n", name, 100.0 * result->test_accuracy,
           result->test ? result->test : "the samples held out");
}
