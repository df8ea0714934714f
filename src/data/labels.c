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

/* The class of a new spelling: the class of the same number, or a new class. */
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
  *added = (bs_class){.name = bs_span_copy_utf8(text), .numeric = kind == BS_NUMBER, .value = value};
  *fault = NULL;
  if (!added->name) return false;
  labels->count++;
  return true;
}

/* The number of a text among the spellings; a new text is added. */
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
  return bs_growth_append(&labels->samples, &class);
}

bool bs_labels_add_none(bs_labels *labels) {
  return prepare(labels) && bs_growth_append(&labels->samples, &BS_NO_CLASS);
}

biascope_status bs_labels_join(bs_labels *labels, biascope_error *error) {
  if (labels->class) return BIASCOPE_OK;
  labels->samples.size = sizeof(uint32_t);
  labels->class = bs_growth_join(&labels->samples, 0);
  return labels->class ? BIASCOPE_OK : bs_fail_memory(error, "the labels");
}

static int compare_classes(const void *a, const void *b) {
  const bs_class *first = a, *second = b;
  if (first->numeric && second->numeric) return (first->value > second->value) - (first->value < second->value);
  return bs_span_compare(whole(first->name), whole(second->name));
}

static void count_samples(bs_labels *labels, size_t samples) {
  for (size_t k = 0; k < labels->count; k++) labels->classes[k].samples = 0;
  for (size_t i = 0; i < samples; i++)
    if (labels->class[i] != BS_NO_CLASS) labels->classes[labels->class[i]].samples++;
}

static void drop_empty_classes(bs_labels *labels) {
  size_t kept = 0;
  for (size_t k = 0; k < labels->count; k++) {
    if (labels->classes[k].samples > 0)
      labels->classes[kept++] = labels->classes[k];
    else
      free(labels->classes[k].name);
  }
  labels->count = kept;
}

biascope_status bs_labels_sort(bs_labels *labels, size_t samples, const char *path, biascope_error *error) {
  if (!prepare(labels)) return bs_fail_memory(error, "the classes");
  count_samples(labels, samples);
  uint32_t *rank = BS_NEW(uint32_t, labels->count);
  if (!rank) return bs_fail_memory(error, "the classes");
  const size_t before = labels->count;
  for (size_t k = 0; k < before; k++) labels->classes[k].number = (uint32_t)k;
  drop_empty_classes(labels);
  if (labels->count > 1) qsort(labels->classes, labels->count, sizeof *labels->classes, compare_classes);
  for (size_t k = 0; k < labels->count; k++) rank[labels->classes[k].number] = (uint32_t)k;
  for (size_t i = 0; i < samples; i++)
    if (labels->class[i] != BS_NO_CLASS) labels->class[i] = rank[labels->class[i]];
  free(rank);
  for (size_t k = 1; k < labels->count; k++) {
    if (labels->classes[k].numeric != labels->classes[0].numeric)
      return bs_fail(error, BIASCOPE_BAD_INPUT, "%s: the labels are %s; expected only numbers or only names", path,
                     bs_labels_list(labels).text);
  }
  return BIASCOPE_OK;
}

size_t bs_labels_find(const bs_labels *labels, const char *name) {
  double value;
  const bool numeric = bs_parse_number(whole(name), '.', &value) == BS_NUMBER;
  for (size_t k = 0; k < labels->count; k++) {
    const bs_class *class = &labels->classes[k];
    if (strcmp(class->name, name) == 0 || (numeric && class->numeric && class->value == value)) return k;
  }
  return labels->count;
}

biascope_status bs_labels_arrange(bs_labels *labels, size_t samples, size_t count, const char *const *names,
                                  biascope_error *error) {
  bs_class *classes = BS_NEW(bs_class, count);
  uint32_t *rank = BS_NEW(uint32_t, labels->count);
  bool copied = classes && rank;
  for (size_t j = 0; copied && j < count; j++) {
    copied = (classes[j].name = bs_copy_text(names[j])) != NULL;
    for (size_t k = 0; copied && k < labels->count; k++)
      if (strcmp(labels->classes[k].name, names[j]) == 0) rank[k] = (uint32_t)j;
  }
  for (size_t i = 0; copied && i < samples; i++) labels->class[i] = rank[labels->class[i]];
  if (copied) {
    for (size_t k = 0; k < labels->count; k++) free(labels->classes[k].name);
    free(labels->classes);
    labels->classes = classes;
    labels->count = count;
    count_samples(labels, samples);
  } else {
    for (size_t j = 0; classes && j < count; j++) free(classes[j].name);
    free(classes);
  }
  free(rank);
  return copied ? BIASCOPE_OK : bs_fail_memory(error, "the classes");
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
