/* Writes JSON text to a stream, and checks it. */
#ifndef BIASCOPE_STUDY_JSON_H
#define BIASCOPE_STUDY_JSON_H

#include <stdbool.h>
#include <stdio.h>

/* The shortest text from which the same double is read back; null if it is not finite, because JSON has no NaN. */
void bs_json_number(FILE *stream, double value);
/* The same with at most so many digits. */
void bs_json_rounded(FILE *stream, double value, int digits);
/* In quotes and escaped. Bytes that are not UTF-8 become U+FFFD. '<', '>' and '&' are escaped too, so that the text may
 * be in an HTML script element. */
void bs_json_string(FILE *stream, const char *text);
/* Copies JSON text with '<', which occurs only in strings, escaped. */
void bs_json_text(FILE *stream, const char *text);

/* Whether the text is one JSON value (RFC 8259) in UTF-8, nested no deeper than BS_JSON_DEPTH. */
enum { BS_JSON_DEPTH = 64 };
bool bs_json_is_valid(const char *text);

#endif
