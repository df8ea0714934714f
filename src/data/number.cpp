/* The Eisel-Lemire algorithm of fast_float: D. Lemire, Number parsing at a gigabyte per second, 2021. */
#include "data/number.h"

#include <cmath>
#include <fast_float/fast_float.h>

const char *bs_scan_number(const char *begin, const char *end, char decimal, double *value) {
  const fast_float::parse_options options{fast_float::chars_format::general, decimal};
  const fast_float::from_chars_result result = fast_float::from_chars_advanced(begin, end, *value, options);
  return result.ec == std::errc::invalid_argument ? begin : result.ptr;
}

bs_number_kind bs_parse_number(bs_span span, char decimal, double *value) {
  const char *begin = span.begin;
  if (span.end - begin > 1 && *begin == '+' && begin[1] != '-') begin++;
  if (begin == span.end || bs_scan_number(begin, span.end, decimal, value) != span.end) return BS_NOT_A_NUMBER;
  return std::isfinite(*value) ? BS_NUMBER : BS_NOT_FINITE;
}
