/* With vectors of eight. Half of the roots are multiplied out, or three quarters. */
#include "train/fast/step_roots.h"

#ifdef AVX512
#include <immintrin.h>

#define LANES 8
#define VECTOR __m512d
#define LANE_SET __mmask8
#define NO_LANES ((__mmask8)0)
#define STEP AVX512
#define INLINE_STEP static inline __attribute__((always_inline)) AVX512
#define ALL(x) _mm512_set1_pd(x)
#define ROOT(x) _mm512_sqrt_pd(x)
#define FUSED(a, b, c) _mm512_fmadd_pd(a, b, c)
#define FUSED_LESS(a, b, c) _mm512_fnmadd_pd(a, b, c)
#define LEAST(x, y) _mm512_min_pd(x, y)
#define MOST(x, y) _mm512_max_pd(x, y)
#define BELOW(x, y) _mm512_cmp_pd_mask(x, y, _CMP_LT_OQ)
#define UNEQUAL(x, y) _mm512_cmp_pd_mask(x, y, _CMP_NEQ_UQ)
#define HAS_LANES(set) ((set) != 0)
#define QUOTIENT(m, d) quotient(m, d)
enum { LARGEST_GROUP = 4, UNCERTAIN = -78 }; /* e = 2^-14, E = 2^-40.6: a root in 2^24 is not proved */

INLINE_STEP __m512d quotient(__m512d m, __m512d d) {
  return _mm512_maskz_div_pd(BELOW(ALL(0.0), d), m, d);
}

INLINE_STEP void find_first_digits(int count, const __m512d *x, __m512d *y) {
  UNROLLED for (int i = 0; i < count; i++) y[i] = _mm512_rsqrt14_pd(x[i]);
}

INLINE_STEP bool are_plain(int count, const __m512d *v) {
  __mmask8 plain = (__mmask8)-1;
  UNROLLED for (int i = 0; i < count; i++) plain = _mm512_mask_cmp_pd_mask(plain, v[i], ALL(BS_TINY), _CMP_GE_OQ);
  return plain == (__mmask8)-1;
}

#include "train/fast/step_loop.h"

/* The last four coordinates or fewer: half a vector keeps the divider busy for half the time. */
INLINE_STEP __mmask8 update_last(bs_second_moment second, bs_update u, rates rate, size_t k) {
#define HALF(x) _mm512_castpd512_pd256(x)
  const __m256d product = HALF(rate.scale) * _mm256_load_pd(u.row + k), g = _mm256_setzero_pd() + product;
  __m256d v = _mm256_load_pd(u.v + k);
  if (second == BS_SECOND_AVERAGE) v = HALF(rate.beta2) * v + HALF(rate.rest2) * (product * product);
  if (second == BS_SECOND_SUM) v = v + product * product;
  if (second != BS_SECOND_PER_SAMPLE) _mm256_store_pd(u.v + k, v);
  const __m256d m = HALF(rate.beta1) * _mm256_load_pd(u.m + k) + HALF(rate.rest1) * g;
  _mm256_store_pd(u.m + k, m);
  __m256d denominator = _mm256_sqrt_pd(v);
  if (rate.source != BS_EPS_ZERO)
    denominator += rate.source == BS_EPS_OF_ALL ? HALF(rate.eps) : _mm256_load_pd(u.eps + k);
  const __mmask8 seen = _mm256_cmp_pd_mask(denominator, _mm256_setzero_pd(), _CMP_GT_OQ);
  const __m256d step = HALF(rate.eta) * _mm256_maskz_div_pd(seen, m, denominator);
  /* With the zeros after them: the next dot product loads a whole vector, which would wait for a half. */
  const __m256d w = HALF(rate.shrink) * _mm256_load_pd(u.w + k) - step;
  _mm512_store_pd(u.w + k, _mm512_zextpd256_pd512(w));
  return _mm256_cmp_pd_mask(v, _mm256_set1_pd(BS_TINY), _CMP_LT_OQ) &
         _mm256_cmp_pd_mask(v, _mm256_setzero_pd(), _CMP_GT_OQ);
#undef HALF
}

INLINE_STEP __mmask8 update_from(bs_roots roots, bs_second_moment second, bs_update u, rates rate) {
  const int beside = roots == BS_FEW_ROOTS ? 2 : 3, beside_of_pair = roots == BS_FEW_ROOTS ? 1 : 2;
  const size_t group = LARGEST_GROUP * (size_t)LANES, pair = 2 * (size_t)LANES;
  __mmask8 faded = 0;
  size_t k = 0;
  for (; k + group <= u.count; k += group) faded |= update_group(LARGEST_GROUP, beside, second, u, rate, k);
  /* One root multiplied out takes longer than one of the divider: a pair by itself would wait for it. */
  if ((k > 0 || roots == BS_MANY_ROOTS) && k + pair <= u.count) {
    faded |= update_group(2, beside_of_pair, second, u, rate, k);
    k += pair;
  }
  for (; k + LANES / 2 < u.count; k += LANES) faded |= update_group(1, 0, second, u, rate, k);
  if (k < u.count) faded |= update_last(second, u, rate, k);
  return faded;
}

bs_step *bs_step_avx512_for(const bs_optimizer_rule *rule, bs_roots roots) {
  return bs_has_avx512() ? STEPS[rule->second][roots] : NULL;
}
#else
bs_step *bs_step_avx512_for(const bs_optimizer_rule *rule, bs_roots roots) {
  (void)rule;
  (void)roots;
  return NULL;
}
#endif
