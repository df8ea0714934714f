#include "biascope_study.h"
#include "cli/cli.h"

#include <stdio.h>

enum { OUT = 4200 };

typedef struct {
  cli_common common;
  const char *store_path, *out;
} report_flags;

static error_t parse(int key, char *text, struct argp_state *state) {
  report_flags *flags = state->input;
  switch (key) {
  case ARGP_KEY_INIT:
    state->child_inputs[0] = &flags->common;
    state->child_inputs[1] = &flags->store_path;
    return 0;
  case OUT:
    flags->out = text;
    return 0;
  case ARGP_KEY_END:
    if (!flags->out) argp_error(state, "--out is missing: the HTML file to write");
    return 0;
  default:
    return ARGP_ERR_UNKNOWN;
  }
}

static const struct argp_child CHILDREN[] = {{&cli_common_argp, 0, 0, 0}, {&cli_store_argp, 0, 0, 0}, {0}};
static const struct argp_option OPTIONS[] = {
    {"out", OUT, "FILE", 0, "The HTML file; it needs no other file and no network", 1},
    {0},
};
static const struct argp ARGP = {
    .parser = parse,
    .options = OPTIONS,
    .children = CHILDREN,
    .args_doc = "STORE",
    .doc = "Write a store as one HTML page: plots, a table to sort and filter, the specification."};

int cli_report_page(int argc, char **argv) {
  report_flags flags = {0};
  cli_parse(&ARGP, argc, argv, &flags);
  biascope_store *store = NULL;
  biascope_error error;
  biascope_status status = cli_keep_store_apart(flags.store_path, flags.out, &error);
  if (status == BIASCOPE_OK) status = biascope_store_open(flags.store_path, BIASCOPE_STORE_READ, &store, &error);
  if (status == BIASCOPE_OK) status = biascope_report_write(store, flags.store_path, flags.out, &error);
  biascope_store_close(store);
  if (status != BIASCOPE_OK) return cli_report(status, &error);
  return flags.common.json ? cli_print_json(json_pack("{s:s}", "out", flags.out)) : 0;
}
