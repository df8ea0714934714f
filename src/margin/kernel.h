/* Inner loops on rows padded with zeros to a multiple of BS_LANES doubles (bs_allocate aligns them): no remainder
 * loops, and four independent sums, so that a row of 50 entries costs tens of cycles and no library call. */
#ifndef BIASCOPE_MARGIN_KERNEL_H
#define BIASCOPE_MARGIN_KERNEL_H

#include <stddef.h>

enum { BS_LANES = 8 };

typedef double bs_lanes __attribute__((vector_size(BS_LANES * sizeof(double)), aligned(sizeof(double)), may_alias));

static inline size_t bs_padded(size_t n) {
  return (n + BS_LANES - 1) / BS_LANES * BS_LANES;
}

static inline double bs_padded_dot(size_t padded, const double *a, const double *b) {
  bs_lanes sum = {0};
  for (size_t k = 0; k < padded; k += BS_LANES) sum += *(const bs_lanes *)(a + k) * *(const bs_lanes *)(b + k);
  return ((sum[0] + sum[1]) + (sum[2] + sum[3])) + ((sum[4] + sum[5]) + (sum[6] + sum[7]));
}

static inline void bs_padded_axpy(size_t padded, double scale, const double *x, double *y) {
  for (size_t k = 0; k < padded; k += BS_LANES) *(bs_lanes *)(y + k) += scale * *(const bs_lanes *)(x + k);
}

#endif
