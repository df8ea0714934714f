#include "data/csv_look.h"

#include "data/lines.h"

#include <string.h>

enum { LINES_LOOKED_AT = 64 };

static const char DELIMITERS[] = {',', ';', '\t', '|', BS_BLANKS};

typedef struct {
  bs_span line[LINES_LOOKED_AT];
  size_t count;
} sample_lines;

bool bs_is_comment(bs_span line) {
  const bs_span content = bs_trim(line);
  return content.begin < content.end && *content.begin == '#';
}

const char *bs_delimiter_name(char delimiter) {
  static const char *const NAMES[] = {"commas", "semicolons", "tabs", "bars", "blanks"};
  const char *found = memchr(DELIMITERS, delimiter, sizeof DELIMITERS);
  return found ? NAMES[found - DELIMITERS] : "the characters given";
}

/* The first lines that are not empty. A line that is cut off is left out if there are others. */
static sample_lines take_sample(bs_span ahead, char feed, bool *separator_line) {
  sample_lines sample = {.count = 0};
  bs_span line;
  for (bool first = true; sample.count < LINES_LOOKED_AT && bs_take_line(&ahead, feed, &line); first = false) {
    const bs_span content = bs_trim(line);
    if (first && bs_span_length(content) == 5 && memcmp(content.begin, "sep=", 4) == 0) {
      *separator_line = true;
    } else if (content.begin < content.end && *content.begin != '#') {
      sample.line[sample.count++] = line;
    }
  }
  if (ahead.begin == ahead.end && sample.count > 2) sample.count--;
  return sample;
}

/* How plausible a field is: a number, a missing value, or a word that no other delimiter would split. Words may contain
 * blanks, but a number followed by others is rather several fields. */
static double likeness(bs_field field, char delimiter) {
  double value;
  if (field.quoted || bs_is_missing(field.text) || bs_parse_number(field.text, '.', &value) == BS_NUMBER) return 1.0;
  if (delimiter != ',' && bs_parse_number(field.text, ',', &value) == BS_NUMBER) return 1.0;
  for (const char *at = field.text.begin; at < field.text.end; at++)
    if (*at != delimiter && *at != ' ' && memchr(DELIMITERS, *at, sizeof DELIMITERS)) return 0.0;
  const bool has_blank = memchr(field.text.begin, ' ', bs_span_length(field.text)) != NULL;
  return has_blank && bs_begins_like_number(field.text, '.') ? 0.5 : 1.0;
}

/* From 0 to 1: the share of lines in which the delimiter gives as many fields as in the first (or one more: a header
 * may lack the name of the rows' names), and how plausible the fields are. */
static double score(const sample_lines *sample, char delimiter) {
  const size_t fields = sample->count > 0 ? bs_count_fields(sample->line[0], delimiter) : 0;
  if (fields < 2) return 0.0;
  const size_t first = sample->count > 1 ? 1 : 0;
  double sum = 0.0;
  for (size_t i = first; i < sample->count; i++) {
    const size_t count = bs_count_fields(sample->line[i], delimiter);
    if (count != fields && count != fields + 1) continue;
    double line = 0.0;
    bs_field field;
    for (const char *cursor = sample->line[i].begin; cursor;) {
      bs_take_field(sample->line[i], delimiter, &cursor, &field);
      line += likeness(field, delimiter);
    }
    sum += line / (double)count;
  }
  return sum / (double)(sample->count - first);
}

static char find_delimiter(const sample_lines *sample, char usual) {
  char best = usual ? usual : ',';
  double most = 0.0;
  for (size_t i = 0; i < sizeof DELIMITERS; i++) {
    const double bonus = DELIMITERS[i] == usual ? 0.25 : 0.0, found = score(sample, DELIMITERS[i]);
    if (found > 0.0 && found + bonus > most) {
      most = found + bonus;
      best = DELIMITERS[i];
    }
  }
  return best;
}

/* The decimal point is a comma if some numbers have one and none has a point. */
static void find_decimal(const sample_lines *sample, bs_dialect *dialect) {
  bool surely = false, point = false;
  for (size_t i = 0; i < sample->count; i++) {
    bs_field field;
    for (const char *cursor = sample->line[i].begin; cursor;) {
      if (bs_take_field(sample->line[i], dialect->delimiter, &cursor, &field)) break;
      double value;
      const bool has_comma = memchr(field.text.begin, ',', bs_span_length(field.text)) != NULL;
      if (!field.quoted && bs_is_grouped(field.text, '.', &value)) {
        if (!dialect->ambiguous) dialect->doubtful = field.text;
        dialect->ambiguous = true;
      } else if (has_comma) {
        surely = surely || bs_parse_number(field.text, ',', &value) == BS_NUMBER;
      } else if (bs_parse_number(field.text, '.', &value) == BS_NUMBER) {
        point = point || memchr(field.text.begin, '.', bs_span_length(field.text));
      }
    }
  }
  dialect->decimal = surely && !point ? ',' : '.';
  dialect->ambiguous = dialect->ambiguous && !surely && !point;
}

static bool ends_with(bs_span line, char delimiter) {
  line.end = delimiter == '\t' ? line.end : bs_trim(line).end;
  return line.begin < line.end && line.end[-1] == delimiter;
}

bs_dialect bs_csv_look(bs_span ahead, char feed, char usual, char delimiter, char decimal) {
  bs_dialect dialect = {.delimiter = delimiter, .decimal = decimal};
  const sample_lines sample = take_sample(ahead, feed, &dialect.separator_line);
  if (!delimiter && dialect.separator_line) dialect.delimiter = bs_trim(ahead).begin[4];
  if (!dialect.delimiter) dialect.delimiter = find_delimiter(&sample, usual);
  if (!decimal && dialect.delimiter != ',')
    find_decimal(&sample, &dialect);
  else if (!decimal)
    dialect.decimal = '.';
  if (sample.count > 0) dialect.fields = bs_count_fields(sample.line[0], dialect.delimiter);
  if (sample.count > 1) dialect.second = bs_count_fields(sample.line[1], dialect.delimiter);
  dialect.trailing = sample.count > 1 && dialect.delimiter != BS_BLANKS && dialect.fields > 1;
  for (size_t i = 0; i < sample.count && dialect.trailing; i++)
    dialect.trailing = ends_with(sample.line[i], dialect.delimiter);
  dialect.fields -= dialect.trailing;
  dialect.second -= dialect.trailing && dialect.second > 0;
  return dialect;
}
