/* What precedes the rows of delimiter-separated text: comments, a header, or a first row that describes the
 * columns. */
#include "base/memory.h"
#include "data/csv_reader.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const size_t NO_COLUMN = SIZE_MAX;
enum { COUNTING_HEADER = 4 }; /* columns named 0, 1, 2, ...: fewer might be a row of data */

/* ---- The dialect ---------------------------------------------------------------------------- */

static biascope_status note_dialect(bs_csv_reader *csv, char usual) {
  const bs_dialect *dialect = &csv->dialect;
  const bool told = csv->options->delimiter && csv->options->decimal;
  if (told || (dialect->fields < 2 && dialect->second < 2)) return BIASCOPE_OK;
  if (dialect->delimiter == usual && dialect->decimal == '.') return BIASCOPE_OK;
  return bs_notes_add(&csv->table->notes, csv->error, "%s separate the fields%s", bs_delimiter_name(dialect->delimiter),
                      dialect->decimal == ',' ? ", and numbers have a decimal comma" : "");
}

biascope_status bs_csv_look_at(bs_csv_reader *csv, char usual) {
  const bs_span ahead = bs_lines_ahead(&csv->lines);
  csv->dialect = bs_csv_look(ahead, csv->lines.feed, usual, csv->options->delimiter, csv->options->decimal);
  static const char ARFF[] = "@relation";
  const bs_span text = bs_trim(ahead);
  if (bs_span_length(text) >= strlen(ARFF) && strncasecmp(text.begin, ARFF, strlen(ARFF)) == 0)
    return bs_fail(csv->error, BIASCOPE_BAD_INPUT,
                   "%s:1:1: the text begins as ARFF does, with @relation; expected "
                   "rows of numbers (for ARFF: --format arff)",
                   csv->table->path);
  if (csv->dialect.ambiguous)
    return bs_fail(csv->error, BIASCOPE_BAD_INPUT,
                   "%s: %s may have a decimal comma or separate thousands; expected --decimal , or --decimal .",
                   csv->table->path, bs_quote(csv->dialect.doubtful).text);
  if (csv->dialect.delimiter == csv->dialect.decimal)
    return bs_fail(csv->error, BIASCOPE_USAGE, "%s: '%c' cannot both separate fields and be the decimal point",
                   csv->table->path, csv->dialect.decimal);
  return note_dialect(csv, usual);
}

/* ---- The label's column --------------------------------------------------------------------- */

/* A whole number is an index, negative from the end; anything else is a name. */
static biascope_status find_label_by_index(const bs_csv_reader *csv, bool *is_index, size_t *label) {
  char *end;
  const char *column = csv->options->label_column;
  const long long columns = (long long)csv->columns, index = strtoll(column, &end, 10);
  *is_index = end != column && !*end;
  if (!*is_index) return BIASCOPE_OK;
  if (index < -columns || index >= columns)
    return bs_fail(csv->error, BIASCOPE_BAD_INPUT,
                   "%s: label column %s is out of range; expected an index from %lld to %lld", csv->table->path, column,
                   -columns, columns - 1);
  *label = (size_t)(index < 0 ? index + columns : index);
  return BIASCOPE_OK;
}

static const char *place_of(const bs_csv_reader *csv, size_t column) {
  bs_field field;
  const char *cursor = csv->lines.line.begin;
  for (size_t k = csv->row_names; k < column && cursor; k++)
    if (bs_take_field(csv->lines.line, csv->dialect.delimiter, &cursor, &field)) break;
  return cursor ? cursor : csv->lines.line.begin;
}

/* By name: the first line is a header, and exactly one of its fields is the name. */
static biascope_status find_label_by_name(bs_csv_reader *csv, char *const *names, size_t *label) {
  const char *name = csv->options->label_column;
  for (size_t column = 0; column < csv->columns; column++) {
    if (!names[column] || strcmp(names[column], name) != 0) continue;
    if (*label != NO_COLUMN)
      return bs_lines_fail(csv->error, &csv->lines, place_of(csv, column),
                           "a second column is named '%s'; give its index instead", name);
    *label = column;
  }
  csv->header = true;
  if (*label != NO_COLUMN) return BIASCOPE_OK;
  return bs_lines_fail(csv->error, &csv->lines, csv->lines.line.begin,
                       "no column is named '%s'; expected a header row with that name, or a column's index", name);
}

static biascope_status find_label(bs_csv_reader *csv, char *const *names, size_t *label) {
  *label = NO_COLUMN;
  if (!csv->options->label_column) return BIASCOPE_OK;
  bool is_index;
  const biascope_status status = find_label_by_index(csv, &is_index, label);
  return status == BIASCOPE_OK && !is_index ? find_label_by_name(csv, names, label) : status;
}

/* ---- Is the line a header? ------------------------------------------------------------------ */

typedef struct {
  size_t fields, words; /* words: not numbers, not missing, not true or false */
  bool numbers;         /* a field other than the label's begins like a number */
  bool counting;        /* the fields are 0, 1, 2, ... */
  bool empty_first;
} line_kind;

static biascope_status look_at_fields(const bs_csv_reader *csv, bs_span line, size_t label, line_kind *kind) {
  *kind = (line_kind){.counting = true};
  const char *cursor = line.begin;
  for (; cursor; kind->fields++) {
    bs_field field;
    const char *fault = bs_take_field(line, csv->dialect.delimiter, &cursor, &field);
    if (fault) return bs_lines_fail(csv->error, &csv->lines, cursor, "%s", fault);
    if (csv->dialect.trailing && !cursor && field.text.begin == field.text.end) break;
    const bool first_empty = kind->fields == 0 && field.text.begin == field.text.end;
    kind->empty_first = kind->empty_first || first_empty;
    double value;
    const bool number = bs_parse_number(field.text, csv->dialect.decimal, &value) == BS_NUMBER;
    const double expected = (double)(kind->fields - kind->empty_first);
    kind->counting = kind->counting && (first_empty || (number && value == expected));
    if (kind->fields == label) continue;
    kind->numbers = kind->numbers || bs_begins_like_number(field.text, csv->dialect.decimal);
    kind->words += !number && !bs_is_missing(field.text) && !bs_is_truth(field.text, &value);
  }
  return BIASCOPE_OK;
}

static bool is_header(const line_kind *kind) {
  if (kind->counting) return kind->fields >= COUNTING_HEADER || (kind->empty_first && kind->fields > 1);
  return !kind->numbers && (kind->words > 0 || kind->empty_first);
}

/* ---- scikit-learn's first line: samples, features, the classes' names ------------------------ */

static biascope_status read_declaration(bs_csv_reader *csv, bool *found) {
  double number[2] = {0.0, 0.0};
  size_t fields = 0, words = 0;
  bs_field field;
  for (const char *cursor = csv->lines.line.begin; cursor; fields++) {
    const biascope_status status = bs_csv_take(csv, &cursor, &field);
    if (status != BIASCOPE_OK) return status;
    double value;
    const bool is_number = bs_parse_number(field.text, '.', &value) == BS_NUMBER;
    if (is_number && fields < 2) number[fields] = value;
    words += fields >= 2 && !is_number && field.text.begin < field.text.end;
  }
  *found = csv->dialect.delimiter == ',' && words >= 2 && words + 2 == fields && number[0] >= 1.0 &&
           number[0] < 4294967296.0 && number[1] + 1.0 == (double)csv->dialect.second;
  if (!*found) return BIASCOPE_OK;
  csv->declared_samples = (size_t)number[0];
  if (!csv->options->label_column)
    return bs_lines_fail(csv->error, &csv->lines, csv->lines.line.begin,
                         "the first line counts samples and features and names classes, as scikit-learn's files do; "
                         "expected --label-column -1");
  csv->declared_classes = words;
  csv->class_names = bs_span_copy(csv->lines.line);
  return csv->class_names ? BIASCOPE_OK : bs_fail_memory(csv->error, "the classes' names");
}

/* ---- Roles and names ------------------------------------------------------------------------ */

static void free_names(char **names, size_t count) {
  for (size_t k = 0; names && k < count; k++) free(names[k]);
  free(names);
}

/* The name that the line, as a header, gives each column; NULL before the first if that one has none. */
static biascope_status take_names(const bs_csv_reader *csv, char ***out) {
  char **names = BS_NEW(char *, csv->columns);
  if (!names) return bs_fail_memory(csv->error, "the columns' names");
  const char *cursor = csv->lines.line.begin;
  for (size_t column = csv->row_names; cursor && column < csv->columns; column++) {
    bs_field field;
    biascope_status status = bs_csv_take(csv, &cursor, &field);
    if (status == BIASCOPE_OK && !(names[column] = bs_field_copy(field)))
      status = bs_fail_memory(csv->error, "a column's name");
    if (status == BIASCOPE_OK) continue;
    free_names(names, csv->columns);
    return status;
  }
  *out = names;
  return BIASCOPE_OK;
}

/* Marks the columns that the user's lists leave out. */
static biascope_status heed_lists(bs_csv_reader *csv, char *const *names) {
  const char *const lists[] = {csv->options->columns, csv->options->drop};
  biascope_status status = BIASCOPE_OK;
  for (int list = 0; list < 2 && status == BIASCOPE_OK; list++) {
    if (!lists[list]) continue;
    bool *chosen = BS_NEW(bool, csv->columns);
    if (!chosen) return bs_fail_memory(csv->error, "the columns");
    status = bs_choose_columns(lists[list], names, csv->columns, csv->table->path, chosen, csv->error);
    for (size_t k = 0; k < csv->columns; k++)
      if (csv->role[k] == BS_FEATURE && chosen[k] == (list == 1)) csv->role[k] = BS_SKIPPED;
    free(chosen);
  }
  csv->table->selected = true;
  return status;
}

/* The column of the label, the names of the rows, the columns left out, and the features. */
static biascope_status assign_roles(bs_csv_reader *csv, char *const *names, size_t label, bool empty_first) {
  csv->role = BS_NEW(unsigned char, csv->columns);
  if (!csv->role) return bs_fail_memory(csv->error, "the columns");
  csv->table->labelled = label != NO_COLUMN;
  if (label != NO_COLUMN) csv->role[label] = BS_LABEL;
  biascope_status status = BIASCOPE_OK;
  if (csv->header && (csv->row_names || empty_first) && label != 0) {
    csv->role[0] = BS_SKIPPED;
    status = bs_notes_add(&csv->table->notes, csv->error,
                          "the first column has no name: taken for the rows' names, and left out");
  }
  if (status == BIASCOPE_OK) status = heed_lists(csv, csv->header ? names : NULL);
  if (status == BIASCOPE_OK && csv->options->one_hot) status = bs_csv_find_categories(csv);
  if (status != BIASCOPE_OK) return status;
  csv->table->features = 0;
  for (size_t k = 0; k < csv->columns; k++)
    csv->table->features += csv->role[k] == BS_FEATURE || csv->role[k] == BS_CATEGORY;
  if (csv->table->features > 0) return BIASCOPE_OK;
  return bs_lines_fail(csv->error, &csv->lines, csv->lines.line.begin,
                       "no column beside the label's; expected features%s",
                       csv->columns == 1 ? " (is the delimiter another? --delimiter)" : "");
}

/* Selects the names of the features from those of the columns. */
static biascope_status name_features(bs_csv_reader *csv, char **names) {
  bs_table *table = csv->table;
  table->names = BS_NEW(char *, table->features);
  if (!table->names) return bs_fail_memory(csv->error, "the columns' names");
  size_t feature = 0;
  for (size_t column = 0; column < csv->columns; column++) {
    if (csv->role[column] == BS_SKIPPED) continue;
    if (!names[column] || !*names[column])
      return bs_lines_fail(csv->error, &csv->lines, place_of(csv, column),
                           "column %zu of the header has no name; expected one", column + 1);
    if (csv->role[column] == BS_LABEL) continue;
    table->names[feature++] = names[column];
    names[column] = NULL;
  }
  return BIASCOPE_OK;
}

/* The number of fields of the line; one more if the line is a header and the next line has one more. */
static biascope_status count_columns(bs_csv_reader *csv) {
  line_kind kind;
  const biascope_status status = look_at_fields(csv, csv->lines.line, NO_COLUMN, &kind);
  if (status != BIASCOPE_OK) return status;
  csv->row_names = csv->dialect.second == kind.fields + 1 && is_header(&kind);
  csv->columns = kind.fields + csv->row_names;
  return BIASCOPE_OK;
}

biascope_status bs_csv_divide(bs_csv_reader *csv, char **names) {
  size_t label = NO_COLUMN;
  csv->header = true;
  biascope_status status = find_label(csv, names, &label);
  if (status == BIASCOPE_OK) status = assign_roles(csv, names, label, false);
  return status == BIASCOPE_OK ? name_features(csv, names) : status;
}

static biascope_status divide_columns(bs_csv_reader *csv, char **names) {
  size_t label = NO_COLUMN;
  line_kind kind;
  biascope_status status = find_label(csv, names, &label);
  if (status == BIASCOPE_OK) status = look_at_fields(csv, csv->lines.line, csv->row_names ? NO_COLUMN : label, &kind);
  if (status != BIASCOPE_OK) return status;
  csv->header = csv->header || csv->row_names || is_header(&kind);
  status = assign_roles(csv, names, label, kind.empty_first);
  if (status == BIASCOPE_OK && csv->header) status = name_features(csv, names);
  if (status == BIASCOPE_OK && csv->header && kind.counting)
    status = bs_notes_add(&csv->table->notes, csv->error, "the first line counts the columns: taken for the header");
  return status;
}

biascope_status bs_csv_first_line(bs_csv_reader *csv, bool *header) {
  *header = true;
  biascope_status status = BIASCOPE_OK;
  if (csv->declared_samples == 0) {
    bool declaration;
    status = read_declaration(csv, &declaration);
    if (status != BIASCOPE_OK || declaration) return status;
  }
  char **names = NULL;
  status = count_columns(csv);
  if (status == BIASCOPE_OK) status = take_names(csv, &names);
  if (status == BIASCOPE_OK) status = divide_columns(csv, names);
  free_names(names, csv->columns);
  *header = csv->header;
  return status;
}

/* ---- Comments ------------------------------------------------------------------------------- */

biascope_status bs_csv_comment(bs_csv_reader *csv, bool *is_comment) {
  const bool first = csv->columns == 0;
  const size_t columns = first ? csv->dialect.fields : csv->columns;
  bs_span content = bs_trim(csv->lines.line);
  content.begin++;
  content = bs_trim(content);
  *is_comment = true;
  if (csv->comment != '#' || columns < 2 ||
      bs_count_fields(content, csv->dialect.delimiter) != columns + csv->dialect.trailing) {
    csv->skipped++;
    return BIASCOPE_OK;
  }
  line_kind kind;
  const biascope_status status = look_at_fields(csv, content, NO_COLUMN, &kind);
  if (status != BIASCOPE_OK) return status;
  if (!first || !is_header(&kind))
    return bs_lines_fail(csv->error, &csv->lines, csv->lines.line.begin,
                         "the line begins with '#' and has as many fields as the others: data or a comment? Expected a "
                         "number first, or the line taken out");
  csv->lines.line = content; /* numpy.savetxt writes its header so */
  *is_comment = false;
  return bs_notes_add(&csv->table->notes, csv->error, "the header is the comment in line %zu", csv->lines.number);
}
