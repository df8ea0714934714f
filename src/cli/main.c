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
    {"doctor", cli_doctor, "What a run will do, and which options would reach a goal; without training"},
    {"apply", cli_apply, "Classify new data by a direction that was found"},
    {"generate", cli_generate, "Synthetic data: gaussian, rademacher, shifted-diagonal, teacher"},
    {"reproduce", cli_reproduce, "The paper's figures, and whether its claims held"},
    {"sweep", cli_sweep, "Run a study: data sets x optimizers x options, into a store"},
    {"runs", cli_runs, "List, filter and export the runs of a store"},
    {"report", cli_report_page, "A store as one HTML page with plots and a table"},
    {"plot", cli_plot, "One plot of a store's runs, as SVG, PDF or PNG"},
    {"explore", cli_explore, "The explorer: a page that trains and predicts in the browser"},
    {"merge", cli_merge, "Merge the runs of several stores"},
    {"bench", cli_bench, "Time a training step, and compare it with a lower bound"},
};

enum { COMMAND_COUNT = sizeof COMMANDS / sizeof COMMANDS[0] };

static void print_help(FILE *stream) {
  fputs("Usage: biascope COMMAND [DATA] [OPTIONS]\n"
        "Given this data and this optimizer, which classifier does training find?\n\n",
        stream);
  for (int i = 0; i < COMMAND_COUNT; i++) fprintf(stream, "  %-10s %s\n", COMMANDS[i].name, COMMANDS[i].summary);
  fputs(
      "\nEvery command takes --json, --seed, --quiet, --help (-h) and --version (-V); `biascope help COMMAND` shows a\n"
      "command's options.\n"
      "Exit codes: 0 success, 1 usage error, 2 bad input, 3 not separable, 4 not converged.\n",
      stream);
}

static int report_unknown_command(const char *name) {
  fprintf(stderr, "biascope: unknown command '%s'; expected one of:", name);
  for (int i = 0; i < COMMAND_COUNT; i++) fprintf(stderr, " %s", COMMANDS[i].name);
  fputc('\n', stderr);
  return 1;
}

/* argv[0] is replaced by the name that argp prints before every message. */
static int run_command(const char *command, int argc, char **argv) {
  for (int i = 0; i < COMMAND_COUNT; i++) {
    if (strcmp(command, COMMANDS[i].name) != 0) continue;
    static char name[64];
    snprintf(name, sizeof name, "biascope %s", COMMANDS[i].name);
    argv[0] = name;
    return COMMANDS[i].run(argc, argv);
  }
  return report_unknown_command(command);
}

static bool is_one_of(const char *text, const char *first, const char *second) {
  return !strcmp(text, first) || !strcmp(text, second);
}

static void print_version(FILE *stream, struct argp_state *state) {
  (void)state;
  fprintf(stream, "biascope %s\n", biascope_version());
}

int cli_run(int argc, char **argv) {
  argp_err_exit_status = 1;
  argp_program_version_hook = print_version;
  cli_prepare_optimizer_flags();
  cli_prepare_data_flags();
  if (argc < 2) {
    print_help(stderr);
    return 1;
  }
  const bool help = is_one_of(argv[1], "--help", "-h") || !strcmp(argv[1], "help");
  if (help && argc > 2) {
    char option[] = "--help", *arguments[] = {argv[0], option, NULL};
    return run_command(argv[2], 2, arguments);
  }
  if (help) {
    print_help(stdout);
    return 0;
  }
  if (is_one_of(argv[1], "--version", "-V")) {
    print_version(stdout, NULL);
    return 0;
  }
  return run_command(argv[1], argc - 1, argv + 1);
}

/* Output that did not reach standard output is an error, wherever the program ends. */
static void close_standard_output(void) {
  const bool failed = ferror(stdout);
  errno = 0;
  if (fclose(stdout) == 0 && !failed) return;
  fprintf(stderr, "biascope: standard output cannot be written: %s\n", errno ? strerror(errno) : "a write failed");
  _exit(BIASCOPE_BAD_INPUT);
}

int main(int argc, char **argv) {
  cli_start_with_fast_kernels(argv);
  if (atexit(close_standard_output) != 0) return BIASCOPE_BAD_INPUT;
  cli_watch_json();
  const char *vectors;
  biascope_error error;
  const biascope_status status = biascope_vectors(&vectors, &error);
  if (status != BIASCOPE_OK) return cli_report(status, &error);
  return cli_run(argc, argv);
}
