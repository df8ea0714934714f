/* With vectors of four, and fused multiply-adds for the roots alone. Two of seven roots are multiplied out, or half of
 * them. Both leave the processor waiting: the chains are long, and it looks ahead at some 64 to 97 instructions. */
#include "train/fast/step_roots.h"

#ifdef AVX2_FMA
#include <immintrin.h>

#define LANES 4
#define VECTOR __m256d
#define LANE_SET lane_set
#define NO_LANES ((lane_set){0})
#define STEP AVX2_FMA
#define INLINE_STEP static inline __attribute__((always_inline)) AVX2_FMA
#define ALL(x) _mm256_set1_pd(x)
#define ROOT(x) _mm256_sqrt_pd(x)
#define FUSED(a, b, c) _mm256_fmadd_pd(a, b, c)
#define FUSED_LESS(a, b, c) _mm256_fnmadd_pd(a, b, c)
#define LEAST(x, y) _mm256_min_pd(x, y)
#define MOST(x, y) _mm256_max_pd(x, y)
#define BELOW(x, y) ((lane_set)_mm256_cmp_pd(x, y, _CMP_LT_OQ))
#define UNEQUAL(x, y) ((lane_set)_mm256_cmp_pd(x, y, _CMP_NEQ_UQ))
#define HAS_LANES(set) (_mm256_movemask_pd((__m256d)(set)) != 0)
#define QUOTIENT(m, d) _mm256_and_pd((m) / (d), _mm256_cmp_pd(d, ALL(0.0), _CMP_GT_OQ))
enum { LARGEST_GROUP = 7, FEW_OF = 7, MANY_OF = 4, BESIDE = 2 };
enum { UNCERTAIN = -64 }; /* e = 1.51 2^-12, E = 2^-32.8: a root in 1,000 is not proved */

typedef long long lane_set __attribute__((vector_size(32)));

/* The upper halves of the doubles of two vectors: sign, exponent, 20 bits. */
INLINE_STEP __m256i upper_halves(__m256d a, __m256d b) {
  return _mm256_castps_si256(_mm256_shuffle_ps(_mm256_castpd_ps(a), _mm256_castpd_ps(b), 0xdd));
}

/* Two vectors at a time, in single precision: x is f 4^n with f from 1/2 to 2, which floats can hold. The instruction
 * leaves an error of 1.5 2^-12, and the bits that are cut off before and after leave 1.5 2^-20. */
INLINE_STEP void find_first_digits(int count, const __m256d *x, __m256d *y) {
  UNROLLED for (int i = 0; i < count; i += 2) {
    const __m256i upper = upper_halves(x[i], x[i + 1]);
    const __m256i even = _mm256_and_si256(upper, _mm256_set1_epi32((int)0xffe00000)); /* 2 n + 1022, as an exponent */
    const __m256i bits = _mm256_slli_epi32(_mm256_sub_epi32(upper, even), 3);
    const __m256i f = _mm256_or_si256(bits, _mm256_set1_epi32(126 << 23));
    const __m256i root = _mm256_castps_si256(_mm256_rsqrt_ps(_mm256_castsi256_ps(f)));
    const __m256i power = _mm256_sub_epi32(_mm256_srli_epi32(even, 1), _mm256_set1_epi32((511 + 1023 - 127) << 20));
    const __m256 half = _mm256_castsi256_ps(_mm256_sub_epi32(_mm256_srli_epi32(root, 3), power));
    y[i] = _mm256_castps_pd(_mm256_unpacklo_ps(_mm256_setzero_ps(), half));
    y[i + 1] = _mm256_castps_pd(_mm256_unpackhi_ps(_mm256_setzero_ps(), half));
  }
}

/* False for infinities and what is no number as well. */
INLINE_STEP bool are_plain(int count, const __m256d *v) {
  const int least = (1023 - 400) << 20, infinite = 0x7ff00000; /* the upper halves of BS_TINY and of infinity */
  __m256i most = _mm256_setzero_si256();
  UNROLLED for (int i = 0; i < count; i += 2) {
    const __m256i upper = upper_halves(v[i], v[i + 1 < count ? i + 1 : i]);
    most = _mm256_max_epu32(most, _mm256_sub_epi32(upper, _mm256_set1_epi32(least)));
  }
  const __m256i beyond = _mm256_or_si256(most, _mm256_cmpgt_epi32(most, _mm256_set1_epi32(infinite - least - 1)));
  return _mm256_movemask_ps(_mm256_castsi256_ps(beyond)) == 0;
}

#include "train/fast/step_loop.h"

INLINE_STEP lane_set update_from(bs_roots roots, bs_second_moment second, bs_update u, rates rate) {
  const int count = roots == BS_FEW_ROOTS ? FEW_OF : MANY_OF;
  const size_t group = (size_t)count * LANES, end = (u.count + LANES - 1) / LANES * LANES;
  lane_set faded = NO_LANES;
  size_t k = 0;
  for (; k + group <= end; k += group) faded |= update_group(count, BESIDE, second, u, rate, k);
  for (; k < end; k += LANES) faded |= update_group(1, 0, second, u, rate, k);
  return faded;
}

bs_step *bs_step_avx2_for(const bs_optimizer_rule *rule, bs_roots roots) {
  return bs_has_avx2_and_fma() ? STEPS[rule->second][roots] : NULL;
}
#else
bs_step *bs_step_avx2_for(const bs_optimizer_rule *rule, bs_roots roots) {
  (void)rule;
  (void)roots;
  return NULL;
}
#endif
