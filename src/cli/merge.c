#include "biascope_study.h"
#include "cli/cli.h"

#include <stdio.h>
#include <stdlib.h>

typedef struct {
  cli_common common;
  const char *out;
  int inputs; /* the index in argv of the first input */
} merge_flags;

static error_t parse(int key, char *text, struct argp_state *state) {
  merge_flags *flags = state->input;
  switch (key) {
  case ARGP_KEY_INIT:
    state->child_inputs[0] = &flags->common;
    return 0;
  case ARGP_KEY_ARG:
    if (flags->out) return ARGP_ERR_UNKNOWN; /* leaves the other arguments to ARGP_KEY_ARGS */
    flags->out = text;
    return 0;
  case ARGP_KEY_ARGS:
    flags->inputs = state->next;
    return 0;
  case ARGP_KEY_END:
    if (!flags->out || !flags->inputs) argp_error(state, "expected OUT.db and at least one store to merge into it");
    return 0;
  default:
    return ARGP_ERR_UNKNOWN;
  }
}

static const struct argp_child CHILDREN[] = {{&cli_common_argp, 0, 0, 0}, {0}};
static const struct argp ARGP = {.parser = parse,
                                 .children = CHILDREN,
                                 .args_doc = "OUT.db STORE...",
                                 .doc = "Merge the runs of several stores into one store, each run once."};

static void print_counts(size_t files, const char *const *paths, const biascope_merge_count *counts) {
  for (size_t i = 0; i < files; i++)
    fprintf(stderr, "%s: %zu runs added, %zu were there already, %zu of them less well certified and replaced\n",
            paths[i], counts[i].added, counts[i].present, counts[i].replaced);
}

/* The sums over all files. */
static json_t *counts_json(size_t files, const biascope_merge_count *counts) {
  biascope_merge_count total = {0};
  for (size_t i = 0; i < files; i++) {
    total.added += counts[i].added;
    total.present += counts[i].present;
    total.replaced += counts[i].replaced;
  }
  return json_pack("{s:I, s:I, s:I}", "added", (json_int_t)total.added, "present", (json_int_t)total.present,
                   "replaced", (json_int_t)total.replaced);
}

int cli_merge(int argc, char **argv) {
  merge_flags flags = {0};
  cli_parse(&ARGP, argc, argv, &flags);
  const size_t files = (size_t)(argc - flags.inputs);
  const char *const *paths = (const char *const *)argv + flags.inputs;
  biascope_error error;
  biascope_merge_count *counts = calloc(files, sizeof *counts);
  const biascope_status status = counts ? biascope_stores_merge(flags.out, files, paths, counts, &error)
                                        : cli_fail(&error, BIASCOPE_NO_MEMORY, "out of memory for the counts of runs");
  int code = cli_report(status, &error);
  if (status == BIASCOPE_OK && !flags.common.quiet) print_counts(files, paths, counts);
  if (status == BIASCOPE_OK && flags.common.json) code = cli_print_json(counts_json(files, counts));
  free(counts);
  return code;
}
