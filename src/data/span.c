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
