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

enum { ROW = BS_RANDOM_ROW };

#ifdef AVX512 /* shifts and products as intrinsics: gcc 12's analyzer mistakes the width of a shift for 3 */
#define LANES 8
#define TARGET AVX512
#define DRAW draw_in_avx512
#define TIMES(a, b) (words) _mm512_mul_epu32((__m512i)(a), _mm512_set1_epi64((long long)(b)))
#define UPPER(a) (words) _mm512_srli_epi64((__m512i)(a), 32)
#include "base/philox_loop.h"
#define LANES 4
#define TARGET __attribute__((target("avx2")))
#define DRAW draw_in_avx2
#define TIMES(a, b) (words) _mm256_mul_epu32((__m256i)(a), _mm256_set1_epi64x((long long)(b)))
#define UPPER(a) (words) _mm256_srli_epi64((__m256i)(a), 32)
#include "base/philox_loop.h"
#endif

/* bs_random_u64 of as many counters in a row. */
static void draw_row(uint64_t seed, uint32_t stream, uint64_t first, uint64_t word[ROW]) {
#ifdef AVX512
  if (bs_vectors_used == BS_AVX512) {
    draw_in_avx512(seed, stream, first, word);
    return;
  }
  if (bs_vectors_used == BS_AVX2) {
    draw_in_avx2(seed, stream, first, word);
    return;
  }
#endif
  for (size_t i = 0; i < ROW; i++) word[i] = bs_random_u64(seed, stream, first + i);
}

void bs_random_permutation(uint64_t seed, uint32_t stream, uint64_t first, size_t n, uint32_t *permutation) {
  bs_random_row row = {0};
  bs_random_next_permutation(seed, stream, first, n, &row, permutation);
}

void bs_random_next_permutation(uint64_t seed, uint32_t stream, uint64_t first, size_t n, bs_random_row *row,
                                uint32_t *permutation) {
  for (size_t i = 0; i < n;) {
    if (!row->drawn || first + i - row->first >= ROW) {
      draw_row(seed, stream, first + i, row->word);
      row->first = first + i;
      row->drawn = true;
    }
    const size_t at = (size_t)(first + i - row->first), end = n - i < ROW - at ? n : i + (ROW - at);
    for (const uint64_t *word = row->word + at; i < end; i++) {
      const size_t j = below(*word++, i + 1);
      permutation[i] = permutation[j];
      permutation[j] = (uint32_t)i;
    }
  }
}
