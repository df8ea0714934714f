#include "data/span.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

bs_span bs_trim(bs_span span) {
  while (span.begin < span.end && (*span.begin == ' ' || *span.begin == '\t')) span.begin++;
  while (span.begin < span.end && (span.end[-1] == ' ' || span.end[-1] == '\t')) span.end--;
  return span;
}

bool bs_span_is(bs_span span, const char *word) {
  const size_t length = strlen(word);
  return bs_span_length(span) == length && (length == 0 || memcmp(span.begin, word, length) == 0);
}

bool bs_span_is_any_case(bs_span span, const char *word) {
  const size_t length = strlen(word);
  return bs_span_length(span) == length && (length == 0 || strncasecmp(span.begin, word, length) == 0);
}

int bs_span_compare(bs_span a, bs_span b) {
  const size_t length_a = bs_span_length(a), length_b = bs_span_length(b);
  const size_t shorter = length_a < length_b ? length_a : length_b;
  const int order = shorter > 0 ? memcmp(a.begin, b.begin, shorter) : 0;
  return order ? order : (length_a > length_b) - (length_a < length_b);
}

char *bs_span_copy(bs_span span) {
  const size_t length = bs_span_length(span);
  char *copy = malloc(length + 1);
  if (!copy) return NULL;
  if (length > 0) memcpy(copy, span.begin, length);
  copy[length] = '\0';
  return copy;
}

/* The number of bytes of the character at `at`; 0 if none begins there. The first two bytes show an encoding that is
 * too long or too large. */
static size_t utf8_length(const unsigned char *at, size_t left) {
  const unsigned char first = at[0];
  if (first < 0x80) return 1;
  const size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || length > left) return 0;
  for (size_t i = 1; i < length; i++)
    if ((at[i] & 0xc0) != 0x80) return 0;
  const unsigned char second = at[1];
  const bool wrong = (first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ||
                     (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f);
  return wrong ? 0 : length;
}

static bool is_utf8(bs_span span) {
  const unsigned char *bytes = (const unsigned char *)span.begin;
  for (size_t at = 0, size = bs_span_length(span); at < size;) {
    const size_t length = utf8_length(bytes + at, size - at);
    if (length == 0) return false;
    at += length;
  }
  return true;
}

char *bs_span_copy_utf8(bs_span span) {
  if (is_utf8(span)) return bs_span_copy(span);
  char *copy = malloc(2 * bs_span_length(span) + 1), *to = copy;
  if (!copy) return NULL;
  for (const char *from = span.begin; from < span.end; from++) {
    const unsigned char byte = (unsigned char)*from;
    if (byte >= 0x80) *to++ = (char)(0xc0 | byte >> 6);
    *to++ = (char)(byte < 0x80 ? byte : 0x80 | (byte & 0x3f));
  }
  *to = '\0';
  return copy;
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
