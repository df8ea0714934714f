#include "biascope_study.h"
#include "cli/cli.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { OPTION_OUT = 4000, OPTION_DATA };

typedef struct {
  cli_common common;
  const char *name; /* the name of a figure, or "all" */
  const char *directory, *gaussian_path;
} reproduce_flags;

static const struct argp_child CHILDREN[] = {{&cli_common_argp, 0, 0, 0}, {0}};
static const struct argp_option OPTIONS[] = {
    {"out", OPTION_OUT, "DIR", 0, "The folder for the SVG, PNG, CSV and gnuplot files; created if needed", 0},
    {"data", OPTION_DATA, "FILE", 0, "This data set, labels folded in, in place of the shipped Gaussian 10 x 50 draw",
     0},
    {0},
};

static void check_name(struct argp_state *state, const char *name) {
  const char *figure, *last = NULL;
  for (size_t i = 0; (figure = biascope_figure_name(i)); last = figure, i++)
    if (!strcmp(name, figure)) return;
  if (strcmp(name, "all") != 0)
    argp_error(state, "no figure '%s'; expected all or %s to %s", name, biascope_figure_name(0), last);
}

static error_t parse(int key, char *text, struct argp_state *state) {
  reproduce_flags *flags = state->input;
  switch (key) {
  case ARGP_KEY_INIT:
    state->child_inputs[0] = &flags->common;
    return 0;
  case OPTION_OUT:
    flags->directory = text;
    return 0;
  case OPTION_DATA:
    flags->gaussian_path = text;
    return 0;
  case ARGP_KEY_ARG:
    if (flags->name) argp_error(state, "unexpected argument '%s'", text);
    flags->name = text;
    return 0;
  case ARGP_KEY_END:
    if (!flags->name) flags->name = "all";
    check_name(state, flags->name);
    if (!flags->directory) argp_error(state, "--out is missing: the directory the figures go to");
    return 0;
  default:
    return ARGP_ERR_UNKNOWN;
  }
}

static const struct argp ARGP = {
    .options = OPTIONS,
    .parser = parse,
    .children = CHILDREN,
    .args_doc = "[fig1|fig2|fig3|fig4|fig5|fig6|fig7|fig8|fig9|all]",
    .doc = "Draws the paper's figures, and says for each claim whether it held.\v"
           "fig1 batch size and order on Gaussian data; fig2 generalised Rademacher data; fig3 the AdamProxy fixed "
           "point; fig4 Signum's momentum; fig5 the limit against the batch size and fig6 against beta2, predicted "
           "and simulated, on Gaussian data and on iris; fig7 Gaussian noise in place of batches; fig8 Muon's limit "
           "against batch size and momentum, with three classes; fig9 Adam, Muon and normalised gradient descent on "
           "ten digits, in "
           "every norm."};

static bool show_progress(void *state, const biascope_progress *p) {
  (void)state;
  fprintf(stderr, "\r%s: %llu of %llu runs%s", p->note, (unsigned long long)p->done, (unsigned long long)p->total,
          p->done == p->total ? "\n" : "");
  return true;
}

static int print_json(const reproduce_flags *flags, const biascope_verdict *verdicts, size_t count) {
  json_t *claims = json_array();
  for (size_t i = 0; i < count; i++) {
    const biascope_verdict *v = &verdicts[i];
    json_array_append_new(claims, json_pack("{s:s, s:s, s:o, s:s, s:f, s:f, s:b}", "figure", v->figure, "claim",
                                            v->claim, "value", cli_json_number(v->value), "relation", v->relation,
                                            "target", v->target, "tolerance", v->tolerance, "held", (int)v->held));
  }
  return cli_print_json(json_pack("{s:s, s:o}", "out", flags->directory, "claims", claims));
}

static void print_table(const biascope_verdict *verdicts, size_t count) {
  for (size_t i = 0; i < count; i++) {
    const biascope_verdict *v = &verdicts[i];
    printf("%s  %-12s  %-70s  measured %.6f, expected %s %g\n", v->figure, v->held ? "held" : "DID NOT HOLD", v->claim,
           v->value, v->relation, v->target);
  }
}

int cli_reproduce(int argc, char **argv) {
  reproduce_flags flags = {0};
  cli_parse(&ARGP, argc, argv, &flags);
  char gaussian[CLI_PATH_SIZE], real[CLI_PATH_SIZE], digits[CLI_PATH_SIZE];
  cli_find_shipped("gaussian-10x50.csv", cli_data_places, gaussian);
  cli_find_shipped("iris.csv", cli_data_places, real);
  cli_find_shipped("digits.csv.gz", cli_data_places, digits);
  const bool shown = !flags.common.quiet && isatty(STDERR_FILENO);
  const biascope_reproduce_options options = {.directory = flags.directory,
                                              .gaussian_path = flags.gaussian_path ? flags.gaussian_path : gaussian,
                                              .real_path = real,
                                              .digits_path = digits,
                                              .seed = flags.common.seed,
                                              .threads = cli_processors(),
                                              .monitor.tell = shown ? show_progress : NULL};
  biascope_verdict *verdicts;
  size_t count;
  biascope_error error;
  const char *name = strcmp(flags.name, "all") != 0 ? flags.name : NULL;
  int code = cli_report(biascope_reproduce(name, &options, &verdicts, &count, &error), &error);
  if (code == 0 && flags.common.json)
    code = print_json(&flags, verdicts, count);
  else if (code == 0)
    print_table(verdicts, count);
  biascope_verdicts_free(verdicts);
  return code;
}
