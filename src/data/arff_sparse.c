/* Sparse rows of ARFF: {index value, ...}. An attribute that a row does not name has the value 0 or, of an attribute
 * with a list of values, the first of them. */
#include "base/memory.h"
#include "data/arff.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
  bs_csv_reader *csv;
  const bs_arff_attributes *attributes;
  uint32_t *number; /* of each column that is a feature */
  size_t label;     /* the column; SIZE_MAX: none */
  bs_growth row_start, column, value;
} reader;

static biascope_status fail_memory(const reader *r) {
  return bs_fail_memory(r->csv->error, "the dataset");
}

static biascope_status fail_at(const reader *r, const char *where, const char *what) {
  return bs_lines_fail(r->csv->error, &r->csv->lines, where, "%s; expected {index value, index value, ...}", what);
}

/* ---- Columns -------------------------------------------------------------------------------- */

/* Numbers the features. What a row leaves out must be 0. */
static biascope_status number_columns(reader *r) {
  bs_csv_reader *csv = r->csv;
  uint32_t features = 0;
  r->number = BS_NEW(uint32_t, csv->columns);
  if (!r->number) return fail_memory(r);
  r->label = SIZE_MAX;
  for (size_t k = 0; k < csv->columns; k++) {
    const char *usual = r->attributes->usual[k];
    double value = 0.0;
    if (csv->role[k] == BS_LABEL) r->label = k;
    if (csv->role[k] != BS_FEATURE) continue;
    if (!usual)
      return bs_fail(csv->error, BIASCOPE_BAD_INPUT,
                     "%s: attribute %zu is neither a number nor one of a list; expected it in --drop", csv->table->path,
                     k);
    if ((bs_parse_number((bs_span){usual, usual + strlen(usual)}, '.', &value) != BS_NUMBER || value != 0.0))
      return bs_fail(
          csv->error, BIASCOPE_BAD_INPUT,
          "%s: attribute %zu has the value %s where a sparse row leaves it out; expected 0, or the attribute "
          "in --drop",
          csv->table->path, k, bs_quote((bs_span){usual, usual + strlen(usual)}).text);
    r->number[k] = features++;
  }
  return BIASCOPE_OK;
}

/* ---- Rows ----------------------------------------------------------------------------------- */

static biascope_status add_label(reader *r, bs_span text) {
  const char *fault;
  if (bs_labels_add(&r->csv->table->labels, text, '.', &fault)) return BIASCOPE_OK;
  if (!fault) return bs_fail_memory(r->csv->error, "the labels");
  return bs_lines_fail(r->csv->error, &r->csv->lines, r->csv->lines.line.begin, "the label %s %s", bs_quote(text).text,
                       fault);
}

static biascope_status add_value(reader *r, size_t column, bs_span text) {
  double value;
  const bs_number_kind kind = bs_parse_number(text, '.', &value);
  if (kind != BS_NUMBER)
    return bs_fail_number(r->csv->error, &r->csv->lines, text, kind, "the value", " (or the attribute in --drop)");
  if (value == 0.0) return BIASCOPE_OK;
  const bool added = bs_growth_append(&r->column, &r->number[column]) && bs_growth_append(&r->value, &value);
  return added ? BIASCOPE_OK : fail_memory(r);
}

/* The digits at the start of the rest. */
static biascope_status take_index(reader *r, bs_span *rest, size_t *index) {
  const char *first = rest->begin;
  for (*index = 0; rest->begin < rest->end && *rest->begin >= '0' && *rest->begin <= '9'; rest->begin++)
    if (*index < r->csv->columns) *index = 10 * *index + (size_t)(*rest->begin - '0');
  const bool blank = rest->begin < rest->end && (*rest->begin == ' ' || *rest->begin == '\t');
  if (rest->begin == first || !blank) return fail_at(r, first, "no index");
  if (*index < r->csv->columns) return BIASCOPE_OK;
  return bs_lines_fail(r->csv->error, &r->csv->lines, first, "the index %.*s; expected at most %zu",
                       (int)(rest->begin - first < 24 ? rest->begin - first : 24), first, r->csv->columns - 1);
}

/* The value at the start of the rest; *fault: a quote that does not close, or no value. */
static bs_span take_value(bs_span *rest, const char **fault) {
  *rest = bs_trim(*rest);
  bs_span value = {rest->begin, rest->begin};
  *fault = NULL;
  if (rest->begin < rest->end && (*rest->begin == '\'' || *rest->begin == '"')) {
    const char *close = memchr(rest->begin + 1, *rest->begin, bs_span_length(*rest) - 1);
    if (!close) *fault = "a quote that does not close";
    value = close ? (bs_span){rest->begin + 1, close} : value;
    rest->begin = close ? close + 1 : rest->begin;
    return value;
  }
  while (rest->begin < rest->end && *rest->begin != ',') rest->begin++;
  value = bs_trim((bs_span){value.begin, rest->begin});
  if (value.begin == value.end) *fault = "no value";
  return value;
}

static biascope_status read_entry(reader *r, bs_span *rest, size_t *next, bool *labelled) {
  size_t index;
  *rest = bs_trim(*rest);
  const char *where = rest->begin, *fault;
  biascope_status status = take_index(r, rest, &index);
  if (status != BIASCOPE_OK) return status;
  if (index < *next)
    return bs_lines_fail(r->csv->error, &r->csv->lines, where, "the index %zu after %zu; expected ascending indices",
                         index, *next - 1);
  *next = index + 1;
  const bs_span value = take_value(rest, &fault);
  if (fault) return fail_at(r, value.begin, fault);
  *labelled = *labelled || index == r->label;
  if (index == r->label) status = add_label(r, value);
  if (r->csv->role[index] == BS_FEATURE) status = add_value(r, index, value);
  *rest = bs_trim(*rest);
  if (status != BIASCOPE_OK || rest->begin == rest->end) return status;
  if (*rest->begin++ != ',') return fail_at(r, rest->begin - 1, "text after a value");
  *rest = bs_trim(*rest);
  return rest->begin < rest->end ? BIASCOPE_OK : fail_at(r, rest->begin, "a comma and nothing after it");
}

static biascope_status read_row(reader *r, bs_span line) {
  const char *close = line.end;
  while (close > line.begin && close[-1] != '}') close--;
  if (*line.begin != '{' || close == line.begin)
    return fail_at(r, line.begin, "a row without braces among sparse rows");
  bs_span rest = bs_trim((bs_span){close, line.end});
  if (rest.begin < rest.end && *rest.begin != '%') return fail_at(r, rest.begin, "text after the row");
  rest = bs_trim((bs_span){line.begin + 1, close - 1});
  size_t next = 0;
  bool labelled = r->label == SIZE_MAX;
  while (rest.begin < rest.end) {
    const biascope_status status = read_entry(r, &rest, &next, &labelled);
    if (status != BIASCOPE_OK) return status;
  }
  if (!bs_growth_append(&r->row_start, &r->column.count)) return fail_memory(r);
  r->csv->table->samples++;
  if (labelled) return BIASCOPE_OK;
  const char *usual = r->attributes->usual[r->label];
  if (usual) return add_label(r, (bs_span){usual, usual + strlen(usual)});
  return bs_lines_fail(r->csv->error, &r->csv->lines, line.begin, "the row has no label; expected one");
}

static biascope_status read_rows(reader *r) {
  bs_csv_reader *csv = r->csv;
  const size_t zero = 0;
  if (!bs_growth_append(&r->row_start, &zero)) return fail_memory(r);
  for (bool more = true;;) {
    biascope_status status = bs_lines_next(&csv->lines, &more, csv->error);
    if (status != BIASCOPE_OK || !more) return status;
    const bs_span line = bs_trim(csv->lines.line);
    if (line.begin == line.end || *line.begin == '%') continue;
    status = read_row(r, line);
    if (status != BIASCOPE_OK) return status;
  }
}

static biascope_status join(reader *r) {
  bs_table *table = r->csv->table;
  table->row_start = bs_growth_join(&r->row_start, 0);
  table->column = bs_growth_join(&r->column, 0);
  table->value = bs_growth_join(&r->value, 0);
  return table->row_start && table->column && table->value ? BIASCOPE_OK : fail_memory(r);
}

biascope_status bs_arff_read_sparse(bs_csv_reader *csv, const bs_arff_attributes *attributes) {
  reader r = {.csv = csv,
              .attributes = attributes,
              .row_start.size = sizeof(size_t),
              .column.size = sizeof(uint32_t),
              .value.size = sizeof(double)};
  biascope_status status = number_columns(&r);
  if (status == BIASCOPE_OK) status = read_rows(&r);
  if (status == BIASCOPE_OK) status = join(&r);
  bs_growth_free(&r.row_start);
  bs_growth_free(&r.column);
  bs_growth_free(&r.value);
  free(r.number);
  return status;
}
