/* Inner loops on padded rows: eight independent sums, so that a row of 50 entries costs tens of cycles and no library
 * call. */
#ifndef BIASCOPE_MARGIN_KERNEL_H
#define BIASCOPE_MARGIN_KERNEL_H

#include "base/lanes.h"

INLINE double bs_padded_dot(size_t padded, const double *a, const double *b) {
  bs_vector sum = bs_all(0.0);
  for (size_t k = 0; k < padded; k += BS_LANES) sum += bs_load(a + k) * bs_load(b + k);
  return bs_sum(sum);
}

INLINE void bs_padded_axpy(size_t padded, double scale, const double *x, double *y) {
  for (size_t k = 0; k < padded; k += BS_LANES) bs_store(y + k, bs_load(y + k) + bs_all(scale) * bs_load(x + k));
}

#endif
