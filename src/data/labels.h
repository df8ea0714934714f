/* Two classes become -1 and +1 and are folded into the rows. */
#ifndef BIASCOPE_DATA_LABELS_H
#define BIASCOPE_DATA_LABELS_H

#include "data/text.h"

/* Exactly two distinct labels: numbers (the smaller is -1) or words (the first in byte order is -1);
 * a single class only where it is called 1 or -1.  * signs: one entry a sample, written. */
biascope_status bs_label_signs(const char *path, size_t samples, const bs_span *labels, double *signs,
                               biascope_error *error);
/* Multiplies row i of values (samples x features) by the sign of label i. */
biascope_status bs_fold_labels(const char *path, size_t samples, size_t features, const bs_span *labels, double *values,
                               biascope_error *error);

#endif
