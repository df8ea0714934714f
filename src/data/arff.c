/* Weka's ARFF: named attributes, then rows of comma-separated values, or sparse rows in braces; '%' starts a
 * comment. */
#include "data/arff.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Removes `word`, in either case of letters, and a blank from the start of the line. */
static bool take_keyword(bs_span *line, const char *word) {
  const size_t length = strlen(word);
  if (bs_span_length(*line) < length || strncasecmp(line->begin, word, length) != 0) return false;
  const char *after = line->begin + length;
  if (after < line->end && *after != ' ' && *after != '\t') return false;
  *line = bs_trim((bs_span){after, line->end});
  return true;
}

/* A name or a value, which is in quotes of either kind if it contains blanks; else it ends at one of `ends`. Removes it
 * from the line. */
static bs_span take_name(bs_span *line, const char *ends) {
  bs_span name = *line;
  if (line->begin < line->end && (*line->begin == '\'' || *line->begin == '"')) {
    const char *close = memchr(line->begin + 1, *line->begin, bs_span_length(*line) - 1);
    if (!close) return (bs_span){line->end, line->end};
    name = (bs_span){line->begin + 1, close};
    line->begin = close + 1;
    return name;
  }
  name.end = name.begin;
  while (name.end < line->end && !strchr(ends, *name.end)) name.end++;
  line->begin = name.end;
  return name;
}

/* The value that a sparse row leaves out: 0, or the first of a list. NULL: none, of texts and dates. *failed: out of
 * memory. */
static char *take_usual(bs_span type, bool *failed) {
  bs_span usual = bs_trim(type), number = {"0", NULL};
  number.end = number.begin + 1;
  if (take_keyword(&usual, "numeric") || take_keyword(&usual, "real") || take_keyword(&usual, "integer")) {
    usual = number;
  } else {
    if (usual.begin == usual.end || *usual.begin != '{') return NULL;
    usual = bs_trim((bs_span){usual.begin + 1, usual.end});
    usual = take_name(&usual, " \t,}");
  }
  char *copy = bs_span_copy_utf8(usual);
  *failed = *failed || !copy;
  return copy;
}

static bool append(bs_arff_attributes *list, bs_span name, bs_span type) {
  if (list->count == list->room) {
    const size_t room = 2 * list->room + 16;
    char **names = realloc(list->name, room * sizeof *names);
    if (names) list->name = names;
    char **usual = names ? realloc(list->usual, room * sizeof *usual) : NULL;
    if (usual) list->usual = usual;
    if (!usual) return false;
    list->room = room;
  }
  bool failed = false;
  list->name[list->count] = bs_span_copy_utf8(name);
  list->usual[list->count] = take_usual(type, &failed);
  return list->name[list->count++] && !failed;
}

static void free_attributes(bs_arff_attributes *list) {
  for (size_t k = 0; k < list->count; k++) {
    free(list->name[k]);
    free(list->usual[k]);
  }
  free(list->name);
  free(list->usual);
}

/* The declarations up to @data. */
static biascope_status read_attributes(bs_csv_reader *csv, bs_arff_attributes *list) {
  for (;;) {
    bool more;
    const biascope_status status = bs_lines_next(&csv->lines, &more, csv->error);
    if (status != BIASCOPE_OK) return status;
    if (!more) return bs_fail(csv->error, BIASCOPE_BAD_INPUT, "%s: no @data; expected ARFF", csv->table->path);
    bs_span line = bs_trim(csv->lines.line);
    if (line.begin == line.end || *line.begin == '%' || take_keyword(&line, "@relation")) continue;
    if (take_keyword(&line, "@data")) return BIASCOPE_OK;
    const bs_span name = take_keyword(&line, "@attribute") ? take_name(&line, " \t{") : (bs_span){line.end, line.end};
    if (name.begin == name.end)
      return bs_lines_fail(csv->error, &csv->lines, csv->lines.line.begin,
                           "%s; expected @relation, @attribute NAME TYPE or @data", bs_quote(csv->lines.line).text);
    if (!append(list, name, line)) return bs_fail_memory(csv->error, "an attribute's name");
  }
}

static biascope_status divide_attributes(bs_csv_reader *csv, const bs_arff_attributes *list) {
  csv->columns = list->count;
  if (csv->columns > 0) return bs_csv_divide(csv, list->name);
  return bs_fail(csv->error, BIASCOPE_BAD_INPUT, "%s: no @attribute; expected ARFF", csv->table->path);
}

/* Whether the first row is in braces. */
static bool begins_sparse(const bs_csv_reader *csv) {
  bs_span ahead = bs_lines_ahead(&csv->lines), line;
  while (bs_take_line(&ahead, csv->lines.feed, &line)) {
    line = bs_trim(line);
    if (line.begin < line.end && *line.begin != '%') return *line.begin == '{';
  }
  return false;
}

void bs_arff_unquote(const bs_csv_reader *csv, bs_span line) {
  char *bytes = csv->lines.buffer + (line.begin - csv->lines.buffer);
  const size_t length = bs_span_length(line);
  for (size_t i = 0; i < length; i++) {
    if (bytes[i] != '\'') continue;
    size_t before = i, after = i + 1;
    while (before > 0 && (bytes[before - 1] == ' ' || bytes[before - 1] == '\t')) before--;
    while (after < length && (bytes[after] == ' ' || bytes[after] == '\t')) after++;
    if (before == 0 || bytes[before - 1] == ',' || after == length || bytes[after] == ',') bytes[i] = '"';
  }
}

biascope_status bs_arff_read(bs_input *source, const bs_file_format *format, const biascope_read_options *options,
                             bs_table *table, biascope_error *error) {
  bs_csv_reader csv = {
      .options = options, .table = table, .error = error, .comment = '%', .values.size = sizeof(double)};
  csv.dialect = (bs_dialect){.delimiter = format->delimiter, .decimal = '.'};
  bs_arff_attributes list = {0};
  biascope_status status = bs_lines_open(&csv.lines, source, error);
  if (status == BIASCOPE_OK) status = read_attributes(&csv, &list);
  const bool sparse = status == BIASCOPE_OK && begins_sparse(&csv);
  if (sparse && options->one_hot)
    status = bs_fail(error, BIASCOPE_USAGE, "%s: words of sparse rows do not become features", table->path);
  if (status == BIASCOPE_OK) status = divide_attributes(&csv, &list);
  if (status == BIASCOPE_OK) status = sparse ? bs_arff_read_sparse(&csv, &list) : bs_csv_read_rows(&csv);
  free_attributes(&list);
  bs_csv_free(&csv);
  return status;
}
