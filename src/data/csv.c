/* Delimiter-separated values (RFC 4180, but no line feed inside quotes): one sample in each row, the label folded in or
 * in a separate column. */
#include "data/csv_reader.h"

#include "base/memory.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

biascope_status bs_csv_take(const bs_csv_reader *csv, const char **cursor, bs_field *field) {
  const char *fault = bs_take_field(csv->lines.line, csv->dialect.delimiter, cursor, field);
  return fault ? bs_lines_fail(csv->error, &csv->lines, *cursor, "%s", fault) : BIASCOPE_OK;
}

/* ---- A row ---------------------------------------------------------------------------------- */

static void collapse_quotes(const bs_csv_reader *csv, bs_field *field) {
  bs_field_collapse(field, csv->lines.buffer + (field->text.begin - csv->lines.buffer));
}

/* scikit-learn's first line names the classes 0, 1, ... that the last column holds. */
static biascope_status check_declared(const bs_csv_reader *csv, size_t column, bs_span label) {
  double class;
  if (csv->declared_classes == 0 || column + 1 < csv->columns ||
      bs_parse_number(label, csv->dialect.decimal, &class) != BS_NUMBER)
    return BIASCOPE_OK;
  if (class >= 0.0 && class < (double)csv->declared_classes && class == floor(class)) return BIASCOPE_OK;
  return bs_lines_fail(csv->error, &csv->lines, label.begin,
                       "the label %s; expected 0 to %zu, the classes that the first line names", bs_quote(label).text,
                       csv->declared_classes - 1);
}

static biascope_status add_label(bs_csv_reader *csv, size_t column, bs_field field) {
  const char *fault;
  collapse_quotes(csv, &field);
  const biascope_status status = check_declared(csv, column, field.text);
  if (status != BIASCOPE_OK) return status;
  if (csv->options->missing && bs_is_missing(field.text)) {
    bs_table_add_missing(csv->table, "%s:%zu: the label is missing", csv->table->path, csv->lines.number);
    return bs_labels_add_none(&csv->table->labels) ? BIASCOPE_OK : bs_fail_memory(csv->error, "the labels");
  }
  if (bs_labels_add(&csv->table->labels, field.text, csv->dialect.decimal, &fault)) return BIASCOPE_OK;
  if (!fault) return bs_fail_memory(csv->error, "the labels");
  if (field.text.begin == field.text.end)
    return bs_lines_fail(csv->error, &csv->lines, field.text.begin, "the label is empty");
  return bs_lines_fail(csv->error, &csv->lines, field.text.begin, "the label %s %s", bs_quote(field.text).text, fault);
}

static biascope_status fail_value(const bs_csv_reader *csv, size_t column, bs_field field, bs_number_kind kind,
                                  biascope_error *error) {
  char what[40];
  double value;
  snprintf(what, sizeof what, "field %zu", column + 1);
  const char *hint = "";
  if (csv->dialect.decimal != ',' && bs_parse_number(field.text, ',', &value) == BS_NUMBER)
    hint = " (for a decimal comma: --decimal ,)";
  else if (memchr(field.text.begin, ':', bs_span_length(field.text)))
    hint = " (for LIBSVM's index:value: --format libsvm)";
  else if (memchr(field.text.begin, ';', bs_span_length(field.text)) ||
           memchr(field.text.begin, '\t', bs_span_length(field.text)))
    hint = csv->dialect.delimiter == ',' ? " (commas separate fields)" : " (another character separates fields)";
  else if (kind == BS_NOT_A_NUMBER && !bs_begins_like_number(field.text, csv->dialect.decimal) &&
           !bs_is_missing(field.text))
    hint = " (for a column of words: --one-hot, or --drop)";
  return bs_fail_number(error, &csv->lines, field.text, kind, what, hint);
}

/* Missing values are counted. The final message names the first one. */
static void add_missing(const bs_csv_reader *csv, size_t column, bs_field field) {
  biascope_error error;
  if (csv->table->missing == 0)
    fail_value(csv, column, field, bs_is_missing(field.text) ? BS_NOT_A_NUMBER : BS_NOT_FINITE, &error);
  bs_table_add_missing(csv->table, "%s", csv->table->missing == 0 ? error.message : "");
}

/* Anything that is not a plain number. */
static biascope_status add_unusual(bs_csv_reader *csv, size_t column, bs_field field, double *value) {
  const char decimal = csv->dialect.decimal;
  const bs_number_kind kind = bs_parse_number(field.text, decimal, value);
  if (kind == BS_NUMBER) return BIASCOPE_OK;
  if (bs_is_missing(field.text)) {
    add_missing(csv, column, field);
    *value = NAN;
    return BIASCOPE_OK;
  }
  if (bs_is_truth(field.text, value)) {
    csv->truths = true;
    return BIASCOPE_OK;
  }
  if ((field.quoted || csv->options->decimal) && bs_is_grouped(field.text, decimal, value)) return BIASCOPE_OK;
  return fail_value(csv, column, field, kind, csv->error);
}

/* A word in a column of words. The number in its place is not used. */
static biascope_status add_word(bs_csv_reader *csv, size_t column, bs_field field, double *value) {
  const char *fault = NULL;
  bs_labels *words = &csv->category[column];
  collapse_quotes(csv, &field);
  const bool missing = bs_is_missing(field.text);
  *value = missing ? NAN : 0.0;
  if (missing) add_missing(csv, column, field);
  if (missing ? bs_labels_add_none(words) : bs_labels_add(words, field.text, csv->dialect.decimal, &fault))
    return BIASCOPE_OK;
  if (!fault) return bs_fail_memory(csv->error, "the words of a column");
  return bs_lines_fail(csv->error, &csv->lines, field.text.begin, "the word %s %s", bs_quote(field.text).text, fault);
}

static biascope_status add_field(bs_csv_reader *csv, size_t column, bs_field field, double **value) {
  switch ((bs_role)csv->role[column]) {
  case BS_FEATURE:
    return add_unusual(csv, column, field, (*value)++);
  case BS_CATEGORY:
    return add_word(csv, column, field, (*value)++);
  case BS_LABEL:
    return add_label(csv, column, field);
  case BS_SKIPPED:
    break;
  }
  return BIASCOPE_OK;
}

static biascope_status fail_count(const bs_csv_reader *csv, size_t column) {
  return bs_lines_fail(csv->error, &csv->lines, csv->lines.line.begin, "%zu fields; expected %zu as in the first row",
                       column, csv->columns);
}

/* A plain number and the delimiter after it, the usual case. If it is not that, returns false and leaves *cursor
 * unchanged. */
static inline bool take_plain_number(const bs_csv_reader *csv, const char **cursor, double *value) {
  const char *at = *cursor, *end = csv->lines.line.end;
  while (at < end && *at == ' ') at++;
  const char *stop = bs_scan_number(at, end, csv->dialect.decimal, value);
  if (stop == at || !isfinite(*value) || csv->dialect.delimiter == BS_BLANKS) return false;
  if (stop == end)
    *cursor = NULL;
  else if (*stop == csv->dialect.delimiter)
    *cursor = stop + 1;
  else
    return false;
  return true;
}

static biascope_status read_row(bs_csv_reader *csv) {
  double *value = bs_growth_room(&csv->values, csv->table->features);
  if (!value) return bs_fail_dataset_memory(csv->error);
  size_t column = 0;
  for (const char *cursor = csv->lines.line.begin; cursor; column++) {
    const bool known = column < csv->columns;
    if (known && csv->role[column] == BS_FEATURE && take_plain_number(csv, &cursor, value)) {
      value++;
      continue;
    }
    bs_field field;
    biascope_status status = bs_csv_take(csv, &cursor, &field);
    if (status == BIASCOPE_OK && known) status = add_field(csv, column, field, &value);
    if (status != BIASCOPE_OK) return status;
    if (column == csv->columns && csv->dialect.trailing && !cursor && field.text.begin == field.text.end) column--;
  }
  if (column != csv->columns) return fail_count(csv, column);
  bs_growth_keep(&csv->values, csv->table->features);
  csv->table->samples++;
  return BIASCOPE_OK;
}

/* ---- The file ------------------------------------------------------------------------------- */

static biascope_status read_line(bs_csv_reader *csv, size_t *blank_line) {
  const bs_span content = bs_trim(csv->lines.line);
  const bool blank = content.begin == content.end;
  if (blank && *blank_line == 0) *blank_line = csv->lines.number;
  if (blank) return BIASCOPE_OK;
  if (*blank_line > 0)
    return bs_fail(csv->error, BIASCOPE_BAD_INPUT, "%s:%zu:1: an empty line; expected one only at the end",
                   csv->table->path, *blank_line);
  if (csv->lines.number == 1 && csv->dialect.separator_line) return BIASCOPE_OK;
  if (*content.begin == csv->comment) {
    bool is_comment = true;
    const biascope_status status = bs_csv_comment(csv, &is_comment);
    if (status != BIASCOPE_OK || is_comment) return status;
  }
  if (csv->comment == '%') bs_arff_unquote(csv, csv->lines.line);
  if (csv->columns > 0) return read_row(csv);
  bool is_header;
  const biascope_status status = bs_csv_first_line(csv, &is_header);
  return status == BIASCOPE_OK && !is_header ? read_row(csv) : status;
}

static biascope_status read_lines(bs_csv_reader *csv) {
  size_t blank_line = 0;
  for (bool more = true;;) {
    biascope_status status = bs_lines_next(&csv->lines, &more, csv->error);
    if (status == BIASCOPE_OK && !more) break;
    if (status == BIASCOPE_OK) status = read_line(csv, &blank_line);
    if (status != BIASCOPE_OK) return status;
  }
  if (csv->table->samples > 0) return BIASCOPE_OK;
  return bs_fail(csv->error, BIASCOPE_BAD_INPUT, "%s: no sample%s; expected rows of numbers", csv->table->path,
                 csv->header ? " after the header" : "");
}

static biascope_status name_classes(bs_csv_reader *csv) {
  bs_labels *labels = &csv->table->labels;
  const bs_span line = {csv->class_names, csv->class_names + strlen(csv->class_names)};
  const char *cursor = line.begin;
  for (size_t column = 0; cursor; column++) {
    bs_field field;
    bs_take_field(line, ',', &cursor, &field);
    for (size_t k = 0; column >= 2 && k < labels->count; k++) {
      if (!labels->classes[k].numeric || labels->classes[k].value + 2.0 != (double)column) continue;
      char *name = bs_field_copy(field);
      if (!name) return bs_fail_memory(csv->error, "a class's name");
      free(labels->classes[k].name);
      labels->classes[k].name = name;
    }
  }
  return BIASCOPE_OK;
}

static biascope_status check_end(bs_csv_reader *csv) {
  if (csv->declared_samples > 0 && csv->declared_samples != csv->table->samples)
    return bs_fail(csv->error, BIASCOPE_BAD_INPUT, "%s: %zu samples; expected %zu, as the first line declares",
                   csv->table->path, csv->table->samples, csv->declared_samples);
  return csv->class_names && csv->role[csv->columns - 1] == BS_LABEL ? name_classes(csv) : BIASCOPE_OK;
}

static biascope_status note(bs_csv_reader *csv) {
  bs_notes *notes = &csv->table->notes;
  biascope_status status = BIASCOPE_OK;
  if (csv->skipped > 0)
    status = bs_notes_add(notes, csv->error, "%zu line%s skipped, which begin%s with '%c'", csv->skipped,
                          csv->skipped == 1 ? "" : "s", csv->skipped == 1 ? "s" : "", csv->comment);
  if (status == BIASCOPE_OK && csv->truths)
    status = bs_notes_add(notes, csv->error, "true and yes are read as 1, false and no as 0");
  return status;
}

biascope_status bs_csv_read_rows(bs_csv_reader *csv) {
  biascope_status status = read_lines(csv);
  if (status == BIASCOPE_OK) status = check_end(csv);
  if (status == BIASCOPE_OK) status = note(csv);
  const size_t room = bs_adds_intercept(csv->options) ? csv->table->samples : 0;
  csv->table->allocated = csv->values.count + room;
  if (status == BIASCOPE_OK && !(csv->table->dense = bs_growth_join(&csv->values, room)))
    status = bs_fail_dataset_memory(csv->error);
  if (status == BIASCOPE_OK && csv->category) status = bs_csv_expand_categories(csv);
  return status;
}

void bs_csv_free(bs_csv_reader *csv) {
  bs_csv_free_categories(csv);
  bs_growth_free(&csv->values);
  free(csv->role);
  free(csv->class_names);
  bs_lines_close(&csv->lines);
}

biascope_status bs_csv_read(bs_input *source, const bs_file_format *format, const biascope_read_options *options,
                            bs_table *table, biascope_error *error) {
  bs_csv_reader csv = {
      .options = options, .table = table, .error = error, .comment = '#', .values.size = sizeof(double)};
  biascope_status status = bs_lines_open(&csv.lines, source, error);
  if (status == BIASCOPE_OK) status = bs_csv_look_at(&csv, format->delimiter);
  if (status == BIASCOPE_OK) status = bs_csv_read_rows(&csv);
  bs_csv_free(&csv);
  return status;
}

/* Of several classes the last column is the label, and a header names it. */
void bs_csv_write(const biascope_dataset *data, FILE *stream) {
  for (size_t k = 0; k < data->features && data->unfolded; k++) fprintf(stream, "x%zu,", k);
  if (data->unfolded) fputs("label\n", stream);
  for (size_t i = 0; i < data->samples && !ferror(stream); i++) {
    size_t next = 0;
    for (size_t k = 0; k < data->features; k++)
      fprintf(stream, "%s%.17g", k ? "," : "", bs_row_walk(data, i, k, &next));
    if (data->unfolded) fprintf(stream, ",%u", data->class[i]);
    fputc('\n', stream);
  }
}
