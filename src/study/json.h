/* Writing JSON text into a stream. */
#ifndef BIASCOPE_STUDY_JSON_H
#define BIASCOPE_STUDY_JSON_H

#include <stdio.h>

/* The shortest text that reads back as the same double; null where it is not finite, for JSON has no NaN. */
void bs_json_number(FILE *stream, double value);
/* So many digits at most; null likewise. */
void bs_json_rounded(FILE *stream, double value, int digits);
/* In quotes, escaped. Bytes that are not UTF-8 become U+FFFD. '<', '>' and '&' are escaped too, so that the text may
 * stand inside an HTML script element. */
void bs_json_string(FILE *stream, const char *text);
/* Text that is JSON but for its encoding: what is not UTF-8 is replaced, and '<', which stands in strings alone,
 * escaped. */
void bs_json_text(FILE *stream, const char *text);

#endif
