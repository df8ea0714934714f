/* One sample in two classes: no weights separate such data, which is certain without solving anything. */
#ifndef BIASCOPE_MARGIN_CONTRADICTION_H
#define BIASCOPE_MARGIN_CONTRADICTION_H

#include "data/dataset.h"

/* For several classes: two equal samples of different classes, or first = second = SIZE_MAX. */
biascope_status bs_find_contradiction(const biascope_dataset *data, size_t *first, size_t *second,
                                      biascope_error *error);
/* Writes c of the rows with sum c_r A_r = 0: the two rows that tell the classes of these samples apart are opposite. */
void bs_contradiction_dual(const biascope_dataset *data, size_t first, size_t second, double *dual);

#endif
