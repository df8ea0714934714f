#include "base/number.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* printf writes the decimal point of the locale: the only bytes that cannot belong to a number in the C locale. */
static void write_point(char *text) {
  char *point = text + strspn(text, "+-0123456789e");
  const size_t length = strcspn(point, "+-0123456789e");
  if (length == 0 || !*point || strpbrk(point, "ain")) return; /* "inf" and "nan" have none */
  *point = '.';
  memmove(point + 1, point + length, strlen(point + length) + 1);
}

bs_number_text bs_number_rounded(double value, int digits) {
  bs_number_text number;
  snprintf(number.text, sizeof number.text, "%.*g", digits, value);
  write_point(number.text);
  return number;
}

bs_number_text bs_number_shortest(double value) {
  bs_number_text number;
  for (int digits = 15; digits <= 17; digits++) {
    snprintf(number.text, sizeof number.text, "%.*g", digits, value);
    if (strtod(number.text, NULL) == value) break; /* in the locale that wrote it */
  }
  write_point(number.text);
  return number;
}
