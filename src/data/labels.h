/* Two classes to two signs, the one rule for every format: the smaller number (or the text that sorts first) is -1,
 * the other +1. A single class is accepted where it is the number -1 or +1, which says its sign by itself. */
#ifndef BIASCOPE_DATA_LABELS_H
#define BIASCOPE_DATA_LABELS_H

#include "data/text.h"

enum { BS_CLASSES_KEPT = 8 }; /* more than two are an error; these many are listed in it */

typedef struct {
  size_t count;
  bool more; /* further classes were seen and not kept */
  struct {
    bs_span text;
    bool numeric;
    double value;
  } classes[BS_CLASSES_KEPT];
} bs_labels;

/* The class of one label; meaningful once bs_label_signs has succeeded. */
biascope_status bs_label_class(bs_labels *labels, const bs_text *text, bs_span label, unsigned char *class,
                               biascope_error *error);
/* The sign, -1 or +1, of class 0 and class 1. */
biascope_status bs_label_signs(const bs_labels *labels, const bs_text *text, double signs[2], biascope_error *error);

#endif
