/* Inner loops on padded rows: eight independent sums, so that a row of 50 entries costs tens of cycles and no library
 * call. */
#ifndef BIASCOPE_MARGIN_KERNEL_H
#define BIASCOPE_MARGIN_KERNEL_H

#include "base/lanes.h"

/* Vectors of two, which every instruction set has: wider ones would be kept in memory. */
INLINE double bs_padded_dot(size_t padded, const double *a, const double *b) {
  typedef double pair __attribute__((vector_size(16), may_alias));
  enum { PAIRS = BS_LANES / 2 };
  const pair *x = __builtin_assume_aligned(a, 64), *y = __builtin_assume_aligned(b, 64);
  pair sum[PAIRS] = {{0.0}};
  for (size_t k = 0; k < padded; k += BS_LANES, x += PAIRS, y += PAIRS) {
    UNROLLED
    for (int r = 0; r < PAIRS; r++) sum[r] += x[r] * y[r];
  }
  return bs_sum_of_two((sum[0] + sum[2]) + (sum[1] + sum[3]));
}

INLINE void bs_padded_axpy(size_t padded, double scale, const double *x, double *y) {
  typedef double pair __attribute__((vector_size(16), may_alias));
  const pair *from = __builtin_assume_aligned(x, 64);
  pair *to = __builtin_assume_aligned(y, 64);
  for (size_t k = 0; k < padded / 2; k++) to[k] += scale * from[k];
}

#endif
