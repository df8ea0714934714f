#include "cli/cli.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct {
  const char *name;
  int (*run)(int argc, char **argv);
  const char *summary;
} COMMANDS[] = {
    {"info", cli_info, "What a data set holds, and whether it is separable, with a certificate"},
    {"solve", cli_solve, "The max-margin direction of a norm, with the certificate that proves it"},
    {"train", cli_train, "Train, and compare the direction with every max-margin reference"},
    {"predict", cli_predict, "The direction training converges to, without training, with a certificate"},
    {"doctor", cli_doctor, "What a run will do, and options that do what is wanted; without training"},
    {"generate", cli_generate, "Synthetic data: gaussian, rademacher, shifted-diagonal, teacher"},
    {"reproduce", cli_reproduce, "The paper's figures, and whether its claims held"},
    {"sweep", cli_sweep, "Run a study: data sets x optimizers x options, into a store"},
    {"runs", cli_runs, "List, filter and export the runs of a store"},
    {"report", cli_report_page, "A store as one HTML page with plots and a table"},
    {"plot", cli_plot, "One plot of a store's runs, as SVG, PDF or PNG"},
    {"merge", cli_merge, "Bring the runs of several stores together"},
    {"bench", cli_bench, "Time a training step against the least that it can cost"},
};

enum { COMMAND_COUNT = sizeof COMMANDS / sizeof COMMANDS[0] };

static void print_help(FILE *stream) {
  fputs("Usage: biascope COMMAND [DATA] [OPTIONS]\n"
        "Given this data and this optimizer, which classifier does training find?\n\n",
        stream);
  for (int i = 0; i < COMMAND_COUNT; i++) fprintf(stream, "  %-10s %s\n", COMMANDS[i].name, COMMANDS[i].summary);
  fputs("\nEvery command takes --json, --seed, --quiet and --help.\n"
        "Exit codes: 0 success, 1 usage error, 2 bad input, 3 not separable, 4 not converged.\n",
        stream);
}

int cli_run(int argc, char **argv) {
  argp_err_exit_status = 1;
  if (argc < 2) {
    print_help(stderr);
    return 1;
  }
  if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
    print_help(stdout);
    return 0;
  }
  if (!strcmp(argv[1], "--version")) {
    printf("biascope %s\n", biascope_version());
    return 0;
  }
  for (int i = 0; i < COMMAND_COUNT; i++) {
    if (strcmp(argv[1], COMMANDS[i].name) != 0) continue;
    static char name[64];
    snprintf(name, sizeof name, "biascope %s", COMMANDS[i].name);
    argv[1] = name; /* argp prints it before every message */
    return COMMANDS[i].run(argc - 1, argv + 1);
  }
  fprintf(stderr, "biascope: unknown command '%s'; expected one of:", argv[1]);
  for (int i = 0; i < COMMAND_COUNT; i++) fprintf(stderr, " %s", COMMANDS[i].name);
  fputc('\n', stderr);
  return 1;
}

/* Whatever was printed, and wherever the program ends: what did not reach standard output is an error. */
static void close_standard_output(void) {
  const bool failed = ferror(stdout);
  errno = 0;
  if (fclose(stdout) == 0 && !failed) return;
  fprintf(stderr, "biascope: standard output cannot be written: %s\n", errno ? strerror(errno) : "a write failed");
  _exit(BIASCOPE_BAD_INPUT);
}

int main(int argc, char **argv) {
  if (atexit(close_standard_output) != 0) return BIASCOPE_BAD_INPUT;
  cli_watch_json();
  return cli_run(argc, argv);
}
