/* How much a momentum differs from the gradient it averages, for fixed sample weights. */
#ifndef BIASCOPE_LIMIT_MISALIGNMENT_H
#define BIASCOPE_LIMIT_MISALIGNMENT_H

#include "data/dataset.h"

/* max_t ||m_t - grad L||_1 / G with |l'(z_i)| in the proportions of `weights` (of the margins'
 * rows, summing to 1): over the steps of an epoch for the cyclic order, over 4096 steps for the random ones. */
biascope_status bs_misalignment(const biascope_dataset *data, const biascope_options *training, const double *weights,
                                double *out, biascope_error *error);

#endif
