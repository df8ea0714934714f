/* The flags that say what to do with the weights: --out writes them, --test uses them to classify other data. */
#include "cli/cli.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { OUT = 5500, TEST, TEST_LABELS, TEST_FRACTION };

static const struct argp_option OPTIONS[] = {
    {"out", OUT, "FILE", 0, "Write the direction, by the file's ending: .json (for apply), .csv or .npy", 1},
    {"test", TEST, "FILE", 0,
     "Classify these data too, read and treated as DATA are: test_accuracy, and that of the references", 1},
    {"test-labels", TEST_LABELS, "FILE", 0, "The labels of the test data, where --labels has those of DATA", 1},
    {"test-fraction", TEST_FRACTION, "F", 0, "Hold this fraction of DATA, chosen by --seed, out as the test", 1},
    {0},
};

double cli_parse_test_fraction(struct argp_state *state, const char *text) {
  return cli_parse_double(state, "--test-fraction", text, 1e-9, 1.0 - 1e-9);
}

void cli_require_one_test(struct argp_state *state, const char *test, double fraction) {
  if (test && fraction > 0.0) argp_error(state, "--test and --test-fraction: expected one of them");
}

static void check_flags(struct argp_state *state, const cli_result *result) {
  cli_require_one_test(state, result->test, result->test_fraction);
  if (result->test_labels && !result->test) argp_error(state, "--test-labels: --test is missing");
  if (result->test && !strcmp(result->test, "-")) argp_error(state, "--test: expected a file, not standard input");
}

static error_t parse(int key, char *text, struct argp_state *state) {
  cli_result *result = state->input;
  switch (key) {
  case OUT:
    result->out = text;
    return 0;
  case TEST:
    result->test = text;
    return 0;
  case TEST_LABELS:
    result->test_labels = text;
    return 0;
  case TEST_FRACTION:
    result->test_fraction = cli_parse_test_fraction(state, text);
    return 0;
  case ARGP_KEY_END:
    check_flags(state, result);
    return 0;
  default:
    return ARGP_ERR_UNKNOWN;
  }
}

const struct argp cli_result_argp = {.options = OPTIONS, .parser = parse};

/* ---- Reading -------------------------------------------------------------------------------- */

bool cli_is_tested(const cli_result *result) {
  return result->test || result->test_fraction > 0.0;
}

static biascope_status read_test(const cli_common *common, cli_result *result, const biascope_dataset *data,
                                 biascope_error *error) {
  const biascope_model model = biascope_dataset_model(data, biascope_dataset_outputs(data), NULL);
  biascope_read_options read = common->read;
  read.held_out_part = !result->test;
  if (result->test) read.held_out = 0.0;
  if (result->test) read.labels = result->test_labels;
  return biascope_dataset_read_like(result->test ? result->test : common->data_path, &read, &model, &result->data,
                                    error);
}

biascope_status cli_read_data_and_test(cli_common *common, cli_result *result, biascope_dataset **out,
                                       biascope_error *error) {
  *out = NULL;
  if (result->test_fraction > 0.0 && !strcmp(common->data_path, "-"))
    return cli_fail(error, BIASCOPE_USAGE, "standard input is read once; expected a file for --test-fraction");
  common->read.held_out = result->test_fraction;
  common->read.seed = common->seed;
  biascope_status status = cli_read_data(common, out, error);
  if (status == BIASCOPE_OK && cli_is_tested(result)) status = read_test(common, result, *out, error);
  return status;
}

void cli_free_test(cli_result *result) {
  biascope_dataset_free(result->data);
  result->data = NULL;
}

/* ---- Testing and writing -------------------------------------------------------------------- */

biascope_status cli_set_test(const cli_result *result, biascope_problem *problem, biascope_error *error) {
  if (!result->data) return BIASCOPE_OK;
  biascope_error reason;
  const biascope_status status = biascope_problem_set_test(problem, result->data, &reason);
  if (status == BIASCOPE_OK) return status;
  return cli_fail(error, BIASCOPE_BAD_INPUT, "%s: %s", result->test, reason.message);
}

biascope_status cli_test(cli_result *result, biascope_problem *problem, biascope_reference_set references,
                         const biascope_prediction *limit, const double *weights, biascope_error *error) {
  result->accuracy = result->limit = NAN;
  for (size_t r = 0; r < BIASCOPE_REFERENCES; r++) result->reference[r] = NAN;
  result->compared = references & biascope_dataset_references(biascope_problem_data(problem));
  if (!result->data) return BIASCOPE_OK;
  result->accuracy = biascope_accuracy(result->data, weights);
  if (limit) result->limit = biascope_accuracy(result->data, limit->direction);
  biascope_status status = BIASCOPE_OK;
  for (size_t r = 0; r < BIASCOPE_REFERENCES && status == BIASCOPE_OK; r++)
    if (result->compared >> r & 1) status = biascope_problem_test_reference(problem, r, &result->reference[r], error);
  return status;
}

biascope_status cli_write_weights(const cli_result *result, const biascope_dataset *data, const double *weights,
                                  biascope_error *error) {
  if (!result->out) return BIASCOPE_OK;
  const biascope_model model = biascope_dataset_model(data, biascope_dataset_outputs(data), weights);
  return biascope_model_write(&model, result->out, error);
}

/* ---- Printing ------------------------------------------------------------------------------- */

void cli_json_test(json_t *object, const cli_result *result) {
  if (!result->data) return;
  json_t *references = json_object();
  for (size_t r = 0; r < BIASCOPE_REFERENCES; r++)
    if (result->compared >> r & 1)
      json_object_set_new(references, biascope_reference_name(r), cli_json_number(result->reference[r]));
  if (isfinite(result->limit)) json_object_set_new(references, "predicted", cli_json_number(result->limit));
  json_object_set_new(object, "test_samples", json_integer((json_int_t)biascope_dataset_samples(result->data)));
  json_object_set_new(object, "test_accuracy", cli_json_number(result->accuracy));
  json_object_set_new(object, "test_accuracy_of", references);
}

/* ", NAME 97.4 %", with another separator before the first. */
static void print_accuracy(const char **separator, const char *name, double accuracy) {
  if (!isfinite(accuracy)) return;
  printf("%s%s %.4g %%", *separator, name, 100.0 * accuracy);
  *separator = ", ";
}

void cli_print_test(const char *name, const cli_result *result) {
  if (!result->data) return;
  const char *separator = "; ";
  printf("%s%.4g %% of the %zu samples %s%s", name, 100.0 * result->accuracy, biascope_dataset_samples(result->data),
         result->test ? "of " : "held out", result->test ? result->test : "");
  for (size_t r = 0; r < BIASCOPE_REFERENCES; r++)
    print_accuracy(&separator, biascope_reference_name(r), result->reference[r]);
  print_accuracy(&separator, "limit", result->limit);
  putchar('\n');
}
