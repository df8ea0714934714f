/* Comma-separated values: rows x_i with the label folded in, or with a label column. */
#include "data/formats.h"

#include "base/memory.h"
#include "data/labels.h"
#include "data/text.h"
#include <stdlib.h>
#include <string.h>

typedef struct {
  bs_text text;
  bs_span *fields; /* of the current line */
  size_t capacity;
  size_t columns; /* of the first line; every line has as many */
  size_t label;   /* index of the label's column, or columns where labels are folded in */
  bool header;
  double *values; /* samples x (columns - has label) */
  bs_span *labels;
  size_t samples;
} csv_reader;

static biascope_status add_field(csv_reader *csv, size_t index, bs_span field, biascope_error *error) {
  if (index >= csv->capacity) {
    const size_t capacity = csv->capacity ? 2 * csv->capacity : 64;
    bs_span *grown = realloc(csv->fields, capacity * sizeof *grown);
    if (!grown) return bs_fail_memory(error, "the fields of a line");
    csv->fields = grown;
    csv->capacity = capacity;
  }
  csv->fields[index] = field;
  return BIASCOPE_OK;
}

/* Splits a line at its commas; a field may stand in double quotes, which then may hold commas. */
static biascope_status split(csv_reader *csv, bs_span line, size_t number, size_t *count, biascope_error *error) {
  const char *at = line.begin, *const end = line.begin + line.length;
  for (*count = 0;; (*count)++, at++) {
    bs_span field;
    while (at < end && (*at == ' ' || *at == '\t')) at++;
    if (at < end && *at == '"') {
      const char *close = memchr(at + 1, '"', (size_t)(end - at) - 1);
      if (!close)
        return bs_fail(error, BIASCOPE_BAD_INPUT, "%s:%zu:%zu: a quote is opened and not closed; expected '\"'",
                       csv->text.path, number, *count + 1);
      field = (bs_span){at + 1, (size_t)(close - at) - 1};
      at = close + 1;
      while (at < end && (*at == ' ' || *at == '\t')) at++;
      if (at < end && *at != ',')
        return bs_fail(error, BIASCOPE_BAD_INPUT, "%s:%zu:%zu: '%c' after a closing quote; expected a comma",
                       csv->text.path, number, *count + 1, *at);
    } else {
      const char *comma = memchr(at, ',', (size_t)(end - at));
      const char *stop = comma ? comma : end;
      field = bs_trim((bs_span){at, (size_t)(stop - at)});
      at = stop;
    }
    const biascope_status status = add_field(csv, *count, field, error);
    if (status != BIASCOPE_OK) return status;
    if (at >= end) break;
  }
  (*count)++;
  return BIASCOPE_OK;
}

static bool span_is(bs_span span, const char *text) {
  return span.length == strlen(text) && !memcmp(span.begin, text, span.length);
}

/* A header has no number in it, the label's column aside. */
static bool is_header(const csv_reader *csv, size_t label) {
  double value;
  bool words = false;
  for (size_t j = 0; j < csv->columns; j++) {
    if (j == label) continue;
    if (bs_parse_number(csv->fields[j], &value) != BS_NOT_A_NUMBER) return false;
    words = words || csv->fields[j].length > 0;
  }
  return words;
}

/* Resolves --label-column by the first line: an index (negative from the end), else a header name. */
static biascope_status find_label(csv_reader *csv, const char *name, biascope_error *error) {
  csv->label = csv->columns;
  if (name) {
    char *end;
    const long index = strtol(name, &end, 10);
    if (end != name && !*end) {
      const long columns = (long)csv->columns;
      if (index < -columns || index >= columns)
        return bs_fail(error, BIASCOPE_BAD_INPUT, "%s: label column %s is out of range; the file has columns 0 to %ld",
                       csv->text.path, name, columns - 1);
      csv->label = (size_t)(index < 0 ? index + columns : index);
    } else {
      for (csv->label = 0; csv->label < csv->columns && !span_is(csv->fields[csv->label], name);) csv->label++;
      if (csv->label == csv->columns)
        return bs_fail(error, BIASCOPE_BAD_INPUT,
                       "%s:1: no column is named '%s'; expected a header with that name or an index", csv->text.path,
                       name);
      csv->header = true;
    }
    if (csv->columns == 1)
      return bs_fail(error, BIASCOPE_BAD_INPUT, "%s: the label's column is the only one; expected features beside it",
                     csv->text.path);
  }
  csv->header = csv->header || is_header(csv, csv->label);
  return BIASCOPE_OK;
}

static biascope_status parse_row(csv_reader *csv, size_t number, biascope_error *error) {
  const bool labelled = csv->label < csv->columns;
  double *row = csv->values + csv->samples * (csv->columns - labelled);
  for (size_t j = 0; j < csv->columns; j++) {
    if (j == csv->label) {
      csv->labels[csv->samples] = csv->fields[j];
      continue;
    }
    const bs_number_kind kind = bs_parse_number(csv->fields[j], row++);
    if (kind != BS_NUMBER) return bs_fail_number(csv->text.path, number, j + 1, csv->fields[j], kind, error);
  }
  csv->samples++;
  return BIASCOPE_OK;
}

/* Room for as many rows as the rest of the file can hold: a row of k fields has at least 2k - 1 characters. */
static biascope_status allocate_rows(csv_reader *csv, biascope_error *error) {
  size_t lines = 0;
  for (size_t i = 0; i < csv->text.size; i++) lines += csv->text.bytes[i] == '\n';
  const bool labelled = csv->label < csv->columns;
  const size_t most = csv->text.size / (2 * csv->columns - 1) + 1;
  const size_t rows = lines + 1 < most ? lines + 1 : most;
  size_t count;
  if (!__builtin_mul_overflow(rows, csv->columns - labelled, &count)) csv->values = BS_NEW(double, count);
  csv->labels = BS_NEW(bs_span, labelled ? rows : 1);
  return csv->values && csv->labels ? BIASCOPE_OK : bs_fail_memory(error, "the dataset");
}

static biascope_status read_lines(csv_reader *csv, const char *label, biascope_error *error) {
  size_t cursor = 0, number = 0, count, blank = 0;
  bs_span line;
  while (bs_next_line(&csv->text, &cursor, &line)) {
    number++;
    if (bs_trim(line).length == 0) {
      blank = blank ? blank : number;
      continue;
    }
    if (blank)
      return bs_fail(error, BIASCOPE_BAD_INPUT, "%s:%zu: an empty line between rows; expected values", csv->text.path,
                     blank);
    biascope_status status = split(csv, line, number, &count, error);
    if (status != BIASCOPE_OK) return status;
    if (csv->columns == 0) {
      csv->columns = count;
      if ((status = find_label(csv, label, error)) != BIASCOPE_OK) return status;
      if ((status = allocate_rows(csv, error)) != BIASCOPE_OK) return status;
      if (csv->header) continue;
    }
    if (count != csv->columns)
      return bs_fail(error, BIASCOPE_BAD_INPUT, "%s:%zu: %zu values; expected %zu as in the first line", csv->text.path,
                     number, count, csv->columns);
    if ((status = parse_row(csv, number, error)) != BIASCOPE_OK) return status;
  }
  if (csv->samples == 0)
    return bs_fail(error, BIASCOPE_BAD_INPUT, "%s: no samples; expected rows of comma-separated numbers",
                   csv->text.path);
  return BIASCOPE_OK;
}

biascope_status bs_read_csv(const char *path, const biascope_read_options *options, biascope_dataset **out,
                            biascope_error *error) {
  csv_reader csv = {0};
  biascope_status status = bs_text_load(path, &csv.text, error);
  if (status == BIASCOPE_OK) status = read_lines(&csv, options->label_column, error);
  if (status == BIASCOPE_OK) {
    const bool labelled = csv.label < csv.columns;
    const size_t features = csv.columns - labelled;
    if (labelled) status = bs_fold_labels(path, csv.samples, features, csv.labels, csv.values, error);
    if (status == BIASCOPE_OK) status = bs_dataset_adopt_dense(csv.samples, features, csv.values, out, error);
    if (status == BIASCOPE_OK) csv.values = NULL;
  }
  free(csv.values);
  free(csv.labels);
  free(csv.fields);
  bs_text_free(&csv.text);
  return status;
}

void bs_write_csv(const biascope_dataset *data, FILE *stream) {
  for (size_t i = 0; i < data->samples; i++) {
    size_t next = 0;
    for (size_t k = 0; k < data->features; k++)
      fprintf(stream, "%s%.17g", k ? "," : "", bs_row_walk(data, i, k, &next));
    fputc('\n', stream);
  }
}
