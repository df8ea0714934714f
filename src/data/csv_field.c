#include "data/csv_field.h"

#include <stdlib.h>
#include <string.h>

static bool is_blank(char byte, char delimiter) {
  return byte == ' ' || (byte == '\t' && delimiter != '\t');
}

static const char *skip_blanks(const char *at, const char *end, char delimiter) {
  while (at < end && is_blank(*at, delimiter)) at++;
  return at;
}

static const char *end_of_plain(const char *at, const char *end, char delimiter) {
  if (delimiter != BS_BLANKS) {
    const char *found = memchr(at, delimiter, (size_t)(end - at));
    return found ? found : end;
  }
  while (at < end && !is_blank(*at, delimiter)) at++;
  return at;
}

/* The position after the delimiter that follows a field ending at `at`; NULL at the end of the line. */
static const char *next_field(const char *at, const char *end, char delimiter) {
  if (at == end) return NULL;
  if (delimiter != BS_BLANKS) return at + 1;
  at = skip_blanks(at, end, delimiter);
  return at == end ? NULL : at;
}

const char *bs_take_field(bs_span line, char delimiter, const char **cursor, bs_field *field) {
  const char *at = skip_blanks(*cursor, line.end, delimiter);
  field->quoted = at < line.end && *at == '"';
  if (!field->quoted) {
    const char *end = end_of_plain(at, line.end, delimiter), *last = end;
    while (last > at && is_blank(last[-1], delimiter)) last--;
    field->text = (bs_span){at, last};
    *cursor = next_field(end, line.end, delimiter);
    return NULL;
  }
  const char *open = at++;
  while (at < line.end && (*at != '"' || (at + 1 < line.end && at[1] == '"'))) at += *at == '"' ? 2 : 1;
  field->text = (bs_span){open + 1, at};
  *cursor = open;
  if (at >= line.end) return "a quote opens and does not close on its line";
  at++;
  if (delimiter != BS_BLANKS) at = skip_blanks(at, line.end, delimiter);
  *cursor = at;
  if (at < line.end && (delimiter == BS_BLANKS ? !is_blank(*at, delimiter) : *at != delimiter))
    return "text after a closing quote; expected the end of the field";
  *cursor = next_field(at, line.end, delimiter);
  return NULL;
}

void bs_field_collapse(bs_field *field, char *text) {
  if (!field->quoted || !memchr(text, '"', (size_t)(field->text.end - field->text.begin))) return;
  for (const char *at = field->text.begin; at < field->text.end; at += *at == '"' ? 2 : 1) *text++ = *at;
  field->text.end = text;
}

size_t bs_count_fields(bs_span line, char delimiter) {
  size_t count = 0;
  bs_field field;
  for (const char *cursor = line.begin; cursor; count++)
    if (bs_take_field(line, delimiter, &cursor, &field)) return 0;
  return count;
}

char *bs_field_copy(bs_field field) {
  char *copy = bs_span_copy_utf8(field.text);
  if (!copy || !field.quoted) return copy;
  char *to = copy;
  for (const char *from = copy; *from; from++) {
    *to++ = *from;
    if (from[0] == '"' && from[1] == '"') from++;
  }
  *to = '\0';
  return copy;
}

bool bs_is_missing(bs_span text) {
  static const char *const WORDS[] = {"",     "NA",   "N/A",  "n/a",  "<NA>", "#N/A", "#NA", "?",
                                      "null", "NULL", "Null", "None", "nan",  "NaN",  "NAN", "-nan"};
  for (size_t i = 0; i < sizeof WORDS / sizeof WORDS[0]; i++)
    if (bs_span_is(text, WORDS[i])) return true;
  return false;
}

bool bs_is_truth(bs_span text, double *value) {
  static const char *const WORDS[] = {"false", "true", "no", "yes"};
  for (size_t i = 0; i < sizeof WORDS / sizeof WORDS[0]; i++) {
    *value = (double)(i % 2);
    if (bs_span_is_any_case(text, WORDS[i])) return true;
  }
  return false;
}

static size_t count_digits(const char *at, const char *end) {
  size_t count = 0;
  while (at + count < end && at[count] >= '0' && at[count] <= '9') count++;
  return count;
}

bool bs_is_grouped(bs_span text, char decimal, double *value) {
  enum { LONGEST = 64 };
  char plain[LONGEST];
  const char separator = decimal == ',' ? '.' : ',';
  const char *at = text.begin;
  size_t used = 0;
  if (bs_span_length(text) >= LONGEST) return false;
  if (at < text.end && (*at == '-' || *at == '+')) plain[used++] = *at++;
  size_t digits = count_digits(at, text.end);
  if (digits < 1 || digits > 3) return false;
  size_t groups = 0;
  for (;; groups++) {
    memcpy(plain + used, at, digits);
    used += digits;
    at += digits;
    if (at == text.end || *at != separator) break;
    at++;
    digits = count_digits(at, text.end);
    if (digits != 3) return false;
  }
  if (groups == 0 || (at < text.end && *at != decimal)) return false;
  memcpy(plain + used, at, (size_t)(text.end - at));
  used += (size_t)(text.end - at);
  return bs_parse_number((bs_span){plain, plain + used}, decimal, value) == BS_NUMBER;
}

bool bs_begins_like_number(bs_span text, char decimal) {
  double value;
  if (bs_parse_number(text, decimal, &value) == BS_NUMBER) return true;
  if (text.begin < text.end && (*text.begin == '+' || *text.begin == '-')) text.begin++;
  if (text.begin < text.end && (*text.begin == '.' || *text.begin == decimal)) text.begin++;
  return text.begin < text.end && *text.begin >= '0' && *text.begin <= '9';
}
