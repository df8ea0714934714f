#include "cli/cli.h"

#include "biascope_study.h"
#include <stdio.h>

enum { WHERE = 4100, CSV, TRACES };

typedef struct {
  cli_common common;
  const char *store_path, *where;
  bool csv, traces;
} runs_flags;

static error_t parse(int key, char *text, struct argp_state *state) {
  runs_flags *flags = state->input;
  switch (key) {
  case ARGP_KEY_INIT:
    state->child_inputs[0] = &flags->common;
    state->child_inputs[1] = &flags->store_path;
    return 0;
  case WHERE:
    flags->where = text;
    return 0;
  case CSV:
    flags->csv = true;
    return 0;
  case TRACES:
    flags->traces = true;
    return 0;
  case ARGP_KEY_END:
    if (flags->csv && flags->common.json) argp_error(state, "--csv and --json exclude each other");
    if (flags->traces && !flags->common.json) argp_error(state, "--traces goes with --json");
    return 0;
  default:
    return ARGP_ERR_UNKNOWN;
  }
}

static const struct argp_child CHILDREN[] = {{&cli_common_argp, 0, 0, 0}, {&cli_store_argp, 0, 0, 0}, {0}};
static const struct argp_option OPTIONS[] = {
    {"where", WHERE, "CONDITION", 0,
     "Only the runs that meet an SQL condition, such as \"optimizer = 'adam' AND batch_size < 5\"; docs/studies.md "
     "lists the columns",
     1},
    {"csv", CSV, 0, 0, "CSV with a header and one row for each run", 1},
    {"traces", TRACES, 0, 0, "With --json: the recorded steps too", 1},
    {0},
};
static const struct argp ARGP = {
    .parser = parse,
    .options = OPTIONS,
    .children = CHILDREN,
    .args_doc = "STORE",
    .doc = "List the finished runs of a store. --json prints an array with one object for each run."};

static biascope_runs_format format_of(const runs_flags *flags) {
  if (flags->csv) return BIASCOPE_RUNS_CSV;
  if (!flags->common.json) return BIASCOPE_RUNS_TABLE;
  return flags->traces ? BIASCOPE_RUNS_JSON_WITH_TRACES : BIASCOPE_RUNS_JSON;
}

int cli_runs(int argc, char **argv) {
  runs_flags flags = {0};
  cli_parse(&ARGP, argc, argv, &flags);
  biascope_store *store;
  biascope_error error;
  biascope_status status = biascope_store_open(flags.store_path, BIASCOPE_STORE_READ, &store, &error);
  if (status == BIASCOPE_OK) status = biascope_store_print(store, format_of(&flags), flags.where, stdout, &error);
  biascope_store_close(store);
  return cli_report(status, &error);
}
