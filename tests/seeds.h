/* How many seeds a property is tried on. */
#ifndef BIASCOPE_TESTS_SEEDS_H
#define BIASCOPE_TESTS_SEEDS_H

#include <stdint.h>

/* The sanitizers look at the lines that run, not at numbers, and make them several times slower: there fewer will do.
 */
static inline uint64_t seeds(uint64_t count, uint64_t with_sanitizers) {
#ifdef __SANITIZE_ADDRESS__
  return count < with_sanitizers ? count : with_sanitizers;
#else
  (void)with_sanitizers;
  return count;
#endif
}

#endif
