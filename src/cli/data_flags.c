/* The flags that say how to read DATA: one table for every command that reads data. */
#include "cli/cli.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef enum { TEXT, CHARACTER, TRUTH, MISSING, STANDARDIZE, SCALE, INTERCEPT } flag_kind;

static const char *const MISSING_NAMES[] = {"refuse", "drop", "mean", NULL};
static const char *const SCALE_NAMES[] = {"none", "max", "l2-rows", NULL};
static const biascope_scaling SCALINGS[] = {BIASCOPE_UNSCALED, BIASCOPE_SCALE_MAX, BIASCOPE_SCALE_ROWS};

/* Kind, member of biascope_read_options, name, argument, help. */
#define DATA_FLAGS(X)                                                                                                  \
  X(TEXT, label_column, "label-column", "COLUMN",                                                                      \
    "Text: the label's column, by header name or 0-based index (negative: from the end); without it labels are "       \
    "folded in")                                                                                                       \
  X(TEXT, labels, "labels", "FILE", "A file with one label for each sample, .npy or text")                             \
  X(TEXT, positive, "positive", "NAME", "The class that is +1, all others being -1 (default: the larger of two)")      \
  X(TEXT, format, "format", "NAME", "csv, tsv, text, arff, libsvm, npy or npz (default: by the path's ending)")        \
  X(CHARACTER, delimiter, "delimiter", "C",                                                                            \
    "Text: what separates the fields: a character, 'tab' or 'blank' (default: found by looking)")                      \
  X(CHARACTER, decimal, "decimal", "C", "Text: the decimal point, . or , (default: found by looking)")                 \
  X(TRUTH, zero_based, "zero-based", NULL, "LIBSVM: indices count from 0 (default: where one is 0)")                   \
  X(TEXT, columns, "columns", "LIST", "The features to keep: names, 0-based indices and ranges 2:5, in a list a,b,c")  \
  X(TEXT, drop, "drop", "LIST", "The features to leave out, in such a list")                                           \
  X(MISSING, missing, "missing", "HOW", "Samples with missing values: refuse (default), drop, or mean of the feature") \
  X(TRUTH, one_hot, "one-hot", NULL, "Text: each word of a column of words becomes a feature of 0 and 1")              \
  X(STANDARDIZE, scaling, "standardize", NULL, "Every feature to mean 0 and standard deviation 1")                     \
  X(SCALE, scaling, "scale", "HOW", "max: every feature by its largest absolute value; l2-rows: samples to norm 1")    \
  X(INTERCEPT, intercept, "intercept", "free",                                                                         \
    "Add a feature that is 1 in every sample, reported apart; =free: left out of the norm (solve)")

#define FLAG_KEY(kind, member, name, argument, help) KEY_##kind##_##member,
enum { BEFORE_FIRST = 5000, DATA_FLAGS(FLAG_KEY) AFTER_LAST };

#define FLAG_OPTION(kind, member, name, argument, help)                                                                \
  {name, KEY_##kind##_##member, argument, (kind) == INTERCEPT ? OPTION_ARG_OPTIONAL : 0, help, 1},
static const struct argp_option OPTIONS[] = {DATA_FLAGS(FLAG_OPTION){0}};

#define FLAG_MEMBER(kind, member, name, argument, help) {kind, offsetof(biascope_read_options, member), name},
static const struct {
  flag_kind kind;
  size_t offset;
  const char *name;
} FLAGS[] = {DATA_FLAGS(FLAG_MEMBER)};

static char parse_character(struct argp_state *state, int key, const char *text) {
  if (!strcmp(text, "tab") || !strcmp(text, "\\t")) return '\t';
  if (!strcmp(text, "blank")) return ' ';
  const bool decimal = key == KEY_CHARACTER_decimal;
  const bool valid = strlen(text) == 1 && (decimal ? strchr(".,", text[0]) != NULL : !strchr("\"#\r\n", text[0]));
  if (!valid)
    argp_error(state, "--%s: '%s' is not %s", FLAGS[key - BEFORE_FIRST - 1].name, text,
               decimal ? ". or ," : "a character that can separate fields, 'tab' or 'blank'");
  return text[0];
}

static void set_scaling(struct argp_state *state, biascope_read_options *read, biascope_scaling scaling) {
  if (read->scaling && read->scaling != scaling) argp_error(state, "--standardize and --scale: expected one of them");
  read->scaling = scaling;
}

static void set_intercept(struct argp_state *state, cli_common *common, const char *text) {
  common->read.intercept = true;
  if (!text) return;
  if (strcmp(text, "free") != 0) argp_error(state, "--intercept=%s: expected --intercept or --intercept=free", text);
  if (!common->takes_free_intercept)
    argp_error(state,
               "--intercept=free leaves the intercept out of the norm of a max margin: it is for solve; training "
               "treats its weight as any other (--intercept)");
  common->free_intercept = true;
}

static void set_option(struct argp_state *state, int key, const char *text, cli_common *common) {
  biascope_read_options *read = &common->read;
  void *member = (char *)read + FLAGS[key - BEFORE_FIRST - 1].offset;
  switch (FLAGS[key - BEFORE_FIRST - 1].kind) {
  case TEXT:
    *(const char **)member = text;
    break;
  case CHARACTER:
    *(char *)member = parse_character(state, key, text);
    break;
  case TRUTH:
    *(bool *)member = true;
    break;
  case MISSING:
    read->missing = (biascope_missing)cli_parse_choice(state, "--missing", text, MISSING_NAMES);
    break;
  case STANDARDIZE:
    set_scaling(state, read, BIASCOPE_STANDARDIZE);
    break;
  case SCALE:
    set_scaling(state, read, SCALINGS[cli_parse_choice(state, "--scale", text, SCALE_NAMES)]);
    break;
  case INTERCEPT:
    set_intercept(state, common, text);
    break;
  }
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
  if (key <= BEFORE_FIRST || key >= AFTER_LAST) return ARGP_ERR_UNKNOWN;
  set_option(state, key, text, common);
  return 0;
}

const struct argp cli_data_argp = {.options = OPTIONS, .parser = parse};

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
