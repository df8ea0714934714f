/* The labels of a table: where they are, and how two classes become signs. */
#include "data/formats.h"
#include "data/table.h"

#include "base/memory.h"
#include "base/number.h"
#include "data/csv_field.h"
#include "data/ending.h"
#include "data/lines.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bs_span whole(const char *text) {
  return (bs_span){text, text + strlen(text)};
}

/* ---- Where they stand ----------------------------------------------------------------------- */

static biascope_status add_label(bs_table *table, bs_span text, const char *path, size_t line, biascope_error *error) {
  const char *fault;
  if (bs_labels_add(&table->labels, text, '.', &fault)) return BIASCOPE_OK;
  if (!fault) return bs_fail_memory(error, "the labels");
  return bs_fail(error, BIASCOPE_BAD_INPUT, "%s:%zu: the label %s %s", path, line, bs_quote(text).text, fault);
}

static biascope_status add_number(bs_table *table, double value, const char *path, size_t line, biascope_error *error) {
  const bs_number_text text = bs_number_shortest(value);
  return add_label(table, whole(text.text), path, line, error);
}

/* A column of an array. */
static biascope_status take_column(bs_table *table, const char *list, biascope_error *error) {
  bool *keep = BS_NEW(bool, table->features);
  if (!keep) return bs_fail_memory(error, "the columns");
  biascope_status status = bs_choose_columns(list, table->names, table->features, table->path, keep, error);
  size_t label = 0, chosen = 0;
  for (size_t k = 0; k < table->features; k++) {
    if (keep[k] && chosen++ == 0) label = k;
    keep[k] = !keep[k];
  }
  if (status == BIASCOPE_OK && (chosen != 1 || table->features == 1))
    status = bs_fail(error, BIASCOPE_BAD_INPUT, "%s: %zu label columns of %zu; expected one beside features",
                     table->path, chosen, table->features);
  for (size_t i = 0; status == BIASCOPE_OK && i < table->samples; i++)
    status = add_number(table, table->dense[i * table->features + label], table->path, i + 1, error);
  if (status == BIASCOPE_OK) bs_table_keep_columns(table, keep);
  table->labelled = true;
  free(keep);
  return status;
}

static biascope_status read_label_line(bs_table *table, const bs_lines *lines, size_t *count, biascope_error *error) {
  bs_field field;
  const char *cursor = lines->line.begin, *fault = bs_take_field(lines->line, ',', &cursor, &field);
  if (fault || cursor)
    return bs_lines_fail(error, lines, lines->line.begin, "%s; expected a label on each line",
                         fault ? fault : "more than one field");
  bs_field_collapse(&field, lines->buffer + (field.text.begin - lines->buffer));
  if (field.text.begin == field.text.end || (*count)++ > table->samples) return BIASCOPE_OK;
  return add_label(table, field.text, lines->source->path, lines->number, error);
}

/* Whether the first of more labels than samples names the column: a number or a class of the others does not. */
static bool first_is_header(const bs_labels *labels, size_t samples) {
  const uint32_t first = labels->class[0];
  for (size_t i = 1; i <= samples; i++)
    if (labels->class[i] == first) return false;
  return !labels->classes[first].numeric;
}

static biascope_status fail_count(const bs_table *table, const char *path, size_t count, biascope_error *error) {
  return bs_fail(error, BIASCOPE_BAD_INPUT, "%s: %zu labels; expected %zu, one for each sample of %s", path, count,
                 table->samples, table->path);
}

/* One label on each line. If there is one line more than samples, the first may be a header. */
static biascope_status read_label_lines(bs_table *table, bs_input *source, biascope_error *error) {
  bs_lines lines;
  biascope_status status = bs_lines_open(&lines, source, error);
  size_t count = 0;
  for (bool more = true; status == BIASCOPE_OK;) {
    status = bs_lines_next(&lines, &more, error);
    if (status != BIASCOPE_OK || !more) break;
    status = read_label_line(table, &lines, &count, error);
  }
  bs_lines_close(&lines);
  if (status == BIASCOPE_OK && count != table->samples && count != table->samples + 1)
    status = fail_count(table, source->path, count, error);
  if (status == BIASCOPE_OK) status = bs_labels_join(&table->labels, error);
  if (status != BIASCOPE_OK || count == table->samples) return status;
  if (!first_is_header(&table->labels, table->samples)) return fail_count(table, source->path, count, error);
  memmove(table->labels.class, table->labels.class + 1, table->samples * sizeof(uint32_t));
  return BIASCOPE_OK;
}

static biascope_status read_label_array(bs_table *table, bs_input *source, biascope_error *error) {
  bs_table array = {.path = source->path};
  bool is_vector;
  biascope_status status = bs_npy_read_any(source, &array, &is_vector, error);
  if (status == BIASCOPE_OK && (array.features != 1 || array.samples != table->samples))
    status = bs_fail(error, BIASCOPE_BAD_INPUT, "%s: %zu x %zu labels; expected %zu, one for each sample of %s",
                     source->path, array.samples, array.features, table->samples, table->path);
  if (status == BIASCOPE_OK && array.labelled) { /* texts */
    table->labels = array.labels;
    array.labels = (bs_labels){0};
  }
  for (size_t i = 0; status == BIASCOPE_OK && array.dense && i < array.samples; i++)
    status = add_number(table, array.dense[i], source->path, i + 1, error);
  bs_table_free(&array);
  return status;
}

static biascope_status open_labels(bs_input *source, const char *path, bool *is_array, biascope_error *error) {
  const size_t length = bs_length_uncompressed(path);
  *is_array = bs_ends_with(path, length, ".npy");
  return path[length] ? bs_input_open_compressed(source, path, error) : bs_input_open(source, path, error);
}

biascope_status bs_table_take_labels(bs_table *table, const biascope_read_options *options, biascope_error *error) {
  if (options->label_column && !table->labelled && !table->dense)
    return bs_fail(error, BIASCOPE_USAGE, "%s: a label column can be named for text and dense arrays only",
                   table->path);
  if (options->label_column && !table->labelled) return take_column(table, options->label_column, error);
  if (!options->labels) return BIASCOPE_OK;
  if (table->labelled)
    return bs_fail(error, BIASCOPE_USAGE, "%s: has labels of its own; expected none beside '%s'", table->path,
                   options->labels);
  bs_input source;
  bool is_array;
  biascope_status status = open_labels(&source, options->labels, &is_array, error);
  if (status != BIASCOPE_OK) return status;
  table->labelled = true;
  status = is_array ? read_label_array(table, &source, error) : read_label_lines(table, &source, error);
  bs_input_close(&source);
  return status;
}

/* ---- Signs ---------------------------------------------------------------------------------- */

static biascope_status fail_classes(const bs_table *table, const char *expected, biascope_error *error) {
  return bs_fail(error, BIASCOPE_BAD_INPUT, "%s: the labels are %s; expected %s", table->path,
                 bs_labels_list(&table->labels).text, expected);
}

static biascope_status find_named(const bs_table *table, const char *name, size_t *class, biascope_error *error) {
  *class = bs_labels_find(&table->labels, name);
  if (*class < table->labels.count) return BIASCOPE_OK;
  return bs_fail(error, BIASCOPE_BAD_INPUT, "%s: no label is %s; the labels are %s", table->path,
                 bs_quote(whole(name)).text, bs_labels_list(&table->labels).text);
}

static biascope_status find_positive(bs_table *table, const char *name, biascope_error *error) {
  const biascope_status status = find_named(table, name, &table->positive, error);
  if (status != BIASCOPE_OK || table->labels.count > 1) return status;
  return fail_classes(table, "a second class beside the positive one", error);
}

biascope_status bs_table_keep_pair(bs_table *table, const biascope_read_options *options, biascope_error *error) {
  size_t pair[2];
  if (!options->positive) return BIASCOPE_OK;
  if (!table->labelled)
    return bs_fail(error, BIASCOPE_USAGE, "%s: has no labels; expected some, of which %s is chosen", table->path,
                   options->negative ? "a pair of classes" : "the positive class");
  if (!options->negative) return BIASCOPE_OK;
  biascope_status status = find_named(table, options->positive, &pair[0], error);
  if (status == BIASCOPE_OK) status = find_named(table, options->negative, &pair[1], error);
  if (status == BIASCOPE_OK && pair[0] == pair[1])
    status = bs_fail(error, BIASCOPE_USAGE, "%s: one class is to be +1 and -1; expected two", table->path);
  bool *chosen = status == BIASCOPE_OK ? BS_NEW(bool, table->samples) : NULL;
  if (status != BIASCOPE_OK || !chosen)
    return status == BIASCOPE_OK ? bs_fail_memory(error, "a pair of classes") : status;
  const uint32_t *class = table->labels.class;
  for (size_t i = 0; i < table->samples; i++)
    chosen[i] = class[i] == pair[0] || class[i] == pair[1] || class[i] == BS_NO_CLASS;
  const size_t before = table->samples;
  bs_table_keep_rows(table, chosen, true);
  free(chosen);
  if (table->samples == before) return BIASCOPE_OK;
  return bs_notes_add(&table->notes, error, "%zu sample%s of other classes left out", before - table->samples,
                      before - table->samples == 1 ? "" : "s");
}

/* Targets of a regression: numbers, some of them fractions, and more than a third as many different ones as samples.
 * Few labels may be anything. */
static bool are_targets(const bs_labels *labels, size_t samples) {
  enum { FEW = 10 };
  bool fractions = false;
  for (size_t k = 0; k < labels->count; k++)
    fractions =
        fractions || (labels->classes[k].numeric && labels->classes[k].value != floor(labels->classes[k].value));
  return fractions && labels->count >= FEW && labels->count > samples / 3;
}

/* Which class is +1, all others being -1; `*folds` is false if several classes are kept. */
static biascope_status choose_positive(bs_table *table, const biascope_read_options *options, bool *folds,
                                       biascope_error *error) {
  const bs_labels *labels = &table->labels;
  *folds = true;
  if (options->positive) return find_positive(table, options->positive, error);
  table->positive = 1;
  if (labels->count == 2) return BIASCOPE_OK;
  if (labels->count == 1) { /* the number states its sign by itself */
    table->positive = labels->classes[0].value == 1.0 ? 0 : 1;
    if (labels->classes[0].numeric && fabs(labels->classes[0].value) == 1.0) return BIASCOPE_OK;
    return fail_classes(table,
                        options->held_out > 0.0 ? "exactly two distinct values among the samples that are not held out"
                                                : "exactly two distinct values",
                        error);
  }
  *folds = false;
  if (are_targets(labels, table->samples))
    return bs_fail(
        error, BIASCOPE_BAD_INPUT,
        "%s: the labels are %zu different numbers for %zu samples, with fractions, as targets of a regression "
        "are; expected classes (a letter before each number makes it a name)",
        table->path, labels->count, table->samples);
  if (options->several_classes) return BIASCOPE_OK;
  return fail_classes(table, "exactly two distinct values, or the name of the class that is told from the others",
                      error);
}

static void negate(bs_table *table, size_t row) {
  const size_t first = table->dense ? row * table->features : table->row_start[row];
  const size_t end = table->dense ? first + table->features : table->row_start[row + 1];
  double *values = table->dense ? table->dense : table->value;
  for (size_t at = first; at < end; at++) values[at] = 0.0 - values[at];
}

/* The classes of a classifier. Any other label is refused. */
static biascope_status adopt_classes(bs_table *table, const biascope_model *like, bool held_out, bool *folds,
                                     biascope_error *error) {
  for (size_t k = 0; k < table->labels.count; k++) {
    const char *name = table->labels.classes[k].name;
    bool known = false;
    for (size_t j = 0; j < like->classes; j++) known = known || strcmp(like->class_name[j], name) == 0;
    if (!known)
      return bs_fail(error, BIASCOPE_BAD_INPUT, "%s: the label %s is none of the classifier's classes%s", table->path,
                     bs_quote(whole(name)).text, held_out ? ", those of the samples that are not held out" : "");
  }
  *folds = like->outputs == 1;
  table->positive = like->positive;
  return bs_labels_arrange(&table->labels, table->samples, like->classes, like->class_name, error);
}

biascope_status bs_table_fold(bs_table *table, const biascope_read_options *options, biascope_error *error) {
  if (!table->labelled) return BIASCOPE_OK;
  bool folds = false;
  biascope_status status = bs_labels_sort(&table->labels, table->samples, table->path, error);
  if (status == BIASCOPE_OK && options->like && options->like->class_name)
    status = adopt_classes(table, options->like, options->held_out_part, &folds, error);
  else if (status == BIASCOPE_OK)
    status = choose_positive(table, options, &folds, error);
  table->unfolded = !folds;
  for (size_t i = 0; status == BIASCOPE_OK && folds && i < table->samples; i++)
    if (table->labels.class[i] != table->positive) negate(table, i);
  return status;
}
