/* Eight doubles at a time, and the order in which they are summed. Arrays that are read in this way are aligned and
 * padded with zeros to a multiple of BS_LANES, as bs_allocate does: no loop has a remainder. */
#ifndef BIASCOPE_BASE_LANES_H
#define BIASCOPE_BASE_LANES_H

#include "base/clones.h"
#include <stddef.h>
#include <string.h>

enum { BS_LANES = 8 };

static inline size_t bs_padded(size_t n) {
  return (n + BS_LANES - 1) / BS_LANES * BS_LANES;
}

typedef double bs_vector __attribute__((vector_size(64)));

INLINE bs_vector bs_load(const double *from) {
  bs_vector value;
  memcpy(&value, __builtin_assume_aligned(from, 64), sizeof value);
  return value;
}

INLINE void bs_store(double *to, bs_vector value) {
  memcpy(__builtin_assume_aligned(to, 64), &value, sizeof value);
}

INLINE bs_vector bs_all(double value) {
  return (bs_vector){value, value, value, value, value, value, value, value};
}

typedef double bs_four __attribute__((vector_size(32)));
typedef double bs_two __attribute__((vector_size(16)));

INLINE double bs_sum_of_two(bs_two a) {
  return a[0] + a[1];
}

INLINE double bs_sum_of_four(bs_four a) {
  return bs_sum_of_two(__builtin_shufflevector(a, a, 0, 1) + __builtin_shufflevector(a, a, 2, 3));
}

/* The sum of the eight: of those four apart, then two, then one. */
INLINE double bs_sum(bs_vector a) {
  return bs_sum_of_four(__builtin_shufflevector(a, a, 0, 1, 2, 3) + __builtin_shufflevector(a, a, 4, 5, 6, 7));
}

#endif
