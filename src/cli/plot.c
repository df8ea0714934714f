#include "biascope_study.h"
#include "cli/cli.h"

enum { X = 4300, Y, Z, BY, WHERE, TITLE, OUT };

typedef struct {
  cli_common common;
  const char *store_path;
  biascope_plot plot;
} plot_flags;

static error_t parse(int key, char *text, struct argp_state *state) {
  plot_flags *flags = state->input;
  switch (key) {
  case ARGP_KEY_INIT:
    state->child_inputs[0] = &flags->common;
    state->child_inputs[1] = &flags->store_path;
    return 0;
  case X:
    flags->plot.x = text;
    return 0;
  case Y:
    flags->plot.y = text;
    return 0;
  case Z:
    flags->plot.z = text;
    return 0;
  case BY:
    flags->plot.by = text;
    return 0;
  case WHERE:
    flags->plot.where = text;
    return 0;
  case TITLE:
    flags->plot.title = text;
    return 0;
  case OUT:
    flags->plot.path = text;
    return 0;
  case ARGP_KEY_END:
    if (!flags->plot.x || !flags->plot.y || !flags->plot.path) argp_error(state, "--x, --y and --out are all needed");
    return 0;
  default:
    return ARGP_ERR_UNKNOWN;
  }
}

static const struct argp_child CHILDREN[] = {{&cli_common_argp, 0, 0, 0}, {&cli_store_argp, 0, 0, 0}, {0}};
static const struct argp_option OPTIONS[] = {
    {"x", X, "COLUMN", 0, "An option of the runs, such as batch_size; or step: along the runs", 1},
    {"y", Y, "COLUMN", 0, "A measure, such as cosine_l2 or ratio_linf", 1},
    {"z", Z, "COLUMN", 0, "A heat map: the mean of this measure, over --x and --y, two options", 1},
    {"by", BY, "COLUMN", 0, "A curve for each value of this option", 1},
    {"where", WHERE, "CONDITION", 0, "Only the runs that meet an SQL condition", 1},
    {"title", TITLE, "TEXT", 0, "A title above the plot", 1},
    {"out", OUT, "FILE", 0, "An .svg, .pdf or .png file", 1},
    {0},
};
static const struct argp ARGP = {
    .parser = parse,
    .options = OPTIONS,
    .children = CHILDREN,
    .args_doc = "STORE",
    .doc = "Draw the runs of a store: the mean at each x with the least and greatest run, and the "
           "predicted limit, dashed. Runs that were predicted themselves are dashed curves."};

int cli_plot(int argc, char **argv) {
  plot_flags flags = {0};
  cli_parse(&ARGP, argc, argv, &flags);
  biascope_store *store = NULL;
  biascope_error error;
  biascope_status status = cli_keep_store_apart(flags.store_path, flags.plot.path, &error);
  if (status == BIASCOPE_OK) status = biascope_store_open(flags.store_path, BIASCOPE_STORE_READ, &store, &error);
  if (status == BIASCOPE_OK) status = biascope_plot_draw(store, &flags.plot, &error);
  biascope_store_close(store);
  if (status != BIASCOPE_OK) return cli_report(status, &error);
  return flags.common.json ? cli_print_json(json_pack("{s:s}", "out", flags.plot.path)) : 0;
}
