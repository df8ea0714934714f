#include "study/json.h"

#include "base/number.h"
#include <ctype.h>
#include <math.h>
#include <string.h>

void bs_json_number(FILE *stream, double value) {
  fputs(isfinite(value) ? bs_number_shortest(value).text : "null", stream);
}

void bs_json_rounded(FILE *stream, double value, int digits) {
  fputs(isfinite(value) ? bs_number_rounded(value, digits).text : "null", stream);
}

/* The length of the UTF-8 sequence at `text`; 0 if it is not one. */
static size_t utf8_length(const unsigned char *text) {
  const unsigned char lead = text[0];
  if (lead < 0x80) return 1;
  const size_t length = lead >= 0xC2 && lead < 0xE0   ? 2
                        : lead >= 0xE0 && lead < 0xF0 ? 3
                        : lead >= 0xF0 && lead < 0xF5 ? 4
                                                      : 0;
  for (size_t i = 1; i < length; i++) {
    if ((text[i] & 0xC0) != 0x80) return 0;
  }
  if ((lead == 0xE0 && text[1] < 0xA0) || (lead == 0xED && text[1] >= 0xA0) || (lead == 0xF0 && text[1] < 0x90) ||
      (lead == 0xF4 && text[1] >= 0x90))
    return 0; /* overlong, a surrogate, or above U+10FFFF */
  return length;
}

void bs_json_string(FILE *stream, const char *text) {
  fputc('"', stream);
  for (const unsigned char *at = (const unsigned char *)text; *at;) {
    const size_t length = utf8_length(at);
    if (length == 0) {
      fputs("\\ufffd", stream);
      at++;
    } else if (length == 1 && (*at < 0x20 || *at == 0x7F || strchr("\"\\<>&", *at))) {
      fprintf(stream, "\\u%04x", *at++);
    } else {
      fwrite(at, 1, length, stream);
      at += length;
    }
  }
  fputc('"', stream);
}

void bs_json_text(FILE *stream, const char *text) {
  for (size_t plain; *text; text += plain) {
    plain = strcspn(text, "<");
    fwrite(text, 1, plain, stream);
    if (text[plain] == '\0') return;
    fputs("\\u003c", stream);
    plain++;
  }
}

/* ---- The grammar: each `skip_` returns the end of its part, NULL if the part is not there --------------- */

static const char *skip_value(const char *at, int depth);

static const char *skip_space(const char *at) {
  while (*at == ' ' || *at == '\n' || *at == '\t' || *at == '\r') at++;
  return at;
}

static const char *skip_digits(const char *at) {
  if (!isdigit((unsigned char)*at)) return NULL;
  while (isdigit((unsigned char)*at)) at++;
  return at;
}

static const char *skip_number(const char *at) {
  if (*at == '-') at++;
  at = *at == '0' ? at + 1 : skip_digits(at);
  if (at && *at == '.') at = skip_digits(at + 1);
  if (at && (*at == 'e' || *at == 'E')) at = skip_digits(at + 1 + (at[1] == '+' || at[1] == '-'));
  return at;
}

static const char *skip_escape(const char *at) {
  if (*at != 'u') return *at && strchr("\"\\/bfnrt", *at) ? at + 1 : NULL;
  for (int digit = 1; digit <= 4; digit++) {
    if (!isxdigit((unsigned char)at[digit])) return NULL;
  }
  return at + 5;
}

static const char *skip_string(const char *at) {
  if (*at++ != '"') return NULL;
  while (at && *at != '"') {
    const size_t length = utf8_length((const unsigned char *)at);
    if (length == 0 || (unsigned char)*at < 0x20) return NULL;
    at = *at == '\\' ? skip_escape(at + 1) : at + length;
  }
  return at ? at + 1 : NULL;
}

static const char *skip_member(const char *at, int depth) {
  at = skip_string(at);
  if (at) at = skip_space(at);
  return at && *at == ':' ? skip_value(skip_space(at + 1), depth) : NULL;
}

/* The rest of an object or an array after its opening bracket. */
static const char *skip_elements(const char *at, char close, int depth) {
  if (depth == 0) return NULL;
  at = skip_space(at);
  if (*at == close) return at + 1;
  for (;;) {
    at = close == '}' ? skip_member(at, depth - 1) : skip_value(at, depth - 1);
    if (at) at = skip_space(at);
    if (!at || (*at != ',' && *at != close)) return NULL;
    if (*at == close) return at + 1;
    at = skip_space(at + 1);
  }
}

static const char *skip_word(const char *at, const char *word) {
  const size_t length = strlen(word);
  return strncmp(at, word, length) == 0 ? at + length : NULL;
}

static const char *skip_value(const char *at, int depth) {
  switch (*at) {
  case '{':
    return skip_elements(at + 1, '}', depth);
  case '[':
    return skip_elements(at + 1, ']', depth);
  case '"':
    return skip_string(at);
  case 't':
    return skip_word(at, "true");
  case 'f':
    return skip_word(at, "false");
  case 'n':
    return skip_word(at, "null");
  default:
    return skip_number(at);
  }
}

bool bs_json_is_valid(const char *text) {
  const char *end = skip_value(skip_space(text), BS_JSON_DEPTH);
  return end && *skip_space(end) == '\0';
}
