/* The classes that the labels of a file name, and the rule, for every format, by which two classes become signs: the
 * smaller number (or the name that sorts first) is -1, the other +1. */
#ifndef BIASCOPE_DATA_LABELS_H
#define BIASCOPE_DATA_LABELS_H

#include "base/error.h"
#include "data/growth.h"
#include "data/number.h"

enum { BS_CLASSES_MOST = 1000 };
static const uint32_t BS_NO_CLASS = UINT32_MAX; /* of a sample whose label is missing */

typedef struct {
  char *name; /* as spelled first */
  bool numeric;
  double value;
  size_t samples;
  uint32_t number; /* before the classes were sorted */
} bs_class;

typedef struct {
  char *text;
  uint32_t class;
} bs_spelling;

/* Zero-initialised: no label yet. Freed by bs_labels_free. */
typedef struct {
  size_t count, spellings, latest;
  bs_class *classes;     /* of BS_CLASSES_MOST */
  bs_spelling *spelling; /* each text that was seen, */
  uint32_t *place;       /* found by its hash: a number from 1, or 0 */
  bs_growth samples;     /* the class of each sample, uint32_t, */
  uint32_t *class;       /* and once joined */
} bs_labels;

/* Appends a sample of the class that the text names. Numbers are equal if their values are. If the text cannot be a
 * label, *fault says why (a static string); it is NULL if out of memory. */
bool bs_labels_add(bs_labels *labels, bs_span text, char decimal, const char **fault);
/* Appends a sample whose label is missing. */
bool bs_labels_add_none(bs_labels *labels);
/* Joins the samples' classes in one array, where they may be changed. */
biascope_status bs_labels_join(bs_labels *labels, biascope_error *error);
/* Counts the joined samples again, drops classes that have none, and orders the others: numbers by value, names by
 * their bytes. Labels that mix the two are refused. */
biascope_status bs_labels_sort(bs_labels *labels, size_t samples, const char *path, biascope_error *error);
/* The class of that name, or of the same number; labels->count if there is none. */
size_t bs_labels_find(const bs_labels *labels, const char *name);
/* Replaces the classes by those of a list, which contains each name. */
biascope_status bs_labels_arrange(bs_labels *labels, size_t samples, size_t count, const char *const *names,
                                  biascope_error *error);
/* "'a', 'b' and more", at most eight of them. */
typedef struct {
  char text[700];
} bs_class_list;
bs_class_list bs_labels_list(const bs_labels *labels);
void bs_labels_free(bs_labels *labels);

#endif
