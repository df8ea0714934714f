#include "base/rng.h"

#include "base/clones.h"
#include <Random123/philox.h>
#include <math.h>
#include <string.h>
#ifdef AVX512
#include <immintrin.h>
#endif

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

/* Multiply-shift. */
static size_t below(uint64_t word, size_t bound) {
  __extension__ typedef unsigned __int128 wide;
  return (size_t)((wide)word * bound >> 64);
}

size_t bs_random_below(uint64_t seed, uint32_t stream, uint64_t counter, size_t bound) {
  return below(bs_random_u64(seed, stream, counter), bound);
}

enum { EIGHT = 8 };

#ifdef AVX512
typedef uint64_t words __attribute__((vector_size(EIGHT * sizeof(uint64_t))));

AVX512 static inline words times(words a, uint64_t b) {
  return (words)_mm512_mul_epu32((__m512i)a, _mm512_set1_epi64((long long)b));
}

AVX512 static inline words upper(words a) { /* a >> 32; gcc 12's analyzer mistakes the width for 3 */
  return (words)_mm512_srli_epi64((__m512i)a, 32);
}

/* Random123's rounds, eight counters at once. */
AVX512 static void draw_eight(uint64_t seed, uint32_t stream, uint64_t first, uint64_t word[EIGHT]) {
  const words counter = first + (words){0, 1, 2, 3, 4, 5, 6, 7};
  words a = counter & UINT32_MAX, b = upper(counter), c = (words){0} + stream, d = {0};
  uint32_t low = (uint32_t)seed, high = (uint32_t)(seed >> 32);
  for (int round = 0; round < PHILOX4x32_DEFAULT_ROUNDS; round++) {
    const words p = times(a, PHILOX_M4x32_0), q = times(c, PHILOX_M4x32_1);
    a = upper(q) ^ b ^ low;
    b = q & UINT32_MAX;
    c = upper(p) ^ d ^ high;
    d = p & UINT32_MAX;
    low += PHILOX_W32_0;
    high += PHILOX_W32_1;
  }
  const words out = b * (UINT64_C(1) << 32) | a;
  memcpy(word, &out, sizeof out);
}
#endif

/* bs_random_u64 of `count` counters in a row. */
static void draw_row(uint64_t seed, uint32_t stream, uint64_t first, size_t count, uint64_t word[EIGHT]) {
#ifdef AVX512
  if (bs_has_avx512()) {
    draw_eight(seed, stream, first, word);
    return;
  }
#endif
  for (size_t i = 0; i < count; i++) word[i] = bs_random_u64(seed, stream, first + i);
}

void bs_random_permutation(uint64_t seed, uint32_t stream, uint64_t first, size_t n, uint32_t *permutation) {
  uint64_t word[EIGHT];
  for (size_t i = 0; i < n; i++) {
    if (i % EIGHT == 0) draw_row(seed, stream, first + i, n - i < EIGHT ? n - i : EIGHT, word);
    const size_t j = below(word[i % EIGHT], i + 1);
    permutation[i] = permutation[j];
    permutation[j] = (uint32_t)i;
  }
}
