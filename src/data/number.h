/* Decimal numbers in text, correctly rounded whatever the program's locale. */
#ifndef BIASCOPE_DATA_NUMBER_H
#define BIASCOPE_DATA_NUMBER_H

#include "data/span.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum { BS_NUMBER, BS_NOT_A_NUMBER, BS_NOT_FINITE } bs_number_kind;

/* The longest number that begins at `begin`: [-] digits [decimal digits] [e [+-] digits], nan or inf. Returns its end,
 * or `begin` if there is none. Numbers that are too large become infinite, too small ones denormal or 0. */
const char *bs_scan_number(const char *begin, const char *end, char decimal, double *value);

/* The whole span as one number, perhaps with a plus sign. Too large numbers, inf and nan are BS_NOT_FINITE. */
bs_number_kind bs_parse_number(bs_span span, char decimal, double *value);

#ifdef __cplusplus
}
#endif

#endif
