#include "data/text.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

static biascope_status fail_read(const char *path, biascope_error *error) {
  return bs_fail(error, BIASCOPE_BAD_INPUT, "%s: cannot be read: %s", path, strerror(errno));
}

/* Fills text->bytes with what the file holds, at most `size` bytes. */
static biascope_status read_all(bs_text *text, int descriptor, size_t size, biascope_error *error) {
  text->bytes = malloc(size + 1);
  if (!text->bytes) return bs_fail_memory(error, "a file's content");
  while (text->size < size) {
    const ssize_t count = read(descriptor, text->bytes + text->size, size - text->size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail_read(text->path, error);
    if (count == 0) break;
    text->size += (size_t)count;
  }
  text->bytes[text->size] = '\0';
  return BIASCOPE_OK;
}

biascope_status bs_text_load(bs_text *text, const char *path, biascope_error *error) {
  memset(text, 0, sizeof *text);
  text->path = path;
  const int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO must not block */
  if (descriptor < 0) return fail_read(path, error);
  struct stat properties;
  biascope_status status = BIASCOPE_OK;
  if (fstat(descriptor, &properties) != 0) {
    status = fail_read(path, error);
  } else if (!S_ISREG(properties.st_mode)) {
    status = bs_fail(error, BIASCOPE_BAD_INPUT, "%s: is %s; expected a regular file", path,
                     S_ISDIR(properties.st_mode) ? "a directory" : "a device or a pipe");
  } else {
    status = read_all(text, descriptor, (size_t)properties.st_size, error);
  }
  close(descriptor);
  if (status == BIASCOPE_OK) {
    text->c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (!text->c_locale) status = bs_fail_memory(error, "the C locale");
  }
  if (status != BIASCOPE_OK) bs_text_free(text);
  return status;
}

void bs_text_free(bs_text *text) {
  if (text->c_locale) freelocale(text->c_locale);
  free(text->bytes);
  memset(text, 0, sizeof *text);
}

biascope_status bs_text_clean(bs_text *text, biascope_error *error) {
  static const char MARK[] = {'\xEF', '\xBB', '\xBF'};
  if (text->size >= sizeof MARK && !memcmp(text->bytes, MARK, sizeof MARK)) {
    text->size -= sizeof MARK;
    memmove(text->bytes, text->bytes + sizeof MARK, text->size + 1);
  }
  if (text->size == 0) return bs_fail(error, BIASCOPE_BAD_INPUT, "%s: the file is empty", text->path);
  const char *nul = memchr(text->bytes, 0, text->size);
  if (nul) return bs_fail_at(error, text, nul, "a NUL byte; expected a text file");
  return BIASCOPE_OK;
}

biascope_status bs_fail_at(biascope_error *error, const bs_text *text, const char *where, const char *format, ...) {
  if (!error) return BIASCOPE_BAD_INPUT;
  size_t line = 1;
  const char *start = text->bytes;
  for (const char *feed; (feed = memchr(start, '\n', (size_t)(where - start))); start = feed + 1) line++;
  char message[512];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);
  return bs_fail(error, BIASCOPE_BAD_INPUT, "%s:%zu:%zu: %s", text->path, line, (size_t)(where - start) + 1, message);
}

bs_excerpt bs_quote(bs_span span) {
  enum { SHOWN = 40 };
  bs_excerpt excerpt;
  size_t used = 0;
  const char *at = span.begin;
  excerpt.text[used++] = '\'';
  for (; at < span.end && used < SHOWN; at++) {
    const unsigned char byte = (unsigned char)*at;
    if (byte >= 0x20 && byte != 0x7f && byte < 0x80)
      excerpt.text[used++] = (char)byte;
    else
      used += (size_t)snprintf(excerpt.text + used, sizeof excerpt.text - used, "\\x%02x", byte);
  }
  snprintf(excerpt.text + used, sizeof excerpt.text - used, at < span.end ? "...'" : "'");
  return excerpt;
}

static const char *skip_digits(const char *at, const char *end) {
  while (at < end && *at >= '0' && *at <= '9') at++;
  return at;
}

static const char *skip_sign(const char *at, const char *end) {
  return at + (at < end && (*at == '+' || *at == '-'));
}

static bool is_decimal(bs_span span) {
  const char *whole = skip_sign(span.begin, span.end), *at = skip_digits(whole, span.end);
  size_t digits = (size_t)(at - whole);
  if (at < span.end && *at == '.') {
    const char *fraction = at + 1;
    at = skip_digits(fraction, span.end);
    digits += (size_t)(at - fraction);
  }
  if (digits == 0) return false;
  if (at < span.end && (*at == 'e' || *at == 'E')) {
    const char *exponent = skip_sign(at + 1, span.end);
    at = skip_digits(exponent, span.end);
    if (at == exponent) return false;
  }
  return at == span.end;
}

static bool is_infinite_or_nan(bs_span span) {
  static const char *const WORDS[] = {"nan", "inf", "infinity"};
  const char *begin = skip_sign(span.begin, span.end);
  const size_t length = (size_t)(span.end - begin);
  for (size_t i = 0; i < sizeof WORDS / sizeof WORDS[0]; i++) {
    if (length == strlen(WORDS[i]) && !strncasecmp(begin, WORDS[i], length)) return true;
  }
  return false;
}

bs_number_kind bs_parse_number(const bs_text *text, bs_span span, double *value) {
  if (!is_decimal(span)) return is_infinite_or_nan(span) ? BS_NOT_FINITE : BS_NOT_A_NUMBER;
  /* Nothing that could continue a number follows a span, so strtod ends where the span does. */
  *value = strtod_l(span.begin, NULL, text->c_locale);
  return isfinite(*value) ? BS_NUMBER : BS_NOT_FINITE;
}

biascope_status bs_fail_number(biascope_error *error, const bs_text *text, bs_span span, bs_number_kind kind,
                               const char *what) {
  if (span.begin == span.end) return bs_fail_at(error, text, span.begin, "%s is empty; expected a number", what);
  const bool foreign = memchr(span.begin, ';', (size_t)(span.end - span.begin)) ||
                       memchr(span.begin, '\t', (size_t)(span.end - span.begin));
  return bs_fail_at(error, text, span.begin, "%s is %s, not a %snumber; expected a finite decimal number%s", what,
                    bs_quote(span).text, kind == BS_NOT_FINITE ? "finite " : "",
                    foreign ? " (commas separate fields)" : "");
}

bs_span bs_trim(bs_span span) {
  while (span.begin < span.end && (*span.begin == ' ' || *span.begin == '\t')) span.begin++;
  while (span.begin < span.end && (span.end[-1] == ' ' || span.end[-1] == '\t')) span.end--;
  return span;
}

bs_span bs_line(const bs_text *text, const char *cursor) {
  const char *end = text->bytes + text->size;
  const char *feed = memchr(cursor, '\n', (size_t)(end - cursor));
  if (feed) end = feed;
  return (bs_span){cursor, end > cursor && end[-1] == '\r' ? end - 1 : end};
}

const char *bs_next_line(const bs_text *text, bs_span line) {
  const char *end = text->bytes + text->size, *at = line.end;
  if (at < end && *at == '\r') at++;
  return at < end ? at + 1 : end;
}

bool bs_only_blank(const bs_text *text, const char *cursor) {
  const char *end = text->bytes + text->size;
  while (cursor < end && isspace((unsigned char)*cursor)) cursor++;
  return cursor == end;
}

size_t bs_count_lines(const bs_text *text) {
  size_t lines = 1;
  const char *end = text->bytes + text->size;
  for (const char *at = text->bytes; (at = memchr(at, '\n', (size_t)(end - at))); at++) lines++;
  return lines;
}
