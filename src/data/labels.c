#include "data/labels.h"

#include "base/memory.h"
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

enum { SPELLINGS_MOST = 4 * BS_CLASSES_MOST, PLACES = 4 * SPELLINGS_MOST };

static bool prepare(bs_labels *labels) {
  if (labels->classes) return true;
  labels->classes = BS_NEW(bs_class, BS_CLASSES_MOST);
  labels->spelling = BS_NEW(bs_spelling, SPELLINGS_MOST);
  labels->place = BS_NEW(uint32_t, PLACES);
  labels->samples.size = sizeof(uint32_t);
  return labels->classes && labels->spelling && labels->place;
}

static bs_span whole(const char *text) {
  return (bs_span){text, text + strlen(text)};
}

/* The class of a new spelling: that of the same number, or a new one. */
static bool find_class(bs_labels *labels, bs_span text, char decimal, uint32_t *class, const char **fault) {
  double value = 0.0;
  const bs_number_kind kind = bs_parse_number(text, decimal, &value);
  *fault = text.begin == text.end ? "is empty" : "is not a finite number";
  if (text.begin == text.end || kind == BS_NOT_FINITE) return false;
  for (size_t k = 0; k < labels->count; k++) {
    *class = (uint32_t)k;
    if (kind == BS_NUMBER && labels->classes[k].numeric && labels->classes[k].value == value) return true;
  }
  *fault = "is the 1001st class; expected at most 1000 (is this column the label?)";
  if (labels->count == BS_CLASSES_MOST) return false;
  *class = (uint32_t)labels->count;
  bs_class *added = &labels->classes[labels->count];
  *added = (bs_class){.name = bs_span_copy(text), .numeric = kind == BS_NUMBER, .value = value};
  *fault = NULL;
  if (!added->name) return false;
  labels->count++;
  return true;
}

/* The number of a text among the spellings; a new one is added. */
static bool find_spelling(bs_labels *labels, bs_span text, char decimal, size_t *number, const char **fault) {
  size_t place = (size_t)(XXH3_64bits(text.begin, bs_span_length(text)) % PLACES);
  for (; labels->place[place]; place = (place + 1) % PLACES) {
    *number = labels->place[place] - 1;
    if (bs_span_is(text, labels->spelling[*number].text)) return true;
  }
  *number = labels->spellings;
  *fault = "is one of too many spellings of the labels";
  if (labels->spellings == SPELLINGS_MOST) return false;
  bs_spelling *added = &labels->spelling[*number];
  if (!find_class(labels, text, decimal, &added->class, fault)) return false;
  *fault = NULL;
  added->text = bs_span_copy(text);
  if (!added->text) return false;
  labels->place[place] = (uint32_t)++labels->spellings;
  return true;
}

bool bs_labels_add(bs_labels *labels, bs_span text, char decimal, const char **fault) {
  *fault = NULL;
  if (!prepare(labels)) return false;
  const bool again = labels->spellings > 0 && bs_span_is(text, labels->spelling[labels->latest].text);
  if (!again && !find_spelling(labels, text, decimal, &labels->latest, fault)) return false;
  *fault = NULL;
  const uint32_t class = labels->spelling[labels->latest].class;
  labels->classes[class].samples++;
  return bs_growth_append(&labels->samples, &class);
}

static int compare_classes(const void *a, const void *b, void *context) {
  const bs_class *classes = context, *first = &classes[*(const uint32_t *)a], *second = &classes[*(const uint32_t *)b];
  if (first->numeric) return (first->value > second->value) - (first->value < second->value);
  return bs_span_compare(whole(first->name), whole(second->name));
}

static void apply_order(bs_labels *labels, const uint32_t *order, uint32_t *rank, bs_class *sorted) {
  for (size_t k = 0; k < labels->count; k++) {
    sorted[k] = labels->classes[order[k]];
    rank[order[k]] = (uint32_t)k;
  }
  memcpy(labels->classes, sorted, labels->count * sizeof *sorted);
  size_t samples = 0;
  for (size_t k = 0; k < labels->count; k++) samples += labels->classes[k].samples;
  for (size_t i = 0; i < samples; i++) labels->class[i] = rank[labels->class[i]];
}

biascope_status bs_labels_sort(bs_labels *labels, const char *path, biascope_error *error) {
  for (size_t k = 1; k < labels->count; k++) {
    if (labels->classes[k].numeric != labels->classes[0].numeric)
      return bs_fail(error, BIASCOPE_BAD_INPUT, "%s: the labels are %s; expected only numbers or only names", path,
                     bs_labels_list(labels).text);
  }
  uint32_t *order = BS_NEW(uint32_t, labels->count), *rank = BS_NEW(uint32_t, labels->count);
  bs_class *sorted = BS_NEW(bs_class, labels->count);
  labels->class = bs_growth_join(&labels->samples);
  const bool allocated = order && rank && sorted && labels->class;
  for (size_t k = 0; allocated && k < labels->count; k++) order[k] = (uint32_t)k;
  if (allocated && labels->count > 1) qsort_r(order, labels->count, sizeof *order, compare_classes, labels->classes);
  if (allocated) apply_order(labels, order, rank, sorted);
  free(order);
  free(rank);
  free(sorted);
  return allocated ? BIASCOPE_OK : bs_fail_memory(error, "the classes");
}

bs_class_list bs_labels_list(const bs_labels *labels) {
  enum { SHOWN = 8 };
  bs_class_list list = {""};
  for (size_t k = 0; k < labels->count && k < SHOWN; k++) {
    const size_t used = strlen(list.text);
    snprintf(list.text + used, sizeof list.text - used, "%s%s", k ? ", " : "",
             bs_quote(whole(labels->classes[k].name)).text);
  }
  const size_t used = strlen(list.text);
  if (labels->count > SHOWN) snprintf(list.text + used, sizeof list.text - used, " and more");
  return list;
}

void bs_labels_free(bs_labels *labels) {
  for (size_t k = 0; k < labels->count; k++) free(labels->classes[k].name);
  for (size_t i = 0; i < labels->spellings; i++) free(labels->spelling[i].text);
  free(labels->classes);
  free(labels->spelling);
  free(labels->place);
  free(labels->class);
  bs_growth_free(&labels->samples);
  *labels = (bs_labels){0};
}
