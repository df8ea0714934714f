/* Writes the page of the explorer, which is built by `make explorer` and installed with the program. */
#include "cli/cli.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OUT = 5200 };

typedef struct {
  cli_common common;
  const char *out;
} explore_flags;

static error_t parse(int key, char *text, struct argp_state *state) {
  explore_flags *flags = state->input;
  switch (key) {
  case ARGP_KEY_INIT:
    state->child_inputs[0] = &flags->common;
    return 0;
  case OUT:
    flags->out = text;
    return 0;
  case ARGP_KEY_ARG:
    argp_error(state, "unexpected argument '%s'", text);
    return 0;
  case ARGP_KEY_END:
    if (!flags->out) argp_error(state, "--out is missing: the HTML file to write");
    return 0;
  default:
    return ARGP_ERR_UNKNOWN;
  }
}

static const struct argp_child CHILDREN[] = {{&cli_common_argp, 0, 0, 0}, {0}};
static const struct argp_option OPTIONS[] = {
    {"out", OUT, "FILE", 0, "The HTML file; it needs no other file and no network", 0},
    {0},
};
static const struct argp ARGP = {.options = OPTIONS,
                                 .parser = parse,
                                 .children = CHILDREN,
                                 .doc = "Writes the explorer, an HTML page in which a browser trains, solves and "
                                        "predicts: points in the plane that one "
                                        "moves, data of many features, a guided tour."};

static biascope_status copy(FILE *from, const char *path, biascope_output *to, biascope_error *error) {
  enum { BLOCK = 1 << 21 }; /* more than the page has */
  char *block = malloc(BLOCK);
  if (!block) return cli_fail(error, BIASCOPE_NO_MEMORY, "out of memory for the page");
  size_t count;
  while ((count = fread(block, 1, BLOCK, from)) > 0) fwrite(block, 1, count, to->stream);
  free(block);
  if (!ferror(from)) return BIASCOPE_OK;
  return cli_fail(error, BIASCOPE_BAD_INPUT, "%s: cannot be read: %s", path, strerror(errno));
}

static biascope_status write_page(const char *out, biascope_error *error) {
  char path[CLI_PATH_SIZE];
  cli_find_shipped("explorer.html", cli_data_places, path);
  FILE *page = fopen(path, "rbe");
  if (!page) return cli_fail(error, BIASCOPE_BAD_INPUT, "%s: cannot be read: %s", path, strerror(errno));
  biascope_output file;
  biascope_status status = biascope_output_open(&file, out, error);
  if (status == BIASCOPE_OK) {
    status = copy(page, path, &file, error);
    if (status == BIASCOPE_OK)
      status = biascope_output_commit(&file, error);
    else
      biascope_output_abandon(&file);
  }
  fclose(page);
  return status;
}

int cli_explore(int argc, char **argv) {
  explore_flags flags = {0};
  cli_parse(&ARGP, argc, argv, &flags);
  biascope_error error = {0};
  const biascope_status status = write_page(flags.out, &error);
  if (status != BIASCOPE_OK) return cli_report(status, &error);
  if (flags.common.json) return cli_print_json(json_pack("{s:s}", "out", flags.out));
  if (!flags.common.quiet) printf("%s: open it in a browser\n", flags.out);
  return 0;
}
