/* Columns of words: each word becomes a feature that is 1 where the word stands, else 0 (--one-hot). */
#include "base/memory.h"
#include "data/csv_reader.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINES_LOOKED_AT = 64 };

/* Marks the features of a line that are words. */
static void mark_words(bs_csv_reader *csv, bs_span line) {
  const char *cursor = line.begin;
  for (size_t column = 0; cursor && column < csv->columns; column++) {
    bs_field field;
    double value;
    if (bs_take_field(line, csv->dialect.delimiter, &cursor, &field)) return;
    if (csv->role[column] != BS_FEATURE || bs_is_missing(field.text)) continue;
    if (bs_begins_like_number(field.text, csv->dialect.decimal) || bs_is_truth(field.text, &value)) continue;
    csv->role[column] = BS_CATEGORY;
  }
}

biascope_status bs_csv_find_categories(bs_csv_reader *csv) {
  bs_span ahead = bs_lines_ahead(&csv->lines), line;
  if (!csv->header) mark_words(csv, csv->lines.line);
  for (int i = 0; i < LINES_LOOKED_AT && bs_take_line(&ahead, csv->lines.feed, &line); i++) {
    if (csv->comment == '%') bs_arff_unquote(csv, line);
    if (bs_trim(line).begin == line.end || *bs_trim(line).begin == csv->comment) continue;
    if (ahead.begin < ahead.end || csv->lines.at_end) mark_words(csv, line);
  }
  for (size_t k = 0; k < csv->columns; k++) {
    if (csv->role[k] != BS_CATEGORY || csv->category) continue;
    csv->category = BS_NEW(bs_labels, csv->columns);
    if (!csv->category) return bs_fail_memory(csv->error, "the columns of words");
  }
  return BIASCOPE_OK;
}

/* Where the features of each column begin in the wider table. Returns the number of all features. */
static size_t place_columns(const bs_csv_reader *csv, size_t *place) {
  size_t features = 0;
  for (size_t k = 0; k < csv->columns; k++) {
    place[k] = features;
    if (csv->role[k] == BS_FEATURE) features++;
    if (csv->role[k] == BS_CATEGORY) features += csv->category[k].count;
  }
  return features;
}

static void fill_row(const bs_csv_reader *csv, const size_t *place, size_t row, double *wide) {
  const double *narrow = csv->table->dense + row * csv->table->features;
  for (size_t column = 0; column < csv->columns; column++) {
    if (csv->role[column] == BS_FEATURE) wide[place[column]] = *narrow++;
    if (csv->role[column] != BS_CATEGORY) continue;
    narrow++;
    const bs_labels *words = &csv->category[column];
    const uint32_t word = words->class[row];
    for (size_t k = 0; k < words->count; k++) wide[place[column] + k] = word == BS_NO_CLASS ? NAN : (double)(k == word);
  }
}

/* "colour=red", or "3=red" if the columns have no names. */
static char *word_name(const bs_csv_reader *csv, size_t column, size_t feature, const char *word) {
  char index[24];
  snprintf(index, sizeof index, "%zu", column);
  const char *name = csv->table->names ? csv->table->names[feature] : index;
  const size_t size = strlen(name) + strlen(word) + 2;
  char *text = malloc(size);
  if (text) snprintf(text, size, "%s=%s", name, word);
  return text;
}

static biascope_status name_words(const bs_csv_reader *csv, const size_t *place, char **names) {
  size_t feature = 0;
  for (size_t column = 0; column < csv->columns; column++) {
    if (csv->role[column] != BS_FEATURE && csv->role[column] != BS_CATEGORY) continue;
    const size_t count = csv->role[column] == BS_CATEGORY ? csv->category[column].count : 0;
    char index[24];
    snprintf(index, sizeof index, "%zu", column);
    if (count == 0) names[place[column]] = bs_copy_text(csv->table->names ? csv->table->names[feature] : index);
    if (count == 0 && !names[place[column]]) return bs_fail_memory(csv->error, "a column's name");
    for (size_t k = 0; k < count; k++) {
      names[place[column] + k] = word_name(csv, column, feature, csv->category[column].classes[k].name);
      if (!names[place[column] + k]) return bs_fail_memory(csv->error, "a column's name");
    }
    feature++;
  }
  return BIASCOPE_OK;
}

static biascope_status sort_words(bs_csv_reader *csv) {
  biascope_status status = BIASCOPE_OK;
  for (size_t k = 0; status == BIASCOPE_OK && k < csv->columns; k++) {
    if (csv->role[k] != BS_CATEGORY) continue;
    status = bs_labels_join(&csv->category[k], csv->error);
    if (status == BIASCOPE_OK)
      status = bs_labels_sort(&csv->category[k], csv->table->samples, csv->table->path, csv->error);
  }
  return status;
}

/* The wider table replaces the one that was read. */
static biascope_status widen(bs_csv_reader *csv, size_t *place) {
  bs_table *table = csv->table;
  const size_t features = place_columns(csv, place);
  if (features == 0)
    return bs_fail(csv->error, BIASCOPE_BAD_INPUT, "%s: no feature; expected numbers or words", table->path);
  double *dense = bs_allocate_unset(table->samples * features, sizeof(double));
  char **names = BS_NEW(char *, features);
  biascope_status status = dense && names ? BIASCOPE_OK : bs_fail_memory(csv->error, "the dataset");
  if (status == BIASCOPE_OK) status = name_words(csv, place, names);
  if (status != BIASCOPE_OK) {
    for (size_t k = 0; names && k < features; k++) free(names[k]);
    free(names);
    free(dense);
    return status;
  }
  for (size_t i = 0; i < table->samples; i++) fill_row(csv, place, i, dense + i * features);
  for (size_t k = 0; table->names && k < table->features; k++) free(table->names[k]);
  free(table->names);
  free(table->dense);
  table->names = names;
  table->dense = dense;
  table->allocated = table->samples * features;
  table->features = features;
  return BIASCOPE_OK;
}

biascope_status bs_csv_expand_categories(bs_csv_reader *csv) {
  size_t *place = BS_NEW(size_t, csv->columns);
  biascope_status status = place ? sort_words(csv) : bs_fail_memory(csv->error, "the columns of words");
  if (status == BIASCOPE_OK) status = widen(csv, place);
  free(place);
  return status;
}

void bs_csv_free_categories(bs_csv_reader *csv) {
  for (size_t k = 0; csv->category && k < csv->columns; k++) bs_labels_free(&csv->category[k]);
  free(csv->category);
}
