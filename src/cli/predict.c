#include "cli/cli.h"

#include <math.h>
#include <stdio.h>

enum { TOLERANCE = 4000, SAMPLE_LENGTH, STEPS, STARTS };
enum { DEFAULT_STARTS = 8, MOST_STARTS = 10000 };

typedef struct {
  cli_common common;
  cli_optimizer_flags optimizer;
  biascope_predict_options options;
} predict_flags;

static const struct argp_child CHILDREN[] = {
    {&cli_data_argp, 0, 0, 0}, {&cli_optimizer_argp, 0, 0, 0}, {&cli_common_argp, 0, 0, 0}, {0}};

static const struct argp_option OPTIONS[] = {
    {"tolerance", TOLERANCE, "GAP", 0, "Equilibrium gap to certify (default 1e-10)", 3},
    {"sample-length", SAMPLE_LENGTH, "STEPS", 0,
     "shuffle, replacement: length of the random sequence (default: chosen)", 3},
    {"steps", STEPS, "T", 0, "The direction after T steps, not the limit", 3},
    {"starts", STARTS, "K", 0, "cyclic: look for other equilibria from K random points (default 8)", 3},
    {0},
};

static error_t parse(int key, char *text, struct argp_state *state) {
  predict_flags *flags = state->input;
  switch (key) {
  case ARGP_KEY_INIT:
    state->child_inputs[0] = state->child_inputs[2] = &flags->common;
    state->child_inputs[1] = &flags->optimizer;
    return 0;
  case TOLERANCE:
    flags->options.tolerance = cli_parse_double(state, "--tolerance", text, 1e-300, 1.0);
    return 0;
  case SAMPLE_LENGTH:
    flags->options.sample_length = (size_t)cli_parse_u64(state, "--sample-length", text, 1, UINT32_MAX);
    return 0;
  case STEPS:
    flags->options.steps = cli_parse_u64(state, "--steps", text, 1, UINT64_MAX);
    return 0;
  case STARTS:
    flags->options.starts = (size_t)cli_parse_u64(state, "--starts", text, 0, MOST_STARTS);
    return 0;
  default:
    return ARGP_ERR_UNKNOWN;
  }
}

static const struct argp ARGP = {.parser = parse,
                                 .options = OPTIONS,
                                 .children = CHILDREN,
                                 .args_doc = "DATA",
                                 .doc = "The direction training converges to, without training, with a certificate."};

/* Cosines with the reference directions; NaN where a reference was not found. */
typedef struct {
  double l2, linf, l1, proxy;
} reference_cosines;

static double cosine_with(const biascope_dataset *data, biascope_norm_kind kind, const double *direction) {
  const biascope_norm norm = {.kind = kind};
  biascope_margin solution;
  double cosine = NAN;
  if (biascope_margin_solve(data, norm, NULL, &solution, NULL) == BIASCOPE_OK &&
      biascope_margin_cosine(data, norm, &solution, direction, &cosine, NULL, NULL) != BIASCOPE_OK)
    cosine = NAN;
  biascope_margin_free(&solution);
  return cosine;
}

static double cosine_with_proxy(const biascope_dataset *data, const double *direction) {
  biascope_prediction proxy;
  if (biascope_adamproxy_fixed_point(data, &proxy, NULL, NULL) != BIASCOPE_OK) {
    biascope_prediction_free(&proxy);
    return NAN;
  }
  double cosine = 0.0; /* both have norm 1 */
  for (size_t k = 0; k < proxy.features; k++) cosine += proxy.direction[k] * direction[k];
  biascope_prediction_free(&proxy);
  return fmin(1.0, fmax(-1.0, cosine));
}

static reference_cosines cosines_of(const biascope_dataset *data, const double *direction) {
  return (reference_cosines){.l2 = cosine_with(data, BIASCOPE_L2, direction),
                             .linf = cosine_with(data, BIASCOPE_LINF, direction),
                             .l1 = cosine_with(data, BIASCOPE_L1, direction),
                             .proxy = cosine_with_proxy(data, direction)};
}

static json_t *cosines_json(const reference_cosines *cosines) {
  return json_pack("{s:o, s:o, s:o, s:o}", "l2", cli_json_number(cosines->l2), "linf", cli_json_number(cosines->linf),
                   "l1", cli_json_number(cosines->l1), "proxy", cli_json_number(cosines->proxy));
}

static json_t *others_json(const biascope_dataset *data, const biascope_prediction *prediction) {
  json_t *others = json_array();
  for (size_t n = 0; n < prediction->others; n++) {
    const double *direction = prediction->other_directions + n * prediction->features;
    const reference_cosines cosines = cosines_of(data, direction);
    json_array_append_new(others, json_pack("{s:o, s:o}", "direction", cli_json_array(prediction->features, direction),
                                            "cosine", cosines_json(&cosines)));
  }
  return others;
}

static json_t *prediction_json(const biascope_dataset *data, const biascope_prediction *prediction,
                               const reference_cosines *cosines) {
  json_t *support = json_array();
  for (size_t i = 0; i < prediction->samples; i++) {
    if (prediction->dual[i] > 0.0) json_array_append_new(support, json_integer((json_int_t)i));
  }
  return json_pack("{s:o, s:o, s:o, s:o, s:s, s:b, s:o, s:o, s:o, s:o, s:o, s:I, s:o}", "direction",
                   cli_json_array(prediction->features, prediction->direction), "gap", cli_json_number(prediction->gap),
                   "rate", cli_json_number(prediction->rate), "support", support, "method", prediction->method,
                   "unique", prediction->unique, "standard_error", cli_json_number(prediction->standard_error),
                   "log_loss", cli_json_number(prediction->log_loss), "eps_handover_step",
                   cli_json_number(prediction->handover_step), "cosine", cosines_json(cosines), "dual",
                   cli_json_array(prediction->samples, prediction->dual), "starts", (json_int_t)prediction->starts,
                   "others", others_json(data, prediction));
}

static void print_cosines(const char *label, const reference_cosines *cosines) {
  printf("%-10s l2 %.8f   linf %.8f   l1 %.8f   proxy %.8f\n", label, cosines->l2, cosines->linf, cosines->l1,
         cosines->proxy);
}

static void print_others(const biascope_dataset *data, const biascope_prediction *prediction) {
  if (prediction->others == 0) {
    printf("others     none from %zu random starts\n", prediction->starts);
    return;
  }
  printf("others     %zu more attract from some of %zu random starts; w = 0 leads to the above\n", prediction->others,
         prediction->starts);
  for (size_t n = 0; n < prediction->others; n++) {
    const reference_cosines cosines = cosines_of(data, prediction->other_directions + n * prediction->features);
    print_cosines("", &cosines);
  }
}

static void print_table(const biascope_dataset *data, const biascope_prediction *prediction,
                        const reference_cosines *cosines) {
  printf("method     %s\n", prediction->method);
  printf("gap        %.1e\n", prediction->gap);
  if (isfinite(prediction->rate)) printf("rate       %.10g per unit of sum eta\n", prediction->rate);
  printf("support    %zu of %zu samples\n", prediction->support, prediction->samples);
  if (prediction->standard_error > 0.0) printf("std error  %.1e radians\n", prediction->standard_error);
  if (isfinite(prediction->log_loss)) printf("log loss   %.10g\n", prediction->log_loss);
  if (isfinite(prediction->handover_step)) printf("handover   at about step %.3g\n", prediction->handover_step);
  if (!prediction->unique) puts("unique     no: one of several optimal directions");
  print_cosines("cosine", cosines);
  if (prediction->starts > 0) print_others(data, prediction);
}

static int print_prediction(const predict_flags *flags, const biascope_dataset *data,
                            const biascope_prediction *prediction) {
  const reference_cosines cosines = cosines_of(data, prediction->direction);
  if (flags->common.json) return cli_print_json(prediction_json(data, prediction, &cosines));
  print_table(data, prediction, &cosines);
  return 0;
}

int cli_predict(int argc, char **argv) {
  predict_flags flags = {.options.starts = DEFAULT_STARTS};
  cli_parse(&ARGP, argc, argv, &flags);
  flags.optimizer.options.seed = flags.common.seed;
  biascope_dataset *data;
  biascope_error error;
  biascope_status status = biascope_dataset_read(flags.common.data_path, &flags.common.read, &data, &error);
  if (status != BIASCOPE_OK) return cli_report(status, &error);
  biascope_prediction prediction;
  status = biascope_predict(data, &flags.optimizer.options, &flags.options, &prediction, &error);
  int code = cli_report(status, &error);
  if (status == BIASCOPE_OK || status == BIASCOPE_NOT_CONVERGED) {
    const int printed = print_prediction(&flags, data, &prediction);
    if (printed) code = printed;
  }
  biascope_prediction_free(&prediction);
  biascope_dataset_free(data);
  return code;
}
