#include "data/labels.h"

#include "base/memory.h"
#include "base/vector.h"
#include <stdlib.h>
#include <string.h>

static int compare(bs_span a, bs_span b) {
  double x, y;
  if (bs_parse_number(a, &x) == BS_NUMBER && bs_parse_number(b, &y) == BS_NUMBER) return (x > y) - (x < y);
  const size_t shorter = a.length < b.length ? a.length : b.length;
  const int order = memcmp(a.begin, b.begin, shorter);
  return order ? order : (a.length > b.length) - (a.length < b.length);
}

static int shown(bs_span span) {
  return span.length > 40 ? 40 : (int)span.length;
}

biascope_status bs_label_signs(const char *path, size_t samples, const bs_span *labels, double *signs,
                               biascope_error *error) {
  const bs_span *first = &labels[0], *second = NULL;
  for (size_t i = 0; i < samples; i++) {
    if (labels[i].length == 0)
      return bs_fail(error, BIASCOPE_BAD_INPUT, "%s: the label of sample %zu is empty; expected one of two classes",
                     path, i + 1);
    const int order = compare(labels[i], *first);
    if (order == 0) continue;
    if (!second)
      second = &labels[i];
    else if (compare(labels[i], *second) != 0)
      return bs_fail(
          error, BIASCOPE_BAD_INPUT, "%s: labels '%.*s', '%.*s', '%.*s' (sample %zu); expected exactly two classes",
          path, shown(*first), first->begin, shown(*second), second->begin, shown(labels[i]), labels[i].begin, i + 1);
  }
  double value = 0.0;
  const bool already_sign = bs_parse_number(*first, &value) == BS_NUMBER && (value == 1.0 || value == -1.0);
  if (!second && already_sign) {
    for (size_t i = 0; i < samples; i++) signs[i] = value;
    return BIASCOPE_OK;
  }
  if (!second)
    return bs_fail(error, BIASCOPE_BAD_INPUT, "%s: every label is '%.*s'; expected exactly two classes", path,
                   shown(*first), first->begin);
  const bs_span negative = compare(*first, *second) < 0 ? *first : *second;
  for (size_t i = 0; i < samples; i++) signs[i] = compare(labels[i], negative) == 0 ? -1.0 : 1.0;
  return BIASCOPE_OK;
}

biascope_status bs_fold_labels(const char *path, size_t samples, size_t features, const bs_span *labels, double *values,
                               biascope_error *error) {
  double *signs = BS_NEW(double, samples);
  if (!signs) return bs_fail_memory(error, "the labels");
  const biascope_status status = bs_label_signs(path, samples, labels, signs, error);
  for (size_t i = 0; status == BIASCOPE_OK && i < samples; i++) bs_scale(features, signs[i], values + i * features);
  free(signs);
  return status;
}
