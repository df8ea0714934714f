#include "data/text.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

static biascope_status fail_read(const char *path, const char *why, biascope_error *error) {
  return bs_fail(error, BIASCOPE_BAD_INPUT, "%s: cannot be read: %s", path, why);
}

biascope_status bs_file_load(const char *path, bs_text *out, biascope_error *error) {
  *out = (bs_text){.path = path};
  FILE *stream = fopen(path, "rb");
  if (!stream) return fail_read(path, strerror(errno), error);
  struct stat about;
  biascope_status status = BIASCOPE_OK;
  if (fstat(fileno(stream), &about) != 0) {
    status = fail_read(path, strerror(errno), error);
  } else if (!S_ISREG(about.st_mode)) {
    status = fail_read(path, S_ISDIR(about.st_mode) ? "it is a directory" : "it is not a regular file", error);
  } else {
    out->size = (size_t)about.st_size;
    out->bytes = malloc(out->size + 1);
    if (!out->bytes)
      status = bs_fail_memory(error, "a file's content");
    else if (fread(out->bytes, 1, out->size, stream) != out->size)
      status = fail_read(path, "it ended early", error);
    else
      out->bytes[out->size] = '\0';
  }
  fclose(stream);
  if (status != BIASCOPE_OK) bs_text_free(out);
  return status;
}

biascope_status bs_text_load(const char *path, bs_text *out, biascope_error *error) {
  const biascope_status status = bs_file_load(path, out, error);
  if (status != BIASCOPE_OK) return status;
  const char *nul = memchr(out->bytes, '\0', out->size);
  if (nul) {
    const size_t offset = (size_t)(nul - out->bytes);
    bs_text_free(out);
    return bs_fail(error, BIASCOPE_BAD_INPUT, "%s: a NUL byte at offset %zu; expected a text file", path, offset);
  }
  if (out->size >= 3 && !memcmp(out->bytes, "\xEF\xBB\xBF", 3)) {
    memmove(out->bytes, out->bytes + 3, out->size - 2);
    out->size -= 3;
  }
  return BIASCOPE_OK;
}

void bs_text_free(bs_text *text) {
  free(text->bytes);
  text->bytes = NULL;
}

bool bs_next_line(const bs_text *text, size_t *cursor, bs_span *line) {
  if (*cursor >= text->size) return false;
  const char *begin = text->bytes + *cursor;
  const size_t rest = text->size - *cursor;
  const char *end = memchr(begin, '\n', rest);
  size_t length = end ? (size_t)(end - begin) : rest;
  *cursor += length + (end != NULL);
  if (length > 0 && begin[length - 1] == '\r') length--;
  *line = (bs_span){begin, length};
  return true;
}

static bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

bs_span bs_trim(bs_span span) {
  while (span.length > 0 && is_blank(span.begin[0])) span.begin++, span.length--;
  while (span.length > 0 && is_blank(span.begin[span.length - 1])) span.length--;
  return span;
}

static bool is_named_number(bs_span span) {
  if (span.length > 0 && (span.begin[0] == '+' || span.begin[0] == '-')) span.begin++, span.length--;
  static const char *const NAMES[] = {"nan", "inf", "infinity"};
  for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++) {
    if (span.length == strlen(NAMES[i]) && !strncasecmp(span.begin, NAMES[i], span.length)) return true;
  }
  return false;
}

/* A constant that needs a constructor. */
static pthread_once_t c_locale_once = PTHREAD_ONCE_INIT;
static locale_t c_locale;
static void create_c_locale(void) {
  c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

bs_number_kind bs_parse_number(bs_span span, double *value) {
  if (is_named_number(span)) return BS_NOT_FINITE;
  char buffer[512];
  if (span.length == 0 || span.length >= sizeof buffer) return BS_NOT_A_NUMBER;
  memcpy(buffer, span.begin, span.length);
  buffer[span.length] = '\0';
  if (strspn(buffer, "+-.0123456789eE") != span.length) return BS_NOT_A_NUMBER;
  char *end;
  pthread_once(&c_locale_once, create_c_locale);
  *value = strtod_l(buffer, &end, c_locale);
  if (end != buffer + span.length) return BS_NOT_A_NUMBER;
  return isfinite(*value) ? BS_NUMBER : BS_NOT_FINITE;
}

biascope_status bs_fail_number(const char *path, size_t line, size_t column, bs_span span, bs_number_kind kind,
                               biascope_error *error) {
  const int shown = span.length > 60 ? 60 : (int)span.length;
  return bs_fail(error, BIASCOPE_BAD_INPUT, "%s:%zu:%zu: '%.*s%s' is not a %s; expected a finite decimal number", path,
                 line, column, shown, span.begin, span.length > 60 ? "..." : "",
                 kind == BS_NOT_FINITE ? "finite number" : "number");
}
