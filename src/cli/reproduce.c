#include "cli/cli.h"

#include "base/file.h"
#include "base/memory.h"
#include "study/figure.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OPTION_OUT = 4000, OPTION_DATA };

typedef struct {
  cli_common common;
  const char *name; /* a figure's, or "all" */
  const char *directory, *gaussian_path;
} reproduce_flags;

static const struct argp_child CHILDREN[] = {{&cli_common_argp, 0, 0, 0}, {0}};
static const struct argp_option OPTIONS[] = {
    {"out", OPTION_OUT, "DIR", 0, "Where the SVG, PNG, CSV and gnuplot files go; made where missing", 0},
    {"data", OPTION_DATA, "FILE", 0, "This data set, labels folded in, in place of the shipped Gaussian 10 x 50 draw",
     0},
    {0},
};

static bool selected(const reproduce_flags *flags, const bs_figure *figure) {
  return !strcmp(flags->name, "all") || !strcmp(flags->name, figure->name);
}

static void check_name(struct argp_state *state, const reproduce_flags *flags) {
  for (size_t i = 0; i < BS_FIGURE_COUNT; i++) {
    if (selected(flags, &BS_FIGURES[i])) return;
  }
  argp_error(state, "no figure '%s'; expected all or %s to %s", flags->name, BS_FIGURES[0].name,
             BS_FIGURES[BS_FIGURE_COUNT - 1].name);
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
    check_name(state, flags);
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
    .args_doc = "[fig1|fig2|fig3|fig4|fig5|fig6|fig7|all]",
    .doc = "Draws the paper's figures anew and says of each claim whether it held.\v"
           "fig1 batch size and order on Gaussian data; fig2 generalised Rademacher data; fig3 the AdamProxy fixed "
           "point; fig4 Signum's momentum; fig5 the limit against the batch size and fig6 against beta2, predicted "
           "and simulated, on Gaussian data and on iris; fig7 Gaussian noise in place of batches."};

/* The data sets stand beside the program, or beside its folder where it is installed. */
static const char *const PLACES[] = {"share/biascope/", "../share/biascope/", NULL};

static void show_progress(void *state, size_t done, size_t total) {
  fprintf(stderr, "\r%s: %zu of %zu runs%s", (const char *)state, done, total, done == total ? "\n" : "");
}

/* Runs, draws and judges one figure; its verdicts go to the end of the list. */
static biascope_status reproduce(const bs_figure *figure, bs_figure_options *options, const reproduce_flags *flags,
                                 bs_verdict *verdicts, size_t *count, biascope_error *error) {
  bs_figure_points points;
  options->progress = !flags->common.quiet && isatty(STDERR_FILENO) ? show_progress : NULL;
  options->progress_state = (void *)figure->name;
  biascope_status status = bs_figure_run(figure, options, &points, error);
  if (status == BIASCOPE_OK) status = bs_figure_draw(figure, &points, flags->directory, error);
  for (size_t i = 0; status == BIASCOPE_OK && i < figure->claim_count; i++)
    verdicts[(*count)++] = bs_figure_judge(figure, &figure->claims[i], &points);
  bs_figure_points_free(&points);
  return status;
}

static int print_json(const reproduce_flags *flags, const bs_verdict *verdicts, size_t count) {
  json_t *claims = json_array();
  for (size_t i = 0; i < count; i++) {
    const bs_claim *claim = verdicts[i].claim;
    json_array_append_new(claims, json_pack("{s:s, s:s, s:o, s:s, s:f, s:f, s:b}", "figure", verdicts[i].figure->name,
                                            "claim", claim->text, "value", cli_json_number(verdicts[i].value),
                                            "relation", bs_claim_relation_name(claim), "target", claim->target,
                                            "tolerance", claim->tolerance, "held", (int)verdicts[i].held));
  }
  return cli_print_json(json_pack("{s:s, s:o}", "out", flags->directory, "claims", claims));
}

static void print_table(const bs_verdict *verdicts, size_t count) {
  for (size_t i = 0; i < count; i++) {
    const bs_claim *claim = verdicts[i].claim;
    printf("%s  %-12s  %-70s  measured %.6f, expected %s %g\n", verdicts[i].figure->name,
           verdicts[i].held ? "held" : "DID NOT HOLD", claim->text, verdicts[i].value, bs_claim_relation_name(claim),
           claim->target);
  }
}

int cli_reproduce(int argc, char **argv) {
  reproduce_flags flags = {0};
  cli_parse(&ARGP, argc, argv, &flags);
  char gaussian[CLI_PATH_SIZE], real[CLI_PATH_SIZE], summary[CLI_PATH_SIZE];
  cli_find_shipped("gaussian-10x50.csv", PLACES, gaussian);
  cli_find_shipped("iris.csv", PLACES, real);
  bs_figure_options options = {.gaussian_path = flags.gaussian_path ? flags.gaussian_path : gaussian,
                               .real_path = real,
                               .seed = flags.common.seed,
                               .threads = (size_t)sysconf(_SC_NPROCESSORS_ONLN)};
  bs_verdict verdicts[64];
  size_t count = 0;
  biascope_error error;
  biascope_status status = bs_figure_check_gnuplot(&error);
  if (status == BIASCOPE_OK) status = bs_make_directory(flags.directory, &error);
  for (size_t i = 0; status == BIASCOPE_OK && i < BS_FIGURE_COUNT; i++) {
    if (selected(&flags, &BS_FIGURES[i]))
      status = reproduce(&BS_FIGURES[i], &options, &flags, verdicts, &count, &error);
  }
  snprintf(summary, sizeof summary, "%s/summary.md", flags.directory);
  if (status == BIASCOPE_OK) status = bs_figure_write_summary(verdicts, count, summary, &error);
  if (status != BIASCOPE_OK) return cli_report(status, &error);
  if (flags.common.json) return print_json(&flags, verdicts, count);
  print_table(verdicts, count);
  return 0;
}
