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

/* The sum of eight numbers, or of eight vectors. */
#define BS_FOLD(a) ((((a)[0] + (a)[4]) + ((a)[2] + (a)[6])) + (((a)[1] + (a)[5]) + ((a)[3] + (a)[7])))

#endif
