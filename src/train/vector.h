/* Eight doubles at a time, and the order in which they are summed. */
#ifndef BIASCOPE_TRAIN_VECTOR_H
#define BIASCOPE_TRAIN_VECTOR_H

#include "train/clones.h"
#include <string.h>

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
