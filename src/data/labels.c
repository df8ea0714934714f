#include "data/labels.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static int compare_text(bs_span a, bs_span b) {
  const size_t length_a = (size_t)(a.end - a.begin), length_b = (size_t)(b.end - b.begin);
  const int order = memcmp(a.begin, b.begin, length_a < length_b ? length_a : length_b);
  return order ? order : (length_a > length_b) - (length_a < length_b);
}

biascope_status bs_label_class(bs_labels *labels, const bs_text *text, bs_span label, unsigned char *class,
                               biascope_error *error) {
  for (size_t k = 0; k < labels->count; k++) {
    *class = (unsigned char)k;
    if (compare_text(labels->classes[k].text, label) == 0) return BIASCOPE_OK;
  }
  if (label.begin == label.end) return bs_fail_at(error, text, label.begin, "the label is empty");
  double value = 0.0;
  const bs_number_kind kind = bs_parse_number(text, label, &value);
  if (kind == BS_NOT_FINITE) return bs_fail_number(error, text, label, kind, "the label");
  for (size_t k = 0; k < labels->count; k++) {
    *class = (unsigned char)k;
    if (kind == BS_NUMBER && labels->classes[k].numeric && labels->classes[k].value == value) return BIASCOPE_OK;
  }
  if (labels->count == BS_CLASSES_KEPT) {
    labels->more = true;
    return BIASCOPE_OK;
  }
  *class = (unsigned char)labels->count;
  labels->classes[labels->count].text = label;
  labels->classes[labels->count].numeric = kind == BS_NUMBER;
  labels->classes[labels->count++].value = value;
  return BIASCOPE_OK;
}

static biascope_status fail_classes(const bs_labels *labels, const bs_text *text, const char *expected,
                                    biascope_error *error) {
  char found[BS_CLASSES_KEPT * (sizeof(bs_excerpt) + 2)] = "";
  for (size_t k = 0; k < labels->count; k++) {
    const size_t used = strlen(found);
    snprintf(found + used, sizeof found - used, "%s%s", k ? ", " : "", bs_quote(labels->classes[k].text).text);
  }
  return bs_fail(error, BIASCOPE_BAD_INPUT, "%s: the labels are %s%s; expected %s", text->path, found,
                 labels->more ? " and more" : "", expected);
}

biascope_status bs_label_signs(const bs_labels *labels, const bs_text *text, double signs[2], biascope_error *error) {
  if (labels->count == 1 && labels->classes[0].numeric && fabs(labels->classes[0].value) == 1.0) {
    signs[0] = labels->classes[0].value;
    return BIASCOPE_OK;
  }
  if (labels->count != 2) return fail_classes(labels, text, "exactly two distinct values", error);
  if (labels->classes[0].numeric != labels->classes[1].numeric)
    return fail_classes(labels, text, "two numbers or two names", error);
  const bool first_smaller = labels->classes[0].numeric
                                 ? labels->classes[0].value < labels->classes[1].value
                                 : compare_text(labels->classes[0].text, labels->classes[1].text) < 0;
  signs[0] = first_smaller ? -1.0 : 1.0;
  signs[1] = -signs[0];
  return BIASCOPE_OK;
}
