/* LIBSVM's sparse text: `label index:value ...`, indices ascending; '#' starts a comment, `qid:N` is skipped. */
#include "base/memory.h"
#include "data/formats.h"
#include "data/lines.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The dimension is the largest index, and arrays of this length follow. A file may have 2^24 features, or as many as
 * its size in bytes if that is more. Beyond that only the columns that occur are kept, with new numbers, so that a file
 * of a few bytes cannot ask for gigabytes. */
static const size_t FEATURES_ALWAYS_ACCEPTED = (size_t)1 << 24;

typedef struct {
  bs_lines lines;
  bs_table *table;
  biascope_error *error;
  size_t largest; /* index */
  bool zero_based;
  size_t queries;      /* qid: entries */
  bs_growth row_start; /* size_t */
  bs_growth column;    /* uint32_t: the index as in the file */
  bs_growth value;     /* double */
} libsvm_reader;

static biascope_status fail_memory(const libsvm_reader *svm) {
  return bs_fail_dataset_memory(svm->error);
}

/* Takes the next word from the line's content; false if nothing is left. */
static bool take_word(bs_span *rest, bs_span *word) {
  *rest = bs_trim(*rest);
  word->begin = word->end = rest->begin;
  while (word->end < rest->end && *word->end != ' ' && *word->end != '\t') word->end++;
  rest->begin = word->end;
  return word->begin < word->end;
}

static biascope_status read_index(libsvm_reader *svm, bs_span digits, bool first, size_t *index) {
  size_t value = 0;
  bool whole = digits.begin < digits.end;
  for (const char *at = digits.begin; whole && at < digits.end; at++) {
    whole = *at >= '0' && *at <= '9';
    if (value <= UINT32_MAX) value = 10 * value + (size_t)(*at - '0');
  }
  if (!whole)
    return bs_lines_fail(svm->error, &svm->lines, digits.begin,
                         "%s is not a feature's index; expected a whole number from 0 or 1", bs_quote(digits).text);
  if (value >= UINT32_MAX)
    return bs_lines_fail(svm->error, &svm->lines, digits.begin,
                         "feature index %s is too large; expected less than 2^32 - 1", bs_quote(digits).text);
  if (!first && value <= *index)
    return bs_lines_fail(svm->error, &svm->lines, digits.begin,
                         "feature index %zu after %zu; expected ascending indices", value, *index);
  *index = value;
  return BIASCOPE_OK;
}

static biascope_status fail_value(const libsvm_reader *svm, bs_span number, bs_number_kind kind) {
  const bool comma = memchr(number.begin, ',', bs_span_length(number)) != NULL;
  return bs_fail_number(svm->error, &svm->lines, number, kind, "the value",
                        comma ? " with a decimal point (blanks separate the entries)" : "");
}

/* The entries of the row being read, with space for as many as its text can contain. */
typedef struct {
  size_t count;
  uint32_t *column;
  double *value;
} row_entries;

/* Zeros are not stored, but their index is counted for the dimension. */
static inline void add_entry(libsvm_reader *svm, size_t index, double value, row_entries *row) {
  if (index > svm->largest) svm->largest = index;
  if (index == 0) svm->zero_based = true;
  if (value == 0.0) return;
  row->column[row->count] = (uint32_t)index;
  row->value[row->count++] = value;
}

/* One `index:value`; *index is the previous one's. */
static biascope_status read_entry(libsvm_reader *svm, bs_span word, bool first, size_t *index, row_entries *row) {
  const char *colon = memchr(word.begin, ':', bs_span_length(word));
  if (!colon)
    return bs_lines_fail(svm->error, &svm->lines, word.begin, "%s has no colon; expected index:value",
                         bs_quote(word).text);
  const biascope_status status = read_index(svm, (bs_span){word.begin, colon}, first, index);
  if (status != BIASCOPE_OK) return status;
  const bs_span number = {colon + 1, word.end};
  double value;
  const bs_number_kind kind = bs_parse_number(number, '.', &value);
  if (kind != BS_NUMBER) return fail_value(svm, number, kind);
  add_entry(svm, *index, value, row);
  return BIASCOPE_OK;
}

/* The usual case: digits, a colon, a number and a blank or the end. Else false, and *at is unchanged. */
static inline bool take_plain_entry(const char **at, const char *end, size_t *index, double *value) {
  size_t number = 0;
  const char *digit = *at;
  for (; digit < end && *digit >= '0' && *digit <= '9' && number < UINT32_MAX; digit++)
    number = 10 * number + (size_t)(*digit - '0');
  if (digit == *at || digit == end || *digit != ':' || number >= UINT32_MAX) return false;
  const char *stop = bs_scan_number(digit + 1, end, '.', value);
  if (stop == digit + 1 || !isfinite(*value) || (stop < end && *stop != ' ' && *stop != '\t')) return false;
  *index = number;
  *at = stop;
  return true;
}

static biascope_status read_label(libsvm_reader *svm, bs_span word) {
  double label;
  const bs_number_kind kind = bs_parse_number(word, '.', &label);
  if (kind != BS_NUMBER) return bs_fail_number(svm->error, &svm->lines, word, kind, "the label", "");
  const char *fault;
  if (bs_labels_add(&svm->table->labels, word, '.', &fault)) return BIASCOPE_OK;
  if (!fault) return fail_memory(svm);
  return bs_lines_fail(svm->error, &svm->lines, word.begin, "the label %s %s", bs_quote(word).text, fault);
}

static bool is_query(bs_span word) {
  return bs_span_length(word) > 4 && memcmp(word.begin, "qid:", 4) == 0;
}

static biascope_status read_entries(libsvm_reader *svm, bs_span rest, row_entries *row) {
  bs_span word;
  size_t index = 0, next;
  double value;
  for (bool first = true; rest.begin < rest.end;) {
    while (rest.begin < rest.end && (*rest.begin == ' ' || *rest.begin == '\t')) rest.begin++;
    const char *start = rest.begin;
    if (take_plain_entry(&rest.begin, rest.end, &next, &value) && (first || next > index)) {
      add_entry(svm, index = next, value, row);
    } else {
      rest.begin = start;
      if (!take_word(&rest, &word)) break;
      const biascope_status status = read_entry(svm, word, first, &index, row);
      if (status != BIASCOPE_OK) return status;
    }
    first = false;
  }
  return BIASCOPE_OK;
}

static biascope_status read_row(libsvm_reader *svm, bs_span content) {
  enum { SHORTEST_ENTRY = 4 }; /* a blank, an index, a colon and a digit */
  bs_span word, rest;
  take_word(&content, &word);
  biascope_status status = read_label(svm, word);
  if (status != BIASCOPE_OK) return status;
  rest = content;
  if (take_word(&rest, &word) && is_query(word)) {
    svm->queries++;
    content = rest;
  }
  const size_t most = bs_span_length(content) / SHORTEST_ENTRY + 1;
  row_entries row = {0, bs_growth_room(&svm->column, most), bs_growth_room(&svm->value, most)};
  if (!row.column || !row.value) return fail_memory(svm);
  status = read_entries(svm, content, &row);
  if (status != BIASCOPE_OK) return status;
  bs_growth_keep(&svm->column, row.count);
  bs_growth_keep(&svm->value, row.count);
  svm->table->samples++;
  return bs_growth_append(&svm->row_start, &svm->value.count) ? BIASCOPE_OK : fail_memory(svm);
}

static biascope_status read_line(libsvm_reader *svm, size_t *blank_line) {
  const bs_span line = svm->lines.line;
  const char *hash = memchr(line.begin, '#', bs_span_length(line));
  const bs_span content = bs_trim((bs_span){line.begin, hash ? hash : line.end});
  if (content.begin == content.end) {
    if (!hash && *blank_line == 0) *blank_line = svm->lines.number;
    return BIASCOPE_OK;
  }
  if (*blank_line == 0) return read_row(svm, content);
  return bs_fail(svm->error, BIASCOPE_BAD_INPUT, "%s:%zu:1: an empty line; expected one only at the end",
                 svm->table->path, *blank_line);
}

static biascope_status read_lines(libsvm_reader *svm) {
  const size_t zero = 0;
  if (!bs_growth_append(&svm->row_start, &zero)) return fail_memory(svm);
  size_t blank_line = 0;
  for (bool more = true;;) {
    biascope_status status = bs_lines_next(&svm->lines, &more, svm->error);
    if (status == BIASCOPE_OK && !more) break;
    if (status == BIASCOPE_OK) status = read_line(svm, &blank_line);
    if (status != BIASCOPE_OK) return status;
  }
  if (svm->table->samples > 0 && (svm->largest > 0 || svm->zero_based)) return BIASCOPE_OK;
  return bs_fail(svm->error, BIASCOPE_BAD_INPUT, "%s: no %s; expected lines `label index:value ...`", svm->table->path,
                 svm->table->samples ? "features" : "samples");
}

/* ---- From indices to columns ---------------------------------------------------------------- */

static int compare_columns(const void *a, const void *b) {
  const uint32_t first = *(const uint32_t *)a, second = *(const uint32_t *)b;
  return (first > second) - (first < second);
}

/* The distinct columns in ascending order, in the caller's array. */
static size_t distinct(uint32_t *sorted, size_t count) {
  qsort(sorted, count, sizeof *sorted, compare_columns);
  size_t kept = 0;
  for (size_t i = 0; i < count; i++)
    if (kept == 0 || sorted[kept - 1] != sorted[i]) sorted[kept++] = sorted[i];
  return kept;
}

/* The caller frees the names, also if the call ran out of memory. */
static bool name_columns(const uint32_t *index, size_t count, char **names) {
  for (size_t k = 0; k < count; k++) {
    char text[16];
    snprintf(text, sizeof text, "%u", index[k]);
    if (!(names[k] = bs_copy_text(text))) return false;
  }
  return true;
}

/* The columns that occur become 0, 1, ... Their names are their indices in the file. */
static biascope_status renumber(libsvm_reader *svm, size_t nonzeros, uint32_t *occurring) {
  bs_table *table = svm->table;
  const size_t count = distinct(occurring, nonzeros);
  for (size_t i = 0; i < nonzeros; i++) {
    const uint32_t *found = bsearch(&table->column[i], occurring, count, sizeof *occurring, compare_columns);
    table->column[i] = (uint32_t)(found - occurring);
  }
  table->names = BS_NEW(char *, count);
  table->features = table->names ? count : 0;
  if (!table->names || !name_columns(occurring, count, table->names)) return fail_memory(svm);
  return bs_notes_add(&table->notes, svm->error,
                      "the largest index is %zu: the %zu columns that occur are numbered anew", svm->largest, count);
}

static biascope_status number_columns(libsvm_reader *svm, size_t nonzeros) {
  bs_table *table = svm->table;
  const size_t first = svm->zero_based ? 0 : 1, bytes = svm->lines.source->taken;
  table->features = svm->largest + 1 - first;
  if (table->features > FEATURES_ALWAYS_ACCEPTED && table->features > bytes) {
    if (nonzeros == 0)
      return bs_fail(svm->error, BIASCOPE_BAD_INPUT, "%s: no value but 0, and an index of %zu; expected another value",
                     table->path, svm->largest);
    uint32_t *occurring = BS_NEW(uint32_t, nonzeros);
    if (!occurring) return fail_memory(svm);
    memcpy(occurring, table->column, nonzeros * sizeof *occurring);
    const biascope_status status = renumber(svm, nonzeros, occurring);
    free(occurring);
    return status;
  }
  for (size_t i = 0; i < nonzeros; i++) table->column[i] -= (uint32_t)first;
  return BIASCOPE_OK;
}

static biascope_status note(libsvm_reader *svm, bool told_zero_based) {
  bs_notes *notes = &svm->table->notes;
  biascope_status status = BIASCOPE_OK;
  if (svm->queries > 0)
    status = bs_notes_add(notes, svm->error, "%zu qid: entr%s skipped", svm->queries, svm->queries == 1 ? "y" : "ies");
  if (status == BIASCOPE_OK && svm->zero_based && !told_zero_based)
    status = bs_notes_add(notes, svm->error, "the indices count from 0");
  return status;
}

static biascope_status join(libsvm_reader *svm, const biascope_read_options *options) {
  bs_table *table = svm->table;
  const size_t nonzeros = svm->value.count;
  table->labelled = true;
  const size_t room = bs_adds_intercept(options) ? table->samples : 0;
  table->allocated = nonzeros + room;
  if (!(table->row_start = bs_growth_join(&svm->row_start, 0)) ||
      !(table->column = bs_growth_join(&svm->column, room)) || !(table->value = bs_growth_join(&svm->value, room)))
    return fail_memory(svm);
  const biascope_status status = number_columns(svm, nonzeros);
  return status == BIASCOPE_OK ? note(svm, options->zero_based) : status;
}

biascope_status bs_libsvm_read(bs_input *source, const bs_file_format *format, const biascope_read_options *options,
                               bs_table *table, biascope_error *error) {
  (void)format;
  libsvm_reader svm = {.table = table,
                       .error = error,
                       .zero_based = options->zero_based,
                       .row_start.size = sizeof(size_t),
                       .column.size = sizeof(uint32_t),
                       .value.size = sizeof(double)};
  biascope_status status = bs_lines_open(&svm.lines, source, error);
  if (status == BIASCOPE_OK) status = read_lines(&svm);
  if (status == BIASCOPE_OK) status = join(&svm, options);
  bs_growth_free(&svm.row_start);
  bs_growth_free(&svm.column);
  bs_growth_free(&svm.value);
  bs_lines_close(&svm.lines);
  return status;
}

/* The labels are folded in, so every row could have +1. But programs that read the format expect two classes, so rows
 * alternate: label y with the values y x_i. The first row names the last feature even if its value is 0, which
 * preserves the dimension. */
void bs_libsvm_write(const biascope_dataset *data, FILE *stream) {
  for (size_t i = 0; i < data->samples && !ferror(stream); i++) {
    const double sign = i % 2 && !data->unfolded ? -1.0 : 1.0;
    if (data->unfolded)
      fprintf(stream, "%u", data->class[i]);
    else
      fprintf(stream, "%+d", (int)sign);
    size_t next = 0, last = 0;
    const size_t stored = data->dense ? data->features : data->row_start[i + 1] - data->row_start[i];
    for (size_t k = 0; k < stored; k++) {
      const size_t feature = data->dense ? k : data->column[data->row_start[i] + k];
      const double value = bs_row_walk(data, i, feature, &next);
      if (value == 0.0) continue;
      last = feature + 1;
      fprintf(stream, " %zu:%.17g", last, sign * value);
    }
    if (i == 0 && last < data->features) fprintf(stream, " %zu:0", data->features);
    fputc('\n', stream);
  }
}
