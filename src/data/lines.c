#include "data/lines.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 1 << 18, LONGEST_UTF8 = 3 }; /* bytes read at a time; of UTF-8 that two bytes of UTF-16 become */

/* A few compressed bytes can become very many, which must not fill the memory. */
static const size_t LONGEST_LINE = (size_t)1 << 30;

/* ---- UTF-16 --------------------------------------------------------------------------------- */

static char *put_utf8(char *at, unsigned code) {
  if (code < 0x80) {
    *at++ = (char)code;
  } else if (code < 0x800) {
    *at++ = (char)(0xc0 | code >> 6);
    *at++ = (char)(0x80 | (code & 0x3f));
  } else {
    if (code >= 0x10000) {
      *at++ = (char)(0xf0 | code >> 18);
      *at++ = (char)(0x80 | (code >> 12 & 0x3f));
    } else {
      *at++ = (char)(0xe0 | code >> 12);
    }
    *at++ = (char)(0x80 | (code >> 6 & 0x3f));
    *at++ = (char)(0x80 | (code & 0x3f));
  }
  return at;
}

/* One unit. Half of a pair without the other half becomes U+FFFD. */
static char *put_unit(bs_lines *lines, char *at, unsigned unit) {
  const unsigned high = lines->high_surrogate;
  lines->high_surrogate = 0;
  if (high && unit >= 0xdc00 && unit < 0xe000) return put_utf8(at, 0x10000 + ((high - 0xd800) << 10) + (unit - 0xdc00));
  if (high) at = put_utf8(at, 0xfffd);
  if (unit >= 0xd800 && unit < 0xdc00) {
    lines->high_surrogate = unit;
    return at;
  }
  return put_utf8(at, unit >= 0xdc00 && unit < 0xe000 ? 0xfffd : unit);
}

/* Converts the bytes at the end of the space to UTF-8 at its beginning: every unit needs at most 3 bytes. */
static size_t decode(bs_lines *lines, char *space, const unsigned char *bytes, size_t count) {
  char *at = space;
  for (size_t i = 0; i + 1 < count; i += 2) {
    const unsigned first = bytes[i], second = bytes[i + 1];
    at = put_unit(lines, at, lines->utf16 == 1 ? first << 8 | second : second << 8 | first);
  }
  if (count % 2) at = put_utf8(at, 0xfffd);
  return (size_t)(at - space);
}

/* ---- Reading -------------------------------------------------------------------------------- */

/* Makes space for `size` more bytes after those in the buffer. */
static biascope_status make_room(bs_lines *lines, size_t size, biascope_error *error) {
  if (lines->begin > 0) {
    memmove(lines->buffer, lines->buffer + lines->begin, lines->end - lines->begin);
    lines->end -= lines->begin;
    lines->begin = 0;
  }
  if (lines->capacity - lines->end >= size) return BIASCOPE_OK;
  size_t capacity = 2 * lines->capacity;
  if (capacity < lines->end + size) capacity = lines->end + size;
  char *larger = realloc(lines->buffer, capacity);
  if (!larger) return bs_fail_memory(error, "a line of the file");
  lines->buffer = larger;
  lines->capacity = capacity;
  return BIASCOPE_OK;
}

static biascope_status read_more(bs_lines *lines, biascope_error *error) {
  const size_t room = lines->utf16 ? (size_t)(LONGEST_UTF8 + 1) * BLOCK : BLOCK;
  biascope_status status = make_room(lines, room, error);
  if (status != BIASCOPE_OK) return status;
  char *space = lines->buffer + lines->end, *raw = space + room - BLOCK;
  size_t count;
  status = bs_input_read(lines->source, raw, BLOCK, &count, error);
  if (status != BIASCOPE_OK) return status;
  lines->at_end = count < BLOCK;
  if (lines->end - lines->begin > LONGEST_LINE)
    return bs_fail(error, BIASCOPE_BAD_INPUT, "%s:%zu: the line is longer than 2^30 bytes; expected lines of text",
                   lines->source->path, lines->number + 1);
  lines->end += lines->utf16 ? decode(lines, space, (const unsigned char *)raw, count) : count;
  return BIASCOPE_OK;
}

/* Drops the byte-order mark of UTF-8, and decodes a text that begins with that of UTF-16. */
static biascope_status heed_mark(bs_lines *lines, biascope_error *error) {
  const unsigned char *bytes = (const unsigned char *)lines->buffer;
  if (lines->end >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0) lines->begin = 3;
  if (lines->end < 2 || (memcmp(bytes, "\xff\xfe", 2) != 0 && memcmp(bytes, "\xfe\xff", 2) != 0)) return BIASCOPE_OK;
  lines->utf16 = bytes[0] == 0xfe ? 1 : 2;
  const size_t count = lines->end - 2;
  char *decoded = malloc((size_t)(LONGEST_UTF8 + 1) * BLOCK);
  if (!decoded) return bs_fail_memory(error, "the file's first lines");
  lines->end = decode(lines, decoded, bytes + 2, count);
  free(lines->buffer);
  lines->buffer = decoded;
  lines->capacity = (size_t)(LONGEST_UTF8 + 1) * BLOCK;
  return BIASCOPE_OK;
}

biascope_status bs_lines_open(bs_lines *lines, bs_input *source, biascope_error *error) {
  *lines = (bs_lines){.source = source, .feed = '\n'};
  biascope_status status = read_more(lines, error);
  if (status == BIASCOPE_OK) status = heed_mark(lines, error);
  if (status != BIASCOPE_OK) return status;
  if (lines->begin == lines->end) return bs_fail(error, BIASCOPE_BAD_INPUT, "%s: the file is empty", source->path);
  const bs_span text = bs_lines_ahead(lines);
  if (!memchr(text.begin, '\n', bs_span_length(text)) && memchr(text.begin, '\r', bs_span_length(text)))
    lines->feed = '\r';
  return BIASCOPE_OK;
}

void bs_lines_close(bs_lines *lines) {
  free(lines->buffer);
  lines->buffer = NULL;
}

bs_span bs_lines_ahead(const bs_lines *lines) {
  return (bs_span){lines->buffer + lines->begin, lines->buffer + lines->end};
}

bool bs_take_line(bs_span *text, char feed, bs_span *line) {
  if (text->begin == text->end) return false;
  const char *end = memchr(text->begin, feed, bs_span_length(*text));
  *line = (bs_span){text->begin, end ? end : text->end};
  text->begin = end ? end + 1 : text->end;
  if (line->end > line->begin && line->end[-1] == '\r') line->end--;
  return true;
}

biascope_status bs_lines_next(bs_lines *lines, bool *more, biascope_error *error) {
  size_t searched = 0;
  for (;;) {
    const size_t from = lines->begin + searched;
    if (from < lines->end && memchr(lines->buffer + from, lines->feed, lines->end - from)) break;
    if (lines->at_end) break;
    searched = lines->end - lines->begin;
    const biascope_status status = read_more(lines, error);
    if (status != BIASCOPE_OK) return status;
  }
  bs_span text = bs_lines_ahead(lines);
  *more = bs_take_line(&text, lines->feed, &lines->line);
  if (!*more) return BIASCOPE_OK;
  lines->begin = (size_t)(text.begin - lines->buffer);
  lines->number++;
  const char *nul = memchr(lines->line.begin, 0, bs_span_length(lines->line));
  if (!nul) return BIASCOPE_OK;
  return bs_lines_fail(error, lines, nul, "a NUL byte; expected text in UTF-8, or in UTF-16 with a byte-order mark");
}

/* ---- Errors --------------------------------------------------------------------------------- */

biascope_status bs_lines_fail(biascope_error *error, const bs_lines *lines, const char *where, const char *format,
                              ...) {
  if (!error) return BIASCOPE_BAD_INPUT;
  char message[640];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);
  return bs_fail(error, BIASCOPE_BAD_INPUT, "%s:%zu:%zu: %s", lines->source->path, lines->number,
                 (size_t)(where - lines->line.begin) + 1, message);
}

biascope_status bs_fail_number(biascope_error *error, const bs_lines *lines, bs_span span, bs_number_kind kind,
                               const char *what, const char *hint) {
  if (span.begin == span.end)
    return bs_lines_fail(error, lines, span.begin, "%s is empty; expected a number%s", what, hint);
  return bs_lines_fail(error, lines, span.begin, "%s is %s, not a %snumber; expected a finite decimal number%s", what,
                       bs_quote(span).text, kind == BS_NOT_FINITE ? "finite " : "", hint);
}
