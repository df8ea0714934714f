#include "biascope_study.h"
#include "cli/cli.h"

#include <stdio.h>

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

int cli_merge(int argc, char **argv) {
  merge_flags flags = {0};
  cli_parse(&ARGP, argc, argv, &flags);
  biascope_store *store;
  biascope_error error;
  biascope_merge_count total = {0};
  biascope_status status = biascope_store_open(flags.out, BIASCOPE_STORE_WRITE, &store, &error);
  for (int i = flags.inputs; i < argc && status == BIASCOPE_OK; i++) {
    biascope_merge_count count;
    status = biascope_store_merge(store, argv[i], &count, &error);
    total.added += count.added;
    total.present += count.present;
    total.replaced += count.replaced;
    if (status == BIASCOPE_OK && !flags.common.quiet)
      fprintf(stderr, "%s: %zu runs added, %zu were there already, %zu of them less well certified and replaced\n",
              argv[i], count.added, count.present, count.replaced);
  }
  biascope_store_close(store);
  if (status != BIASCOPE_OK) return cli_report(status, &error);
  if (!flags.common.json) return 0;
  return cli_print_json(json_pack("{s:I, s:I, s:I}", "added", (json_int_t)total.added, "present",
                                  (json_int_t)total.present, "replaced", (json_int_t)total.replaced));
}
