/* Counter-based random numbers (Philox 4x32-10, Salmon et al. 2011): draw number `counter` of stream `stream`
 * under `seed` is a pure function of the three, so results do not depend on threads or on the order of calls. */
#ifndef BIASCOPE_BASE_RNG_H
#define BIASCOPE_BASE_RNG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The streams in use. Every consumer has its own stream, so that none repeats another's numbers. */
enum {
  BS_STREAM_DATA = 1,
  BS_STREAM_LABELS = 2,
  BS_STREAM_ORDER = 3,
  BS_STREAM_PREDICT = 4,
  BS_STREAM_NOISE = 5,
  BS_STREAM_GRADIENT = 6,
  BS_STREAM_HELD_OUT = 7
};

uint64_t bs_random_u64(uint64_t seed, uint32_t stream, uint64_t counter);
/* Uniform in (0, 1), both ends excluded. */
double bs_random_uniform(uint64_t seed, uint32_t stream, uint64_t counter);
/* Standard normal (Box-Muller). */
double bs_random_normal(uint64_t seed, uint32_t stream, uint64_t counter);
/* Uniform in 0 .. bound-1 (multiply-shift; bias below bound/2^64). */
size_t bs_random_below(uint64_t seed, uint32_t stream, uint64_t counter, size_t bound);
/* A uniform permutation of 0..n-1 (Fisher-Yates), using counters first .. first + n - 1. */
void bs_random_permutation(uint64_t seed, uint32_t stream, uint64_t first, size_t n, uint32_t *permutation);

enum { BS_RANDOM_ROW = 16 };
/* Numbers of one seed and stream that have been drawn ahead: those of the counters from `first` on. */
typedef struct {
  uint64_t word[BS_RANDOM_ROW], first;
  bool drawn; /* false at the start */
} bs_random_row;
/* The same, for one permutation after the other. */
void bs_random_next_permutation(uint64_t seed, uint32_t stream, uint64_t first, size_t n, bs_random_row *row,
                                uint32_t *permutation);

#endif
