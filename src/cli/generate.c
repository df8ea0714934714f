#include "cli/cli.h"

#include <math.h>
#include <stdio.h>

enum {
  OPTION_SAMPLES = 3000,
  OPTION_FEATURES,
  OPTION_OUT,
  OPTION_MARGIN,
  OPTION_DELTA,
  OPTION_NONZEROS,
  OPTION_CLASSES,
  OPTION_DISTANCE
};

typedef struct {
  cli_common common;
  biascope_generate_options options; /* margin, delta and distance: NaN until given */
  int kind;                          /* -1 until given */
  const char *out;
} generate_flags;

static const struct argp_child CHILDREN[] = {{&cli_common_argp, 0, 0, 0}, {0}};
static const struct argp_option OPTIONS[] = {
    {"samples", OPTION_SAMPLES, "N", 0, "Number of samples", 0},
    {"features", OPTION_FEATURES, "D", 0, "Number of features", 0},
    {"out", OPTION_OUT, "FILE", 0, "Where to write: .csv, .svm, .libsvm or .npy", 0},
    {"margin", OPTION_MARGIN, "M", 0, "teacher: least distance to the hyperplane (default 0.3)", 0},
    {"delta", OPTION_DELTA, "D", 0, "shifted-diagonal: the off-diagonal value (default 0.1)", 0},
    {"nonzeros", OPTION_NONZEROS, "K", 0, "teacher: sparse rows of K random features each (default: dense)", 0},
    {"classes", OPTION_CLASSES, "K", 0, "teacher, mixture: the number of classes (default 2, folded in)", 0},
    {"distance", OPTION_DISTANCE, "R", 0, "mixture: the distance of the clouds' centres from 0 (default 4)", 0},
    {0},
};

static int parse_kind(struct argp_state *state, const char *text) {
  const char *names[16] = {NULL};
  for (int i = 0; i < 15 && (names[i] = biascope_generator_name((biascope_generator)i)); i++) {
  }
  return cli_parse_choice(state, "kind", text, names);
}

/* A flag that the kind does not read is an error. */
static void check_flags(struct argp_state *state, generate_flags *flags) {
  if (flags->kind < 0)
    argp_error(state, "what to generate is missing: gaussian, rademacher, shifted-diagonal, teacher or mixture");
  if (!flags->options.samples || !flags->options.features || !flags->out)
    argp_error(state, "--samples, --features and --out are all needed");
  if (!isnan(flags->options.margin) && flags->kind != BIASCOPE_TEACHER)
    argp_error(state, "--margin is the teacher's, not %s's", biascope_generator_name((biascope_generator)flags->kind));
  if (!isnan(flags->options.delta) && flags->kind != BIASCOPE_SHIFTED_DIAGONAL)
    argp_error(state, "--delta is shifted-diagonal's, not %s's",
               biascope_generator_name((biascope_generator)flags->kind));
  if (!isnan(flags->options.distance) && flags->kind != BIASCOPE_MIXTURE)
    argp_error(state, "--distance is mixture's, not %s's", biascope_generator_name((biascope_generator)flags->kind));
  if (isnan(flags->options.distance)) flags->options.distance = 4.0;
  if (isnan(flags->options.margin)) flags->options.margin = 0.3;
  if (isnan(flags->options.delta)) flags->options.delta = 0.1;
}

static error_t parse(int key, char *text, struct argp_state *state) {
  generate_flags *flags = state->input;
  switch (key) {
  case ARGP_KEY_INIT:
    state->child_inputs[0] = &flags->common;
    return 0;
  case OPTION_SAMPLES:
    flags->options.samples = cli_parse_u64(state, "--samples", text, 1, UINT32_MAX);
    return 0;
  case OPTION_FEATURES:
    flags->options.features = cli_parse_u64(state, "--features", text, 1, UINT32_MAX);
    return 0;
  case OPTION_OUT:
    flags->out = text;
    return 0;
  case OPTION_MARGIN:
    flags->options.margin = cli_parse_double(state, "--margin", text, 0, 1e300);
    return 0;
  case OPTION_DELTA:
    flags->options.delta = cli_parse_double(state, "--delta", text, 0, 1e300);
    return 0;
  case OPTION_NONZEROS:
    flags->options.nonzeros = cli_parse_u64(state, "--nonzeros", text, 1, UINT32_MAX);
    return 0;
  case OPTION_CLASSES:
    flags->options.classes = cli_parse_u64(state, "--classes", text, 2, 1000);
    return 0;
  case OPTION_DISTANCE:
    flags->options.distance = cli_parse_double(state, "--distance", text, 0, 1e300);
    return 0;
  case ARGP_KEY_ARG:
    if (flags->kind >= 0) argp_error(state, "unexpected argument '%s'", text);
    flags->kind = parse_kind(state, text);
    return 0;
  case ARGP_KEY_END:
    check_flags(state, flags);
    return 0;
  default:
    return ARGP_ERR_UNKNOWN;
  }
}

static const struct argp ARGP = {.options = OPTIONS,
                                 .parser = parse,
                                 .children = CHILDREN,
                                 .args_doc = "gaussian|rademacher|shifted-diagonal|teacher|mixture",
                                 .doc = "Writes a synthetic data set, the labels folded in. Of more than two classes "
                                        "the last column is the label."};

int cli_generate(int argc, char **argv) {
  generate_flags flags = {.kind = -1, .options = {.margin = NAN, .delta = NAN, .distance = NAN}};
  cli_parse(&ARGP, argc, argv, &flags);
  flags.options.seed = flags.common.seed;
  biascope_dataset *data;
  biascope_error error;
  biascope_status status = biascope_dataset_generate((biascope_generator)flags.kind, &flags.options, &data, &error);
  if (status == BIASCOPE_OK) status = biascope_dataset_write(data, flags.out, &error);
  biascope_dataset_free(data);
  if (status != BIASCOPE_OK) return cli_report(status, &error);
  if (flags.common.json)
    return cli_print_json(json_pack("{s:s, s:I, s:I, s:I, s:s}", "kind",
                                    biascope_generator_name((biascope_generator)flags.kind), "samples",
                                    (json_int_t)flags.options.samples, "features", (json_int_t)flags.options.features,
                                    "seed", (json_int_t)flags.options.seed, "out", flags.out));
  printf("%s: %zu samples of %zu features\n", flags.out, flags.options.samples, flags.options.features);
  return 0;
}
