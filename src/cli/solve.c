#include "cli/solve.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NORM = 3000, METRIC, TOLERANCE };

static const struct argp_child CHILDREN[] = {
    {&cli_data_argp, 0, 0, 0}, {&cli_result_argp, 0, 0, 0}, {&cli_common_argp, 0, 0, 0}, {0}};

static const struct argp_option OPTIONS[] = {
    {"norm", NORM, "NORM", 0,
     "l2, linf, l1, lP with any P > 1 (l1.5, l3), spectral, nuclear or mahalanobis; all: l2, linf, l1 and, of several "
     "classes, spectral and nuclear, with the cosines between them",
     1},
    {"metric", METRIC, "FILE", 0,
     "mahalanobis: the d diagonal entries of M, a 1 x d data file (default: the metric of AdamProxy's fixed point on "
     "these data)",
     1},
    {"tolerance", TOLERANCE, "GAP", 0, "Relative gap to certify (default 1e-10)", 1},
    {0},
};

static const struct {
  const char *name;
  biascope_norm_kind kind;
} NAMED_NORMS[] = {{"l2", BIASCOPE_L2},           {"linf", BIASCOPE_LINF},
                   {"l1", BIASCOPE_L1},           {"spectral", BIASCOPE_SPECTRAL},
                   {"nuclear", BIASCOPE_NUCLEAR}, {"mahalanobis", BIASCOPE_MAHALANOBIS}};

static void parse_norm(struct argp_state *state, cli_solve_flags *flags, const char *text) {
  flags->norm_name = text;
  flags->every_norm = !strcmp(text, "all");
  if (flags->every_norm) return;
  for (size_t i = 0; i < sizeof NAMED_NORMS / sizeof *NAMED_NORMS; i++) {
    flags->norm = (biascope_norm){.kind = NAMED_NORMS[i].kind};
    if (!strcmp(text, NAMED_NORMS[i].name)) return;
  }
  char *end = NULL;
  flags->norm = (biascope_norm){.kind = BIASCOPE_LP, .p = text[0] == 'l' ? strtod(text + 1, &end) : 0.0};
  if (!end || end == text + 1 || *end || !(flags->norm.p > 1.0 && flags->norm.p <= 1e6))
    argp_error(state,
               "--norm: '%s' is not one of l2, linf, l1, lP with 1 < P <= 1e6, spectral, nuclear, mahalanobis, all",
               text);
}

static error_t parse(int key, char *text, struct argp_state *state) {
  cli_solve_flags *flags = state->input;
  switch (key) {
  case ARGP_KEY_INIT:
    state->child_inputs[0] = state->child_inputs[2] = &flags->common;
    state->child_inputs[1] = &flags->result;
    return 0;
  case NORM:
    parse_norm(state, flags, text);
    return 0;
  case METRIC:
    flags->metric_path = text;
    return 0;
  case TOLERANCE:
    flags->options.tolerance = cli_parse_double(state, "--tolerance", text, 1e-300, 1.0);
    return 0;
  case ARGP_KEY_END:
    if (!flags->norm_name)
      argp_error(state, "--norm is missing: l2, linf, l1, lP, spectral, nuclear, mahalanobis or all");
    if (flags->every_norm && flags->result.out)
      argp_error(state, "--norm all has several directions; --out is about one");
    if (flags->common.free_intercept && (flags->every_norm || flags->norm.kind > BIASCOPE_LP))
      argp_error(state, "--intercept=free goes with the norms l2, linf, l1 and lP, not %s", flags->norm_name);
    if (flags->metric_path && flags->norm.kind != BIASCOPE_MAHALANOBIS)
      argp_error(state, "--metric goes with --norm mahalanobis, not %s", flags->norm_name);
    return 0;
  default:
    return ARGP_ERR_UNKNOWN;
  }
}

static const struct argp ARGP = {
    .parser = parse,
    .options = OPTIONS,
    .children = CHILDREN,
    .args_doc = "DATA",
    .doc =
        "The max-margin direction of a norm, with the pair (direction, dual) that proves it. Data of k > 2 classes "
        "have weights k x d, and the margin is the least of (w_y - w_j).x over every sample x, of class y, and every "
        "other class j; l2, linf, l1 and lP are norms of the entries."};

static json_t *solution_json(const cli_solve_flags *flags, const biascope_dataset *data,
                             const biascope_margin *solution) {
  json_t *object = cli_json_solution(flags->norm_name, data, solution);
  if (flags->norm.metric) json_object_set_new(object, "metric", cli_json_array(solution->features, flags->norm.metric));
  return object;
}

static void print_table(const cli_solve_flags *flags, const biascope_dataset *data, const biascope_margin *solution) {
  printf("norm         %s\n", flags->norm_name);
  if (solution->outputs > 1) printf("weights      %zu x %zu\n", solution->outputs, solution->features);
  printf("margin       %s\n", cli_margin_digits(solution, solution->margin).text);
  printf("upper bound  %s\n", cli_margin_digits(solution, solution->upper_bound).text);
  printf("gap          %.1e\n", solution->gap);
  cli_print_support("support      ", data, solution->dual);
  if (solution->unique)
    printf("unique       yes\n");
  else if (solution->face_dimension == SIZE_MAX)
    printf("unique       not decided\n");
  else
    printf("unique       no: the optimal directions form a set of dimension %zu\n", solution->face_dimension);
}

static int print_solution(cli_solve_flags *flags, const biascope_dataset *data, const biascope_margin *solution,
                          biascope_status solved, biascope_error *error) {
  int code = cli_report(solved, error);
  if (solved == BIASCOPE_NOT_SEPARABLE) {
    const int printed = flags->common.json
                            ? cli_print_json(json_pack("{s:s, s:b, s:o}", "norm", flags->norm_name, "separable", 0,
                                                       "certificate", cli_json_farkas(data, solution)))
                            : 0;
    return printed ? printed : code;
  }
  if (solved == BIASCOPE_OK) {
    const biascope_status finished = cli_write_weights(&flags->result, data, solution->direction, error);
    if (finished != BIASCOPE_OK) return cli_report(finished, error);
  }
  if (flags->common.json) {
    json_t *object = solution_json(flags, data, solution);
    cli_json_classes(object, data);
    cli_solve_json_test(object, flags, solution);
    cli_split_intercept(object, data);
    cli_json_notes(object, data);
    const int printed = cli_print_json(object);
    return printed ? printed : code;
  }
  print_table(flags, data, solution);
  if (cli_is_tested(&flags->result))
    printf("test         %.4g %% of the %zu test samples\n", 100.0 * cli_solve_accuracy(flags, solution),
           biascope_dataset_samples(flags->result.data));
  return code;
}

/* The d entries of the metric: a data file of one row. */
static biascope_status read_metric(const cli_solve_flags *flags, size_t features, double *metric,
                                   biascope_error *error) {
  biascope_dataset *row;
  const biascope_status status = biascope_dataset_read(flags->metric_path, NULL, &row, error);
  if (status != BIASCOPE_OK) return status;
  const size_t samples = biascope_dataset_samples(row), entries = biascope_dataset_features(row);
  if (samples == 1 && entries == features) biascope_dataset_row(row, 0, metric);
  biascope_dataset_free(row);
  if (samples == 1 && entries == features) return BIASCOPE_OK;
  return cli_fail(error, BIASCOPE_BAD_INPUT, "%s: the metric is %zu x %zu; expected 1 x %zu, an entry a feature",
                  flags->metric_path, samples, entries, features);
}

/* The metric: from the file, or from AdamProxy's fixed point. Data that are not separable have no fixed point; they get
 * all ones, so that the solver finds the certificate. */
static biascope_status find_metric(const cli_solve_flags *flags, const biascope_dataset *data, double *metric,
                                   biascope_error *error) {
  const size_t features = biascope_dataset_features(data);
  if (flags->metric_path) return read_metric(flags, features, metric, error);
  biascope_prediction fixed_point = {0};
  const biascope_status status = biascope_adamproxy_fixed_point(data, &fixed_point, metric, error);
  biascope_prediction_free(&fixed_point);
  if (status != BIASCOPE_NOT_SEPARABLE) return status;
  for (size_t k = 0; k < features; k++) metric[k] = 1.0;
  return BIASCOPE_OK;
}

static int solve_data(cli_solve_flags *flags, const biascope_dataset *data) {
  biascope_error error;
  biascope_margin solution;
  biascope_status (*const solve)(const biascope_dataset *, biascope_norm, const biascope_solve_options *,
                                 biascope_margin *, biascope_error *) =
      flags->common.free_intercept ? biascope_margin_solve_free_intercept : biascope_margin_solve;
  const biascope_status solved = solve(data, flags->norm, &flags->options, &solution, &error);
  const bool has_solution =
      solved == BIASCOPE_OK || solved == BIASCOPE_NOT_SEPARABLE || solved == BIASCOPE_NOT_CONVERGED;
  const int code = has_solution ? print_solution(flags, data, &solution, solved, &error) : cli_report(solved, &error);
  biascope_margin_free(&solution);
  return code;
}

static int solve_mahalanobis(cli_solve_flags *flags, const biascope_dataset *data) {
  biascope_error error;
  double *metric = calloc(biascope_dataset_features(data), sizeof *metric);
  const biascope_status status = metric ? find_metric(flags, data, metric, &error)
                                        : cli_fail(&error, BIASCOPE_NO_MEMORY, "out of memory for the metric");
  flags->norm.metric = metric;
  const int code = status == BIASCOPE_OK ? solve_data(flags, data) : cli_report(status, &error);
  free(metric);
  return code;
}

/* Whether the test data fit DATA. */
static biascope_status check_test(const cli_result *result, const biascope_dataset *data, biascope_error *error) {
  biascope_problem *problem = NULL;
  biascope_status status = result->data ? biascope_problem_create(data, &problem, error) : BIASCOPE_OK;
  if (problem) status = cli_set_test(result, problem, error);
  biascope_problem_free(problem);
  return status;
}

static biascope_status keep_files_apart(const cli_solve_flags *flags, biascope_error *error) {
  cli_files files = {0};
  cli_reads_data(&files, &flags->common);
  cli_uses_result(&files, &flags->result);
  cli_reads(&files, "--metric", flags->metric_path);
  return cli_keep_apart(&files, error);
}

int cli_solve(int argc, char **argv) {
  cli_solve_flags flags = {.common.takes_free_intercept = true};
  cli_parse(&ARGP, argc, argv, &flags);
  flags.common.read.several_classes = true;
  biascope_dataset *data = NULL;
  biascope_error error = {0};
  biascope_status status = keep_files_apart(&flags, &error);
  if (status == BIASCOPE_OK) status = cli_read_data_and_test(&flags.common, &flags.result, &data, &error);
  if (status == BIASCOPE_OK) status = check_test(&flags.result, data, &error);
  int code = cli_report(status, &error);
  if (status == BIASCOPE_OK)
    code = flags.every_norm                          ? cli_solve_every_norm(&flags, data)
           : flags.norm.kind == BIASCOPE_MAHALANOBIS ? solve_mahalanobis(&flags, data)
                                                     : solve_data(&flags, data);
  cli_free_test(&flags.result);
  biascope_dataset_free(data);
  return code;
}
