#include "study/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void bs_json_number(FILE *stream, double value) {
  if (!isfinite(value)) {
    fputs("null", stream);
    return;
  }
  char text[32];
  for (int digits = 15; digits <= 17; digits++) {
    snprintf(text, sizeof text, "%.*g", digits, value);
    if (strtod(text, NULL) == value) break;
  }
  fputs(text, stream);
}

void bs_json_rounded(FILE *stream, double value, int digits) {
  if (isfinite(value))
    fprintf(stream, "%.*g", digits, value);
  else
    fputs("null", stream);
}

/* Length of the UTF-8 sequence at `text`; 0 where it is not one. */
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
  for (const unsigned char *at = (const unsigned char *)text; *at;) {
    const size_t length = utf8_length(at);
    if (*at == '<')
      fputs("\\u003c", stream);
    else if (length > 0)
      fwrite(at, 1, length, stream);
    else
      fputs("\\ufffd", stream); /* it can stand in a string alone */
    at += length > 0 ? length : 1;
  }
}
