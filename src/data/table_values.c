/* Changes to the values of a table: the missing ones, and the scale. */
#include "data/table.h"

#include "base/memory.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static double *values_of(const bs_table *table, size_t row, size_t *count) {
  *count = table->dense ? table->features : table->row_start[row + 1] - table->row_start[row];
  return table->dense ? table->dense + row * table->features : table->value + table->row_start[row];
}

static size_t feature_at(const bs_table *table, size_t row, size_t at) {
  return table->dense ? at : table->column[table->row_start[row] + at];
}

/* ---- Missing values ------------------------------------------------------------------------- */

void bs_table_add_missing(bs_table *table, const char *format, ...) {
  if (table->missing++ > 0) return;
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(table->missing_first.message, sizeof table->missing_first.message, format, arguments);
  va_end(arguments);
}

static bool lacks_something(const bs_table *table, size_t row) {
  if (table->labels.class && table->labels.class[row] == BS_NO_CLASS) return true;
  for (size_t k = 0; k < table->features; k++)
    if (isnan(table->dense[row * table->features + k])) return true;
  return false;
}

static biascope_status drop_rows(bs_table *table, biascope_error *error) {
  size_t kept = 0;
  for (size_t i = 0; i < table->samples; i++) {
    if (lacks_something(table, i)) continue;
    memmove(table->dense + kept * table->features, table->dense + i * table->features,
            table->features * sizeof(double));
    if (table->labels.class) table->labels.class[kept] = table->labels.class[i];
    kept++;
  }
  const size_t dropped = table->samples - kept;
  table->samples = kept;
  if (kept == 0) return bs_fail(error, BIASCOPE_BAD_INPUT, "%s: every sample lacks a value", table->path);
  return bs_notes_add(&table->notes, error, "%zu sample%s with missing values left out", dropped,
                      dropped == 1 ? "" : "s");
}

static bool lacks_a_label(const bs_table *table) {
  for (size_t i = 0; table->labels.class && i < table->samples; i++)
    if (table->labels.class[i] == BS_NO_CLASS) return true;
  return false;
}

/* A classifier that has means uses them. */
static biascope_missing treatment(const biascope_read_options *options) {
  const bool has_means = options->like && options->like->mean;
  return has_means && !options->missing ? BIASCOPE_MISSING_MEAN : options->missing;
}

biascope_status bs_table_drop_missing(bs_table *table, const biascope_read_options *options, biascope_error *error) {
  const biascope_missing missing = treatment(options);
  bool lacking = false; /* values of columns that a classifier does not read may be missing */
  for (size_t i = 0; table->missing > 0 && i < table->samples && !lacking; i++) lacking = lacks_something(table, i);
  if (!lacking) return BIASCOPE_OK;
  if (missing == BIASCOPE_MISSING_DROP) return drop_rows(table, error);
  const bool needs_drop = lacks_a_label(table);
  if (missing == BIASCOPE_MISSING_MEAN && !needs_drop) return BIASCOPE_OK;
  return bs_fail(error, BIASCOPE_BAD_INPUT, "%s (%zu missing value%s in all; --missing %s)",
                 table->missing_first.message, table->missing, table->missing == 1 ? "" : "s",
                 needs_drop ? "drop, as a label has no mean" : "drop or mean");
}

/* The mean of the values that are there. */
static biascope_status find_mean(const bs_table *table, size_t feature, double *mean, biascope_error *error) {
  double sum = 0.0;
  size_t count = 0;
  for (size_t i = 0; i < table->samples; i++) {
    const double value = table->dense[i * table->features + feature];
    if (isnan(value)) continue;
    sum += value;
    count++;
  }
  *mean = sum / (double)count;
  if (count > 0 && isinf(sum)) *mean = 0.0;
  for (size_t i = 0; count > 0 && isinf(sum) && i < table->samples; i++) {
    const double value = table->dense[i * table->features + feature];
    if (!isnan(value)) *mean += value / (double)count;
  }
  if (count > 0) return BIASCOPE_OK;
  if (!table->names)
    return bs_fail(error, BIASCOPE_BAD_INPUT, "%s: feature %zu has no value at all; --drop it", table->path, feature);
  return bs_fail(error, BIASCOPE_BAD_INPUT, "%s: column '%s' has no value at all; --drop it", table->path,
                 table->names[feature]);
}

biascope_status bs_table_fill_missing(bs_table *table, const biascope_read_options *options, biascope_error *error) {
  if (treatment(options) != BIASCOPE_MISSING_MEAN || !table->dense) return BIASCOPE_OK;
  const double *known = options->like ? options->like->mean : NULL;
  size_t filled = 0;
  table->mean = BS_NEW(double, table->features);
  if (!table->mean) return bs_fail_memory(error, "the means of the features");
  for (size_t k = 0; k < table->features; k++) {
    if (known) table->mean[k] = known[k];
    const biascope_status status = known ? BIASCOPE_OK : find_mean(table, k, &table->mean[k], error);
    if (status != BIASCOPE_OK) return status;
    for (size_t i = 0; table->missing > 0 && i < table->samples; i++) {
      double *value = &table->dense[i * table->features + k];
      if (!isnan(*value)) continue;
      *value = table->mean[k];
      filled++;
    }
  }
  if (filled == 0) return BIASCOPE_OK;
  return bs_notes_add(&table->notes, error, "%zu missing value%s replaced by the mean of the feature", filled,
                      filled == 1 ? "" : "s");
}

/* ---- Scaling -------------------------------------------------------------------------------- */

/* A power of two near the largest absolute value of a feature: values divided by it have squares in range. */
static double unit_of(const bs_table *table, size_t feature) {
  double largest = 0.0;
  int exponent;
  for (size_t i = 0; i < table->samples; i++)
    largest = fmax(largest, fabs(table->dense[i * table->features + feature]));
  frexp(largest, &exponent);
  return largest > 0.0 ? ldexp(1.0, exponent - 1) : 1.0;
}

/* Mean and standard deviation, in two passes. The scale of a constant feature does not change. */
static void find_moments(const bs_table *table, double *shift, double *scale) {
  const double samples = (double)table->samples;
  for (size_t k = 0; k < table->features; k++) {
    const double unit = unit_of(table, k);
    double sum = 0.0, squares = 0.0;
    for (size_t i = 0; i < table->samples; i++) sum += table->dense[i * table->features + k] / unit;
    const double mean = sum / samples;
    for (size_t i = 0; i < table->samples; i++) {
      const double distance = table->dense[i * table->features + k] / unit - mean;
      squares += distance * distance;
    }
    const double deviation = sqrt(squares / samples);
    shift[k] = mean * unit;
    scale[k] = deviation > 1e-14 * fabs(mean) ? deviation * unit : 1.0; /* else the rounding error of a constant */
  }
}

static void find_largest(const bs_table *table, double *scale) {
  for (size_t i = 0; i < table->samples; i++) {
    size_t count;
    const double *values = values_of(table, i, &count);
    for (size_t at = 0; at < count; at++) {
      double *largest = &scale[feature_at(table, i, at)];
      if (fabs(values[at]) > *largest) *largest = fabs(values[at]);
    }
  }
  for (size_t k = 0; k < table->features; k++)
    if (scale[k] == 0.0) scale[k] = 1.0;
}

static biascope_status apply_scale(bs_table *table, biascope_error *error) {
  for (size_t k = 0; !table->dense && k < table->features; k++)
    if (table->shift[k] != 0.0)
      return bs_fail(error, BIASCOPE_USAGE, "%s: sparse data cannot be shifted; --scale max scales them", table->path);
  for (size_t i = 0; i < table->samples; i++) {
    size_t count;
    double *values = values_of(table, i, &count);
    for (size_t at = 0; at < count; at++) {
      const size_t k = feature_at(table, i, at);
      values[at] = (values[at] - table->shift[k]) / table->scale[k];
    }
  }
  return BIASCOPE_OK;
}

/* Rows of zeros are not changed. */
static void scale_rows(bs_table *table) {
  for (size_t i = 0; i < table->samples; i++) {
    size_t count;
    double *values = values_of(table, i, &count), largest = 0.0, squares = 0.0;
    for (size_t at = 0; at < count; at++) largest = fmax(largest, fabs(values[at]));
    if (largest == 0.0) continue;
    for (size_t at = 0; at < count; at++) squares += (values[at] / largest) * (values[at] / largest);
    for (size_t at = 0; at < count; at++) values[at] = values[at] / largest / sqrt(squares);
  }
  table->rows_scaled = true;
}

/* Shift and scale of each feature, with one more entry for an intercept: those of the classifier, or of the data. */
static biascope_status find_scale(bs_table *table, const biascope_read_options *options, biascope_error *error) {
  const size_t features = table->features;
  if (options->scaling == BIASCOPE_STANDARDIZE && !options->like && !table->dense)
    return bs_fail(error, BIASCOPE_USAGE, "%s: sparse data cannot be standardised; --scale max scales them",
                   table->path);
  table->shift = BS_NEW(double, features + 1);
  table->scale = BS_NEW(double, features + 1);
  if (!table->shift || !table->scale) return bs_fail_memory(error, "the scale of the features");
  table->scale[features] = 1.0;
  if (options->like) {
    memcpy(table->shift, options->like->shift, features * sizeof *table->shift);
    memcpy(table->scale, options->like->scale, features * sizeof *table->scale);
  } else if (options->scaling == BIASCOPE_STANDARDIZE) {
    find_moments(table, table->shift, table->scale);
  } else {
    find_largest(table, table->scale);
  }
  return BIASCOPE_OK;
}

biascope_status bs_table_scale(bs_table *table, const biascope_read_options *options, biascope_error *error) {
  const biascope_model *like = options->like;
  const bool rows = like ? like->rows_scaled : options->scaling == BIASCOPE_SCALE_ROWS;
  const bool features = like ? like->scale != NULL : options->scaling != BIASCOPE_UNSCALED && !rows;
  biascope_status status = BIASCOPE_OK;
  if (features) status = find_scale(table, options, error);
  if (status == BIASCOPE_OK && features) status = apply_scale(table, error);
  if (status == BIASCOPE_OK && rows) scale_rows(table);
  return status;
}
