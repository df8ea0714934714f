/* The options of reading by name: flags of the command line, keys of studies. */
#include "base/error.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

typedef enum { TEXT, DELIMITER, DECIMAL, FLAG, MISSING, STANDARDIZE, SCALE } value_kind;

typedef struct {
  value_kind kind;
  size_t offset; /* in biascope_read_options */
  biascope_read_option description;
} row;

#define ROW(kind, member, name, placeholder, help)                                                                     \
  {                                                                                                                    \
    (kind), offsetof(biascope_read_options, member), {                                                                 \
      (name), (placeholder), (help)                                                                                    \
    }                                                                                                                  \
  }

static const row TABLE[] = {
    ROW(TEXT, label_column, "label_column", "COLUMN",
        "Text: the label's column, by header name or 0-based index (negative: from the end); without it labels are "
        "folded in"),
    ROW(TEXT, labels, "labels", "FILE", "A file with one label for each sample, .npy or text"),
    ROW(TEXT, positive, "positive", "NAME", "The class that is +1, all others being -1 (default: the larger of two)"),
    ROW(TEXT, negative, "negative", "NAME",
        "With positive: the class that is -1; samples of any other class are left out"),
    ROW(TEXT, format, "format", "NAME", "csv, tsv, text, arff, libsvm, npy or npz (default: by the path's ending)"),
    ROW(DELIMITER, delimiter, "delimiter", "C",
        "Text: what separates the fields: a character, 'tab' or 'blank' (default: found by looking)"),
    ROW(DECIMAL, decimal, "decimal", "C", "Text: the decimal point, . or , (default: found by looking)"),
    ROW(FLAG, zero_based, "zero_based", NULL, "LIBSVM: indices count from 0 (default: where one is 0)"),
    ROW(TEXT, columns, "columns", "LIST",
        "The features to keep: names, 0-based indices and ranges 2:5, in a list a,b,c"),
    ROW(TEXT, drop, "drop", "LIST", "The features to leave out, in such a list"),
    ROW(MISSING, missing, "missing", "HOW",
        "Samples with missing values: refuse (default), drop, or mean of the feature"),
    ROW(FLAG, one_hot, "one_hot", NULL, "Text: each word of a column of words becomes a feature of 0 and 1"),
    ROW(STANDARDIZE, scaling, "standardize", NULL, "Every feature to mean 0 and standard deviation 1"),
    ROW(SCALE, scaling, "scale", "HOW", "max: every feature by its largest absolute value; l2-rows: samples to norm 1"),
    ROW(FLAG, intercept, "intercept", NULL, "Add a feature that is 1 in every sample, reported apart"),
};
enum { COUNT = sizeof TABLE / sizeof *TABLE };

static const char *const TRUTHS[] = {"false", "true", NULL};
/* By biascope_missing, and by the scalings below. */
static const char *const MISSING_NAMES[] = {"refuse", "drop", "mean", NULL};
static const char *const SCALE_NAMES[] = {"none", "max", "l2-rows", NULL};
static const biascope_scaling SCALINGS[] = {BIASCOPE_UNSCALED, BIASCOPE_SCALE_MAX, BIASCOPE_SCALE_ROWS};

size_t biascope_read_option_count(void) {
  return COUNT;
}

const biascope_read_option *biascope_read_option_at(size_t index) {
  return &TABLE[index].description;
}

static biascope_status set_choice(const char *name, const char *value, const char *const *names, int *choice,
                                  biascope_error *error) {
  char list[80] = "";
  for (*choice = 0; names[*choice]; ++*choice) {
    if (!strcmp(value, names[*choice])) return BIASCOPE_OK;
    snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s", *choice ? ", " : "", names[*choice]);
  }
  return bs_fail(error, BIASCOPE_USAGE, "%s: '%.80s' is not one of %s", name, value, list);
}

static biascope_status set_character(const row *r, const char *value, char *out, biascope_error *error) {
  const bool decimal = r->kind == DECIMAL;
  const bool tab = !strcmp(value, "tab") || !strcmp(value, "\\t"), blank = !strcmp(value, "blank");
  const char c = !decimal && tab ? '\t' : !decimal && blank ? ' ' : value[0];
  const bool single = (!decimal && (tab || blank)) || strlen(value) == 1;
  *out = c;
  if (single && (decimal ? strchr(".,", c) != NULL : !strchr("\"#\r\n", c))) return BIASCOPE_OK;
  return bs_fail(error, BIASCOPE_USAGE, "%s: '%.80s' is not %s", r->description.name, value,
                 decimal ? ". or ," : "a character that can separate fields, 'tab' or 'blank'");
}

static biascope_status set_scaling(biascope_read_options *options, biascope_scaling scaling, biascope_error *error) {
  if (options->scaling && options->scaling != scaling)
    return bs_fail(error, BIASCOPE_USAGE, "standardize and scale: expected one of them");
  options->scaling = scaling;
  return BIASCOPE_OK;
}

static biascope_status set(biascope_read_options *options, const row *r, const char *value, biascope_error *error) {
  void *member = (char *)options + r->offset;
  const char *const *names = r->kind == MISSING ? MISSING_NAMES : r->kind == SCALE ? SCALE_NAMES : TRUTHS;
  int choice = 0;
  if (r->kind == TEXT) {
    *(const char **)member = value;
    return BIASCOPE_OK;
  }
  if (r->kind == DELIMITER || r->kind == DECIMAL) return set_character(r, value, member, error);
  const biascope_status status = set_choice(r->description.name, value, names, &choice, error);
  if (status != BIASCOPE_OK) return status;
  if (r->kind == SCALE) return set_scaling(options, SCALINGS[choice], error);
  if (r->kind == STANDARDIZE) return choice ? set_scaling(options, BIASCOPE_STANDARDIZE, error) : BIASCOPE_OK;
  if (r->kind == MISSING)
    options->missing = (biascope_missing)choice;
  else
    *(bool *)member = choice == 1;
  return BIASCOPE_OK;
}

biascope_status biascope_read_options_set(biascope_read_options *options, const char *name, const char *value,
                                          biascope_error *error) {
  for (size_t i = 0; i < COUNT; i++)
    if (!strcmp(TABLE[i].description.name, name)) return set(options, &TABLE[i], value, error);
  return bs_fail(error, BIASCOPE_USAGE, "'%.80s' is not an option of reading", name);
}
