#include "study/column.h"

#include "rule/option.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const bs_column FIRST[] = {
    {.kind = BS_COLUMN_IDENTITY, .name = "hash", .title = "run"},
    {.kind = BS_COLUMN_IDENTITY, .name = "status", .title = "status"},
    {.kind = BS_COLUMN_DATA,
     .name = "data",
     .json = "spec",
     .path = "data.name",
     .title = "data set",
     .label = "data set",
     .layout = BS_COLUMN_NAMES},
    {.kind = BS_COLUMN_DATA,
     .name = "samples",
     .json = "spec",
     .path = "data.samples",
     .title = "samples",
     .label = "samples"},
    {.kind = BS_COLUMN_DATA,
     .name = "features",
     .json = "spec",
     .path = "data.features",
     .title = "features",
     .label = "features"},
};
static const bs_column STEPS = {
    .kind = BS_COLUMN_OPTION, .name = "steps", .json = "spec", .path = "steps", .title = "steps", .label = "steps"};
#define TEST_ACCURACY_OF(norm, symbol)                                                                                 \
  {                                                                                                                    \
    .kind = BS_COLUMN_PREDICTION, .name = "test_accuracy_of_" norm, .json = "certificate",                             \
    .path = norm ".test_accuracy", .title = "test accuracy of the " symbol " max margin",                              \
    .label = "share of test samples that the " symbol " max margin classifies correctly"                               \
  }
static const bs_column LAST[] = {
    TEST_ACCURACY_OF("l2", "ℓ_2"),
    TEST_ACCURACY_OF("linf", "ℓ_∞"),
    TEST_ACCURACY_OF("l1", "ℓ_1"),
    TEST_ACCURACY_OF("spectral", "spectral"),
    TEST_ACCURACY_OF("nuclear", "nuclear"),
    {.kind = BS_COLUMN_PREDICTION,
     .name = "error_estimate",
     .json = "result",
     .path = "forecast.error_estimate",
     .title = "error estimate of the predicted run",
     .label = "error estimate of the predicted run (radians)"},
    {.kind = BS_COLUMN_PREDICTION,
     .name = "predicted_gap",
     .json = "certificate",
     .path = "predicted.gap",
     .title = "certified gap of the prediction",
     .label = "certified gap of the prediction"},
    {.kind = BS_COLUMN_PREDICTION,
     .name = "predicted_rate",
     .json = "certificate",
     .path = "predicted.rate",
     .title = "predicted rate",
     .label = "predicted rate"},
    {.kind = BS_COLUMN_ORIGIN, .name = "version", .title = "version"},
    {.kind = BS_COLUMN_ORIGIN, .name = "machine", .title = "machine"},
    {.kind = BS_COLUMN_ORIGIN, .name = "started", .title = "started"},
    {.kind = BS_COLUMN_ORIGIN, .name = "seconds", .title = "seconds", .label = "seconds"},
};

enum { FIRST_COUNT = sizeof FIRST / sizeof *FIRST, LAST_COUNT = sizeof LAST / sizeof *LAST };

/* Numbers that may be 0 are placed at equal distances, because a logarithmic axis has no 0. */
static bs_column_layout layout_of(const bs_option_row *row, bs_option option) {
  if (option == BS_OPTION_SEED) return BS_COLUMN_NAMES;
  switch (row->type) {
  case BIASCOPE_OPTION_REAL:
    return row->low > 0.0 ? BS_COLUMN_SCALED : BS_COLUMN_EVENLY;
  case BIASCOPE_OPTION_WHOLE:
    return BS_COLUMN_SCALED;
  default:
    return BS_COLUMN_NAMES;
  }
}

static void option_column(bs_option option, bs_column *out) {
  const bs_option_row *row = bs_option_row_of(option);
  *out = (bs_column){.kind = BS_COLUMN_OPTION, .json = "spec", .title = row->label, .label = row->label};
  snprintf(out->name, sizeof out->name, "%s", row->column ? row->column : row->name);
  snprintf(out->path, sizeof out->path, "%s", row->name);
  out->layout = layout_of(row, option);
  out->is_flag = row->type == BIASCOPE_OPTION_FLAG;
  if (row->off_at_zero) out->otherwise = "0";
  if (option == BS_OPTION_SEED) out->otherwise = "json_extract(spec, '$.data.seed')";
}

static void measure_column(const biascope_measure *measure, bool of_limit, bs_column *out) {
  *out = (bs_column){.kind = of_limit ? BS_COLUMN_LIMIT : BS_COLUMN_MEASURE, .json = "result"};
  snprintf(out->name, sizeof out->name, "%s%s", of_limit ? "limit_" : "", measure->name);
  snprintf(out->path, sizeof out->path, "%s%s%s%s", of_limit ? "limit." : "", measure->family, measure->of ? "." : "",
           measure->of ? measure->of : "");
  out->title = measure->title;
  out->label = of_limit ? NULL : measure->label;
  out->of_limit = measure->of_limit;
}

/* Option `index` of those that a study can vary; false beyond the last. */
static bool varied_option(size_t *index, bs_column *out) {
  for (int i = 0; i < BS_OPTIONS; i++) {
    if (bs_option_row_of((bs_option)i)->speed_only) continue;
    if (*index == 0) {
      option_column((bs_option)i, out);
      return true;
    }
    --*index;
  }
  return false;
}

static bool measure(size_t *index, bool of_limit, bs_column *out) {
  for (size_t i = 0; i < biascope_measure_count(); i++) {
    if (of_limit && !biascope_measure_at(i)->of_limit) continue;
    if (*index == 0) {
      measure_column(biascope_measure_at(i), of_limit, out);
      return true;
    }
    --*index;
  }
  return false;
}

bool bs_column_at(size_t index, bs_column *out) {
  if (index < FIRST_COUNT) {
    *out = FIRST[index];
    return true;
  }
  index -= FIRST_COUNT;
  if (varied_option(&index, out)) return true;
  if (index == 0) {
    *out = STEPS;
    return true;
  }
  index--;
  if (measure(&index, false, out) || measure(&index, true, out)) return true;
  if (index >= LAST_COUNT) return false;
  *out = LAST[index];
  return true;
}

void bs_column_expression(const bs_column *column, char *text, size_t size) {
  if (!column->json)
    snprintf(text, size, "%s", column->name);
  else if (column->otherwise)
    snprintf(text, size, "coalesce(json_extract(%s, '$.%s'), %s)", column->json, column->path, column->otherwise);
  else
    snprintf(text, size, "json_extract(%s, '$.%s')", column->json, column->path);
}

char *bs_column_list(unsigned kinds) {
  char *text = NULL;
  size_t size;
  FILE *stream = open_memstream(&text, &size);
  if (!stream) return NULL;
  bs_column column;
  const char *separator = "";
  for (size_t i = 0; bs_column_at(i, &column); i++) {
    if (!(column.kind & kinds)) continue;
    fprintf(stream, "%s%s", separator, column.name);
    separator = ", ";
  }
  if (fclose(stream) == 0) return text;
  free(text);
  return NULL;
}
