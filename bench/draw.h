/* The random numbers of the simulators, which share no code with the library. */
#ifndef BIASCOPE_BENCH_DRAW_H
#define BIASCOPE_BENCH_DRAW_H

#include <stdint.h>

/* The next of splitmix64 (Steele, Lea and Flood 2014). */
static inline uint64_t draw(uint64_t *random) {
  uint64_t z = *random += 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

/* 0 .. n - 1 */
static inline int64_t draw_below(uint64_t *random, int64_t n) {
  return (int64_t)(((__uint128_t)draw(random) * (uint64_t)n) >> 64);
}

#endif
