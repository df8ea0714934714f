/* A root and a quotient keep the divider busy for 25 cycles (Zen 4), while the multipliers rest. Here half of the roots
 * are multiplied out beside it, correctly rounded like the divider's own, which takes 19 cycles. */
#include "train/fast/step_avx512.h"

#ifdef AVX512
#include "train/fast/race.h"
#include <immintrin.h>
#include <pthread.h>

#define AVX512_INLINE static inline __attribute__((always_inline)) AVX512

enum { GROUP = 4 }; /* vectors whose steps take turns: one after the other they would wait for themselves */

AVX512_INLINE __m512d times_power_of_two(__m512d x, long long power) {
  return _mm512_castsi512_pd(_mm512_add_epi64(_mm512_castpd_si512(x), _mm512_set1_epi64(power * (1LL << 52))));
}

/* Roots of `count` vectors of zeros and numbers from 2^-400 up. Returns lanes in which one of them is not proved right.
 *
 * y is the root's reciprocal to 2^-14, g the root and h half its reciprocal to 2^-40.5 after a step of third order. The
 * root is g + (x - g^2) / (root + g), which g + (x - g^2) h leaves by less than 2^-80 of it; so it lies between that
 * and 2^-78 of g less or more. Rounding keeps order: where both round to one number, so does the root. That fails for
 * one root in 2^24. Zeros take the place of 2^-900, and its root is taken off again: beside any other it is nothing. */
AVX512_INLINE __mmask8 multiply_out_roots(int count, const __m512d *v, __m512d *root) {
  const __m512d one = _mm512_set1_pd(1.0), half = _mm512_set1_pd(0.5), next = _mm512_set1_pd(0.375);
  __m512d x[GROUP], y[GROUP], r[GROUP], g[GROUP], h[GROUP], high[GROUP];
  __mmask8 unproved = 0;
  UNROLLED for (int i = 0; i < count; i++) x[i] = _mm512_max_pd(_mm512_set1_pd(0x1p-900), v[i]);
  UNROLLED for (int i = 0; i < count; i++) y[i] = _mm512_rsqrt14_pd(x[i]);
  UNROLLED for (int i = 0; i < count; i++) g[i] = x[i] * y[i];
  UNROLLED for (int i = 0; i < count; i++) r[i] = _mm512_fnmadd_pd(g[i], y[i], one);
  UNROLLED for (int i = 0; i < count; i++) r[i] = r[i] * _mm512_fmadd_pd(next, r[i], half);
  UNROLLED for (int i = 0; i < count; i++) g[i] = _mm512_fmadd_pd(g[i], r[i], g[i]);
  UNROLLED for (int i = 0; i < count; i++) h[i] = times_power_of_two(y[i], -1);
  UNROLLED for (int i = 0; i < count; i++) h[i] = _mm512_fmadd_pd(h[i], r[i], h[i]);
  UNROLLED for (int i = 0; i < count; i++) r[i] = _mm512_fnmadd_pd(g[i], g[i], x[i]);
  UNROLLED for (int i = 0; i < count; i++) r[i] = r[i] * h[i];
  UNROLLED for (int i = 0; i < count; i++) {
    const __m512d error = times_power_of_two(g[i], -78);
    root[i] = g[i] + (r[i] - error);
    high[i] = g[i] + (r[i] + error);
  }
  UNROLLED for (int i = 0; i < count; i++) {
    unproved |= _mm512_cmp_pd_mask(root[i], high[i], _CMP_NEQ_UQ);
    root[i] = root[i] - _mm512_set1_pd(0x1p-450);
  }
  return unproved;
}

typedef struct {
  __m512d scale, beta1, beta2, rest1, rest2, eta, shrink, eps;
  bs_eps source; /* of eps */
} rates;

AVX512_INLINE __m512d plus_eps(__m512d root, rates rate, const double *own) {
  if (rate.source == BS_EPS_ZERO) return root;
  return root + (rate.source == BS_EPS_OF_ALL ? rate.eps : _mm512_load_pd(own));
}

AVX512_INLINE __m256d plus_eps_of_four(__m256d root, rates rate, const double *own) {
  if (rate.source == BS_EPS_ZERO) return root;
  return root + (rate.source == BS_EPS_OF_ALL ? _mm512_castpd512_pd256(rate.eps) : _mm256_load_pd(own));
}

/* `count` vectors from k on, of which the first `beside` have their roots multiplied out. Returns the faded lanes. */
AVX512_INLINE __mmask8 update_group(int count, int beside, bs_second_moment second, bs_update u, rates rate, size_t k) {
  __m512d m[GROUP], v[GROUP], root[GROUP], least = _mm512_set1_pd(1.0);
  UNROLLED for (int i = 0; i < count; i++) {
    const size_t at = k + (size_t)i * BS_LANES;
    const __m512d product = rate.scale * _mm512_load_pd(u.row + at), g = _mm512_setzero_pd() + product;
    v[i] = _mm512_load_pd(u.v + at);
    if (second == BS_SECOND_AVERAGE) v[i] = rate.beta2 * v[i] + rate.rest2 * (product * product);
    if (second == BS_SECOND_SUM) v[i] = v[i] + product * product;
    if (second != BS_SECOND_PER_SAMPLE) _mm512_store_pd(u.v + at, v[i]);
    if (i >= beside) root[i] = _mm512_sqrt_pd(v[i]);
    m[i] = rate.beta1 * _mm512_load_pd(u.m + at) + rate.rest1 * g;
    _mm512_store_pd(u.m + at, m[i]);
    /* The double before v; before zero a NaN, of which the least takes no notice. */
    least = _mm512_min_pd(_mm512_castsi512_pd(_mm512_castpd_si512(v[i]) - _mm512_set1_epi64(1)), least);
  }
  const __mmask8 faded = _mm512_cmp_pd_mask(least, _mm512_set1_pd(0x1.fffffffffffffp-401), _CMP_LT_OQ);
  if (beside && __builtin_expect(multiply_out_roots(beside, v, root) | faded, 0))
    UNROLLED for (int i = 0; i < beside; i++) root[i] = _mm512_sqrt_pd(v[i]);
  UNROLLED for (int i = 0; i < count; i++) {
    const size_t at = k + (size_t)i * BS_LANES;
    const __m512d denominator = plus_eps(root[i], rate, u.eps + at);
    const __mmask8 seen = _mm512_cmp_pd_mask(denominator, _mm512_setzero_pd(), _CMP_GT_OQ);
    const __m512d step = rate.eta * _mm512_maskz_div_pd(seen, m[i], denominator);
    _mm512_store_pd(u.w + at, rate.shrink * _mm512_load_pd(u.w + at) - step);
  }
  return faded;
}

/* The last coordinates, at most four: half a vector keeps the divider busy for half the time. */
AVX512_INLINE __mmask8 update_four(bs_second_moment second, bs_update u, rates rate, size_t k) {
#define HALF(x) _mm512_castpd512_pd256(x)
  const __m256d product = HALF(rate.scale) * _mm256_load_pd(u.row + k), g = _mm256_setzero_pd() + product;
  __m256d v = _mm256_load_pd(u.v + k);
  if (second == BS_SECOND_AVERAGE) v = HALF(rate.beta2) * v + HALF(rate.rest2) * (product * product);
  if (second == BS_SECOND_SUM) v = v + product * product;
  if (second != BS_SECOND_PER_SAMPLE) _mm256_store_pd(u.v + k, v);
  const __m256d m = HALF(rate.beta1) * _mm256_load_pd(u.m + k) + HALF(rate.rest1) * g;
  _mm256_store_pd(u.m + k, m);
  const __m256d denominator = plus_eps_of_four(_mm256_sqrt_pd(v), rate, u.eps + k);
  const __mmask8 seen = _mm256_cmp_pd_mask(denominator, _mm256_setzero_pd(), _CMP_GT_OQ);
  const __m256d step = HALF(rate.eta) * _mm256_maskz_div_pd(seen, m, denominator);
  /* With the zeros after them: the next dot product loads a whole vector, which would wait for a narrower store. */
  _mm512_store_pd(u.w + k, _mm512_zextpd256_pd512(HALF(rate.shrink) * _mm256_load_pd(u.w + k) - step));
  return _mm256_cmp_pd_mask(v, _mm256_set1_pd(BS_TINY), _CMP_LT_OQ) &
         _mm256_cmp_pd_mask(v, _mm256_setzero_pd(), _CMP_GT_OQ);
#undef HALF
}

AVX512_INLINE bool update_all(bs_second_moment second, bs_update u, bs_eps source, double scale) {
  const __m512d one = _mm512_set1_pd(1.0);
  rates rate = {.scale = _mm512_set1_pd(scale),
                .beta1 = _mm512_set1_pd(u.rate->beta1),
                .beta2 = _mm512_set1_pd(u.rate->beta2),
                .eta = _mm512_set1_pd(u.rate->eta),
                .shrink = _mm512_set1_pd(u.rate->shrink),
                .eps = _mm512_set1_pd(u.eps[0]),
                .source = source};
  rate.rest1 = one - rate.beta1;
  rate.rest2 = one - rate.beta2;
  const size_t group = GROUP * (size_t)BS_LANES, pair = 2 * (size_t)BS_LANES;
  __mmask8 faded = 0;
  size_t k = 0;
  for (; k + group <= u.count; k += group) faded |= update_group(GROUP, GROUP / 2, second, u, rate, k);
  if (k > 0 && k + pair <= u.count) { /* a root multiplied out takes longer: two alone would wait for it */
    faded |= update_group(2, 1, second, u, rate, k);
    k += pair;
  }
  for (; k + BS_LANES / 2 < u.count; k += BS_LANES) faded |= update_group(1, 0, second, u, rate, k);
  if (k < u.count) faded |= update_four(second, u, rate, k);
  return faded != 0;
}

AVX512_INLINE bool update(bs_second_moment second, bs_update u, double scale) {
  const bs_eps source = bs_eps_of(&u);
  return source == BS_EPS_OWN      ? update_all(second, u, BS_EPS_OWN, scale)
         : source == BS_EPS_OF_ALL ? update_all(second, u, BS_EPS_OF_ALL, scale)
                                   : update_all(second, u, BS_EPS_ZERO, scale);
}

AVX512 static bool step_average(const bs_update *u, double scale) {
  return update(BS_SECOND_AVERAGE, *u, scale);
}
AVX512 static bool step_sum(const bs_update *u, double scale) {
  return update(BS_SECOND_SUM, *u, scale);
}
AVX512 static bool step_per_sample(const bs_update *u, double scale) {
  return update(BS_SECOND_PER_SAMPLE, *u, scale);
}

bs_step *bs_step_avx512_for(const biascope_options *options) {
  static bs_step *const STEPS[] = {
      [BS_SECOND_AVERAGE] = step_average, [BS_SECOND_SUM] = step_sum, [BS_SECOND_PER_SAMPLE] = step_per_sample};
  const bs_optimizer_rule *rule = bs_optimizer_rule_of(options->optimizer);
  if (!(rule->fast & BS_FAST_ROOTS) || bs_step_of(options) != rule->step || !bs_has_avx512()) return NULL;
  return STEPS[rule->second];
}

/* It is on Zen 4; the divider of Zen 5 is twice as fast. */
static bool is_faster;

static void race(void) {
  is_faster = bs_race_is_won(step_average, bs_optimizer_rule_of(BIASCOPE_ADAM)->step);
}

bs_step *bs_step_avx512_of(const biascope_options *options) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  bs_step *const step = bs_step_avx512_for(options);
  if (!step) return bs_step_of(options);
  pthread_once(&once, race);
  return is_faster ? step : bs_step_of(options);
}
#else
bs_step *bs_step_avx512_for(const biascope_options *options) {
  (void)options;
  return NULL;
}

bs_step *bs_step_avx512_of(const biascope_options *options) {
  return bs_step_of(options);
}
#endif
