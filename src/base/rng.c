#include "base/rng.h"

#include <Random123/philox.h>
#include <math.h>

static void draw(uint64_t seed, uint32_t stream, uint64_t counter, uint64_t words[2]) {
  const philox4x32_key_t key = {{(uint32_t)seed, (uint32_t)(seed >> 32)}};
  const philox4x32_ctr_t position = {{(uint32_t)counter, (uint32_t)(counter >> 32), stream, 0}};
  const philox4x32_ctr_t out = philox4x32(position, key);
  words[0] = (uint64_t)out.v[1] << 32 | out.v[0];
  words[1] = (uint64_t)out.v[3] << 32 | out.v[2];
}

/* The top 52 bits, centred in their cell, so that neither 0 nor 1 occurs. */
static double to_unit(uint64_t word) {
  return ((double)(word >> 12) + 0.5) * 0x1p-52;
}

uint64_t bs_random_u64(uint64_t seed, uint32_t stream, uint64_t counter) {
  uint64_t words[2];
  draw(seed, stream, counter, words);
  return words[0];
}

double bs_random_uniform(uint64_t seed, uint32_t stream, uint64_t counter) {
  return to_unit(bs_random_u64(seed, stream, counter));
}

double bs_random_normal(uint64_t seed, uint32_t stream, uint64_t counter) {
  uint64_t words[2];
  draw(seed, stream, counter, words);
  return sqrt(-2.0 * log(to_unit(words[0]))) * cos(2.0 * 3.14159265358979323846 * to_unit(words[1]));
}

size_t bs_random_below(uint64_t seed, uint32_t stream, uint64_t counter, size_t bound) {
  __extension__ typedef unsigned __int128 wide;
  return (size_t)((wide)bs_random_u64(seed, stream, counter) * bound >> 64);
}

void bs_random_permutation(uint64_t seed, uint32_t stream, uint64_t first, size_t n, uint32_t *permutation) {
  for (size_t i = 0; i < n; i++) {
    const size_t j = bs_random_below(seed, stream, first + i, i + 1);
    permutation[i] = permutation[j];
    permutation[j] = (uint32_t)i;
  }
}
