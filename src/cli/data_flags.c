/* The flags that say how to read DATA: one for each option of reading. */
#include "cli/cli.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { FIRST_KEY = 5000, MOST_FLAGS = 32 };

/* Filled from the library's table by cli_prepare_data_flags. */
static struct argp_option options[MOST_FLAGS + 1];
static char names[MOST_FLAGS][32];

static bool is_intercept(size_t index) {
  return !strcmp(biascope_read_option_at(index)->name, "intercept");
}

void cli_prepare_data_flags(void) {
  for (size_t i = 0; i < biascope_read_option_count() && i < MOST_FLAGS; i++) {
    const biascope_read_option *option = biascope_read_option_at(i);
    cli_name_flag(option->name, sizeof names[i], names[i]);
    options[i] = (struct argp_option){names[i], FIRST_KEY + (int)i, option->placeholder, 0, option->help, 1};
    if (!is_intercept(i)) continue;
    options[i].arg = "free";
    options[i].flags = OPTION_ARG_OPTIONAL;
    options[i].doc = "Add a feature that is 1 in every sample, reported apart; =free: left out of the norm (solve)";
  }
}

static void set_free_intercept(struct argp_state *state, cli_common *common, const char *text) {
  if (strcmp(text, "free") != 0) argp_error(state, "--intercept=%s: expected --intercept or --intercept=free", text);
  if (!common->takes_free_intercept)
    argp_error(state,
               "--intercept=free leaves the intercept out of the norm of a max margin: it is for solve; training "
               "treats its weight as any other (--intercept)");
  common->free_intercept = true;
}

static void set_option(struct argp_state *state, size_t index, const char *text, cli_common *common) {
  const char *name = biascope_read_option_at(index)->name;
  const bool has_argument = biascope_read_option_at(index)->placeholder != NULL;
  biascope_error error; /* its message begins with the name of an option */
  if (biascope_read_options_set(&common->read, name, has_argument ? text : "true", &error) != BIASCOPE_OK)
    argp_error(state, "--%s", error.message);
  if (is_intercept(index) && text) set_free_intercept(state, common, text);
}

static error_t parse(int key, char *text, struct argp_state *state) {
  cli_common *common = state->input;
  if (key == ARGP_KEY_ARG) {
    if (!strcmp(text, "free") && common->read.intercept) argp_error(state, "expected --intercept=free, with a '='");
    if (common->data_path) argp_error(state, "unexpected argument '%s': DATA is '%s' already", text, common->data_path);
    common->data_path = text;
    return 0;
  }
  if (key == ARGP_KEY_END) {
    if (!common->data_path) argp_error(state, "DATA is missing: a .csv, .txt, .svm, .npy or other data file, or -");
    if (common->data_path && !strcmp(common->data_path, "-") && !common->read.format)
      argp_error(state, "DATA is standard input, which has no ending: expected --format NAME");
    return 0;
  }
  if (key < FIRST_KEY || key >= FIRST_KEY + MOST_FLAGS) return ARGP_ERR_UNKNOWN;
  set_option(state, (size_t)(key - FIRST_KEY), text, common);
  return 0;
}

const struct argp cli_data_argp = {.options = options, .parser = parse};

static bool show_progress(void *shown, const biascope_progress *progress) {
  *(bool *)shown = true;
  if (progress->total > 0)
    fprintf(stderr, "\rreading %.0f %% of %.0f MB", 100.0 * progress->fraction, 1e-6 * (double)progress->total);
  else
    fprintf(stderr, "\rreading, %.0f MB", 1e-6 * (double)progress->done);
  return true;
}

biascope_status cli_read_data(const cli_common *common, biascope_dataset **out, biascope_error *error) {
  bool shown = false;
  const biascope_monitor monitor = {show_progress, &shown};
  biascope_read_options read = common->read;
  if (!common->quiet && isatty(STDERR_FILENO)) read.monitor = &monitor;
  const biascope_status status = biascope_dataset_read(common->data_path, &read, out, error);
  if (shown) fputs("\r\033[K", stderr);
  if (status != BIASCOPE_OK || common->quiet) return status;
  for (size_t i = 0; i < biascope_dataset_notes(*out); i++)
    fprintf(stderr, "biascope: note: %s\n", biascope_dataset_note(*out, i));
  return status;
}

void cli_json_notes(json_t *object, const biascope_dataset *data) {
  if (biascope_dataset_notes(data) == 0) return;
  json_t *notes = json_array();
  for (size_t i = 0; i < biascope_dataset_notes(data); i++)
    json_array_append_new(notes, cli_json_text(biascope_dataset_note(data, i)));
  json_object_set_new(object, "notes", notes);
}
