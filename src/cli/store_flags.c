/* The positional argument STORE of runs, report and plot. */
#include "cli/cli.h"

static error_t parse(int key, char *text, struct argp_state *state) {
  const char **path = state->input;
  switch (key) {
  case ARGP_KEY_ARG:
    if (*path) argp_error(state, "unexpected argument '%s': STORE is '%s' already", text, *path);
    *path = text;
    return 0;
  case ARGP_KEY_END:
    if (!*path) argp_error(state, "STORE is missing: a file made by 'biascope sweep'");
    return 0;
  default:
    return ARGP_ERR_UNKNOWN;
  }
}

const struct argp cli_store_argp = {.parser = parse};

biascope_status cli_keep_store_apart(const char *store, const char *out, biascope_error *error) {
  cli_files files = {0};
  cli_reads(&files, "STORE", store);
  cli_writes(&files, "--out", out);
  return cli_keep_apart(&files, error);
}
