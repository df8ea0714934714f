/* Comma-separated values (RFC 4180, but no line feed inside quotes): a sample a row, the label folded in or in a column
 * of its own, a header row where one is recognised. */
#include "base/memory.h"
#include "data/formats.h"
#include "data/labels.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const size_t NO_LABEL = SIZE_MAX;

typedef struct {
  const bs_text *text;
  biascope_error *error;
  size_t columns; /* of the first row, the label's included */
  size_t label;   /* the label's column, or NO_LABEL */
  bool header;
  bs_labels labels;
  unsigned char *class; /* of each sample, where there is a label's column */
  double *values;
  size_t samples;
} csv_reader;

static size_t features_of(const csv_reader *csv) {
  return csv->columns - (csv->label != NO_LABEL);
}

/* Takes the field at *cursor off a line: its text without the spaces and quotes around it. A doubled quote inside
 * quotes stays doubled. *cursor moves past the comma, or becomes NULL after the last field. */
static biascope_status take_field(const csv_reader *csv, bs_span line, const char **cursor, bs_span *field) {
  const char *at = *cursor;
  *field = (bs_span){at, at};
  while (at < line.end && (*at == ' ' || *at == '\t')) at++;
  if (at == line.end || *at != '"') {
    const char *comma = memchr(at, ',', (size_t)(line.end - at));
    *field = bs_trim((bs_span){at, comma ? comma : line.end});
    *cursor = comma ? comma + 1 : NULL;
    return BIASCOPE_OK;
  }
  const char *open = at++;
  while (at < line.end && (*at != '"' || (at + 1 < line.end && at[1] == '"'))) at += *at == '"' ? 2 : 1;
  if (at >= line.end) return bs_fail_at(csv->error, csv->text, open, "a quote opens and does not close on its line");
  *field = (bs_span){open + 1, at};
  do at++;
  while (at < line.end && (*at == ' ' || *at == '\t'));
  if (at < line.end && *at != ',')
    return bs_fail_at(csv->error, csv->text, at, "text after a closing quote; expected a comma");
  *cursor = at < line.end ? at + 1 : NULL;
  return BIASCOPE_OK;
}

/* Whether a field was meant as a number, be it a broken one. */
static bool begins_like_number(const csv_reader *csv, bs_span field) {
  double value;
  if (bs_parse_number(csv->text, field, &value) != BS_NOT_A_NUMBER) return true;
  if (field.begin < field.end && (*field.begin == '+' || *field.begin == '-')) field.begin++;
  if (field.begin < field.end && *field.begin == '.') field.begin++;
  return field.begin < field.end && *field.begin >= '0' && *field.begin <= '9';
}

/* An index, negative from the end, is told from a name by being a whole number. */
static biascope_status find_label_by_index(csv_reader *csv, const char *column, bool *is_index) {
  char *end;
  const long long columns = (long long)csv->columns, index = strtoll(column, &end, 10);
  *is_index = end != column && !*end;
  if (!*is_index) return BIASCOPE_OK;
  if (index < -columns || index >= columns)
    return bs_fail(csv->error, BIASCOPE_BAD_INPUT,
                   "%s: label column %s is out of range; expected an index from %lld to %lld", csv->text->path, column,
                   -columns, columns - 1);
  csv->label = (size_t)(index < 0 ? index + columns : index);
  return BIASCOPE_OK;
}

/* By name: the first row is a header, and exactly one of its fields is that name. */
static biascope_status find_label_by_name(csv_reader *csv, bs_span line, const char *name) {
  const char *cursor = line.begin;
  for (size_t column = 0; cursor; column++) {
    bs_span field;
    const biascope_status status = take_field(csv, line, &cursor, &field);
    if (status != BIASCOPE_OK) return status;
    const size_t length = (size_t)(field.end - field.begin);
    if (length != strlen(name) || memcmp(field.begin, name, length) != 0) continue;
    if (csv->label != NO_LABEL)
      return bs_fail_at(csv->error, csv->text, field.begin, "a second column is named '%s'; give its index instead",
                        name);
    csv->label = column;
  }
  if (csv->label == NO_LABEL)
    return bs_fail_at(csv->error, csv->text, line.begin,
                      "no column is named '%s'; expected a header row with that name, or a column's index", name);
  csv->header = true;
  return BIASCOPE_OK;
}

/* Counts the first row's fields and calls it a header where no feature's field was meant as a number. */
static biascope_status look_at_first_row(csv_reader *csv, bs_span line, const char *label_column) {
  biascope_status status = BIASCOPE_OK;
  bs_span field;
  for (const char *cursor = line.begin; cursor; csv->columns++) {
    if ((status = take_field(csv, line, &cursor, &field)) != BIASCOPE_OK) return status;
  }
  bool is_index = true;
  if (label_column) status = find_label_by_index(csv, label_column, &is_index);
  if (status == BIASCOPE_OK && !is_index) status = find_label_by_name(csv, line, label_column);
  if (status != BIASCOPE_OK) return status;
  if (features_of(csv) == 0)
    return bs_fail_at(csv->error, csv->text, line.begin, "no column beside the label's; expected features");
  if (csv->header) return BIASCOPE_OK;
  csv->header = true;
  const char *cursor = line.begin;
  for (size_t column = 0; csv->header && cursor; column++) {
    if ((status = take_field(csv, line, &cursor, &field)) != BIASCOPE_OK) return status;
    csv->header = column == csv->label || !begins_like_number(csv, field);
  }
  return BIASCOPE_OK;
}

/* A column without a name is an index that a table was written with, not a feature. */
static biascope_status check_header(const csv_reader *csv, bs_span line) {
  const char *cursor = line.begin;
  for (size_t column = 0; cursor; column++) {
    bs_span field;
    const biascope_status status = take_field(csv, line, &cursor, &field);
    if (status != BIASCOPE_OK) return status;
    if (field.begin == field.end)
      return bs_fail_at(csv->error, csv->text, field.begin,
                        "column %zu of the header has no name; expected one (row numbers are not features)",
                        column + 1);
  }
  return BIASCOPE_OK;
}

/* A row takes a line, and a field two bytes, so that the file's size bounds the memory. */
static biascope_status allocate_rows(csv_reader *csv) {
  const size_t lines = bs_count_lines(csv->text), most = csv->text->size / 2 + 1;
  size_t count;
  if (__builtin_mul_overflow(lines, features_of(csv), &count) || count > most) count = most;
  csv->values = BS_NEW(double, count);
  csv->class = BS_NEW(unsigned char, csv->label == NO_LABEL ? 0 : lines);
  return csv->values && csv->class ? BIASCOPE_OK : bs_fail_memory(csv->error, "the dataset");
}

static biascope_status fail_field(const csv_reader *csv, size_t column, bs_span field, bs_number_kind kind) {
  char what[40];
  snprintf(what, sizeof what, "field %zu", column + 1);
  return bs_fail_number(csv->error, csv->text, field, kind, what);
}

static biascope_status read_row(csv_reader *csv, bs_span line) {
  double *value = csv->values + csv->samples * features_of(csv);
  size_t column = 0;
  for (const char *cursor = line.begin; cursor; column++) {
    bs_span field;
    biascope_status status = take_field(csv, line, &cursor, &field);
    if (status != BIASCOPE_OK) return status;
    if (column >= csv->columns) continue; /* counted for the message below */
    if (column == csv->label) {
      status = bs_label_class(&csv->labels, csv->text, field, &csv->class[csv->samples], csv -> error);
      if (status != BIASCOPE_OK) return status;
      continue;
    }
    const bs_number_kind kind = bs_parse_number(csv->text, field, value++);
    if (kind != BS_NUMBER) return fail_field(csv, column, field, kind);
  }
  if (column != csv->columns)
    return bs_fail_at(csv->error, csv->text, line.begin, "%zu fields; expected %zu as in the first row", column,
                      csv->columns);
  csv->samples++;
  return BIASCOPE_OK;
}

static biascope_status read_rows(csv_reader *csv, const char *label_column) {
  const char *end = csv->text->bytes + csv->text->size;
  bs_span line;
  for (const char *cursor = csv->text->bytes; cursor < end; cursor = bs_next_line(csv->text, line)) {
    line = bs_line(csv->text, cursor);
    const bs_span content = bs_trim(line);
    if (content.begin < content.end && *content.begin == '#') continue;
    if (content.begin == content.end) {
      if (bs_only_blank(csv->text, cursor)) break;
      return bs_fail_at(csv->error, csv->text, cursor, "an empty line; expected one only at the end");
    }
    biascope_status status;
    if (csv->columns == 0) {
      if ((status = look_at_first_row(csv, line, label_column)) != BIASCOPE_OK) return status;
      if ((status = allocate_rows(csv)) != BIASCOPE_OK) return status;
      if (csv->header && (status = check_header(csv, line)) != BIASCOPE_OK) return status;
      if (csv->header) continue;
    }
    if ((status = read_row(csv, line)) != BIASCOPE_OK) return status;
  }
  if (csv->samples > 0) return BIASCOPE_OK;
  return bs_fail(csv->error, BIASCOPE_BAD_INPUT, "%s: no sample%s; expected rows of comma-separated numbers",
                 csv->text->path, csv->header ? " after the header" : "");
}

static biascope_status fold_labels(const csv_reader *csv) {
  double signs[2];
  const biascope_status status = bs_label_signs(&csv->labels, csv->text, signs, csv->error);
  if (status != BIASCOPE_OK) return status;
  const size_t features = features_of(csv);
  for (size_t i = 0; i < csv->samples; i++) {
    if (signs[csv->class[i]] > 0.0) continue;
    for (size_t k = 0; k < features; k++) csv->values[i * features + k] = 0.0 - csv->values[i * features + k];
  }
  return BIASCOPE_OK;
}

biascope_status bs_csv_read(bs_text *text, const biascope_read_options *options, biascope_dataset **out,
                            biascope_error *error) {
  csv_reader csv = {.text = text, .error = error, .label = NO_LABEL};
  biascope_status status = bs_text_clean(text, error);
  if (status == BIASCOPE_OK) status = read_rows(&csv, options->label_column);
  if (status == BIASCOPE_OK && csv.label != NO_LABEL) status = fold_labels(&csv);
  if (status == BIASCOPE_OK) status = bs_dataset_adopt_dense(csv.samples, features_of(&csv), csv.values, out, error);
  if (status != BIASCOPE_OK) free(csv.values);
  free(csv.class);
  return status;
}

void bs_csv_write(const biascope_dataset *data, FILE *stream) {
  for (size_t i = 0; i < data->samples && !ferror(stream); i++) {
    size_t next = 0;
    for (size_t k = 0; k < data->features; k++)
      fprintf(stream, "%s%.17g", k ? "," : "", bs_row_walk(data, i, k, &next));
    fputc('\n', stream);
  }
}
