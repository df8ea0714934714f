/* JSON text: written into a stream, and judged. */
#ifndef BIASCOPE_STUDY_JSON_H
#define BIASCOPE_STUDY_JSON_H

#include <stdbool.h>
#include <stdio.h>

/* The shortest text that reads back as the same double; null where it is not finite, for JSON has no NaN. */
void bs_json_number(FILE *stream, double value);
/* So many digits at most; null likewise. */
void bs_json_rounded(FILE *stream, double value, int digits);
/* In quotes, escaped. Bytes that are not UTF-8 become U+FFFD. '<', '>' and '&' are escaped too, so that the text may
 * stand inside an HTML script element. */
void bs_json_string(FILE *stream, const char *text);
/* Text that is JSON, with '<', which stands in strings alone, escaped. */
void bs_json_text(FILE *stream, const char *text);

/* Whether the text is one JSON value (RFC 8259) in UTF-8, nested no deeper than BS_JSON_DEPTH. */
enum { BS_JSON_DEPTH = 64 };
bool bs_json_is_valid(const char *text);

#endif
