/* Weka's ARFF: named attributes, then rows of comma-separated values; '%' starts a comment. Sparse rows are refused. */
#include "data/csv_reader.h"

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

/* A name; it is in quotes of either kind if it contains blanks. */
static bs_span take_name(bs_span line) {
  bs_span name = line;
  if (line.begin < line.end && (*line.begin == '\'' || *line.begin == '"')) {
    const char *close = memchr(line.begin + 1, *line.begin, bs_span_length(line) - 1);
    return close ? (bs_span){line.begin + 1, close} : (bs_span){line.end, line.end};
  }
  name.end = name.begin;
  while (name.end < line.end && !strchr(" \t{", *name.end)) name.end++;
  return name;
}

typedef struct {
  size_t count, room;
  char **name;
} attributes;

static bool append(attributes *list, bs_span name) {
  if (list->count == list->room) {
    const size_t room = 2 * list->room + 16;
    char **larger = realloc(list->name, room * sizeof *larger);
    if (!larger) return false;
    list->name = larger;
    list->room = room;
  }
  list->name[list->count] = bs_span_copy_utf8(name);
  return list->name[list->count] && ++list->count;
}

/* The declarations up to @data. */
static biascope_status read_attributes(bs_csv_reader *csv, attributes *list) {
  for (;;) {
    bool more;
    const biascope_status status = bs_lines_next(&csv->lines, &more, csv->error);
    if (status != BIASCOPE_OK) return status;
    if (!more) return bs_fail(csv->error, BIASCOPE_BAD_INPUT, "%s: no @data; expected ARFF", csv->table->path);
    bs_span line = bs_trim(csv->lines.line);
    if (line.begin == line.end || *line.begin == '%' || take_keyword(&line, "@relation")) continue;
    if (take_keyword(&line, "@data")) return BIASCOPE_OK;
    const bs_span name = take_keyword(&line, "@attribute") ? take_name(line) : (bs_span){line.end, line.end};
    if (name.begin == name.end)
      return bs_lines_fail(csv->error, &csv->lines, csv->lines.line.begin,
                           "%s; expected @relation, @attribute NAME TYPE or @data", bs_quote(csv->lines.line).text);
    if (!append(list, name)) return bs_fail_memory(csv->error, "an attribute's name");
  }
}

static biascope_status divide_attributes(bs_csv_reader *csv, const attributes *list) {
  csv->columns = list->count;
  if (csv->columns > 0) return bs_csv_divide(csv, list->name);
  return bs_fail(csv->error, BIASCOPE_BAD_INPUT, "%s: no @attribute; expected ARFF", csv->table->path);
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
  attributes list = {0};
  biascope_status status = bs_lines_open(&csv.lines, source, error);
  if (status == BIASCOPE_OK) status = read_attributes(&csv, &list);
  if (status == BIASCOPE_OK) status = divide_attributes(&csv, &list);
  if (status == BIASCOPE_OK) status = bs_csv_read_rows(&csv);
  for (size_t k = 0; k < list.count; k++) free(list.name[k]);
  free(list.name);
  bs_csv_free(&csv);
  return status;
}
