/* Values of options as text. */
#include "rule/option.h"

#include "base/error.h"
#include "base/number.h"
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void bs_option_expected(bs_option option, char *text, size_t size) {
  const bs_option_row *row = bs_option_row_of(option);
  switch (row->type) {
  case BIASCOPE_OPTION_REAL:
    snprintf(text, size, "a number with %s", row->range);
    break;
  case BIASCOPE_OPTION_WHOLE:
    snprintf(text, size, "a whole number from %llu to %llu%s%s", (unsigned long long)row->least,
             (unsigned long long)row->most, row->zero_name ? ", or " : "", row->zero_name ? row->zero_name : "");
    break;
  case BIASCOPE_OPTION_CHOICE:
    snprintf(text, size, "one of %s", row->choice(0));
    for (size_t i = 1; row->choice(i); i++) snprintf(text + strlen(text), size - strlen(text), ", %s", row->choice(i));
    break;
  case BIASCOPE_OPTION_FLAG:
    snprintf(text, size, "true or false");
    break;
  }
}

static bool parse_real(const char *text, double *out) {
  char *end;
  *out = strtod(text, &end);
  return end != text && !*end;
}

/* People write step counts as 1e9, so a whole number may be written as a real one. */
static bool parse_whole(const char *text, uint64_t *out) {
  char *end;
  errno = 0;
  *out = strtoull(text, &end, 10);
  if (end != text && !*end && !errno && text[strspn(text, " \t")] != '-') return true;
  double real;
  if (!parse_real(text, &real) || !(real >= 0.0 && real < 0x1p63) || real != floor(real)) return false;
  *out = (uint64_t)real;
  return true;
}

/* The index of the text among the names; false: it is not a name. */
static bool parse_choice(const bs_option_row *row, const char *text, uint64_t *out) {
  for (*out = 0; row->choice(*out); ++*out)
    if (!strcmp(row->choice(*out), text)) return true;
  return false;
}

static bool parse(const bs_option_row *row, const char *text, bs_option_value *out) {
  switch (row->type) {
  case BIASCOPE_OPTION_REAL:
    return parse_real(text, &out->real) && out->real >= row->low && out->real <= row->high;
  case BIASCOPE_OPTION_WHOLE:
    if (row->zero_name && !strcmp(text, row->zero_name)) return true;
    return parse_whole(text, &out->whole) && out->whole >= row->least && out->whole <= row->most;
  case BIASCOPE_OPTION_CHOICE:
    return parse_choice(row, text, &out->whole);
  case BIASCOPE_OPTION_FLAG:
    out->whole = !strcmp(text, "true");
    return out->whole || !strcmp(text, "false");
  }
  return false;
}

biascope_status bs_option_parse(bs_option option, const char *text, bs_option_value *out, biascope_error *error) {
  *out = (bs_option_value){.whole = 0};
  const bs_option_row *row = bs_option_row_of(option);
  if (parse(row, text, out)) return BIASCOPE_OK;
  const char *absent = row->absent ? row->absent(text) : NULL;
  if (absent) return bs_fail(error, BIASCOPE_USAGE, "%s: '%s' %s", row->name, text, absent);
  char expected[sizeof((biascope_option *)NULL)->expected];
  bs_option_expected(option, expected, sizeof expected);
  return bs_fail(error, BIASCOPE_USAGE, "%s: '%s'; expected %s", row->name, text, expected);
}

void bs_option_format(bs_option option, bs_option_value value, char text[BS_OPTION_TEXT]) {
  const bs_option_row *row = bs_option_row_of(option);
  switch (row->type) {
  case BIASCOPE_OPTION_REAL:
    snprintf(text, BS_OPTION_TEXT, "%s", bs_number_shortest(value.real).text);
    break;
  case BIASCOPE_OPTION_WHOLE:
    if (row->zero_name && value.whole == 0)
      snprintf(text, BS_OPTION_TEXT, "%s", row->zero_name);
    else
      snprintf(text, BS_OPTION_TEXT, "%llu", (unsigned long long)value.whole);
    break;
  case BIASCOPE_OPTION_CHOICE:
    snprintf(text, BS_OPTION_TEXT, "%s", row->choice(value.whole));
    break;
  case BIASCOPE_OPTION_FLAG:
    snprintf(text, BS_OPTION_TEXT, "%s", value.whole ? "true" : "false");
    break;
  }
}
