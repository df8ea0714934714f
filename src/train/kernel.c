#include "train/kernel.h"

#include "train/fast/kernel_avx512.h"
#include <math.h>
#include <string.h>

FASTEST double bs_kernel_dot(size_t padded, const double *x, const double *w) {
  bs_vector even = bs_all(0.0), odd = bs_all(0.0);
  const size_t pair = 2 * (size_t)BS_LANES;
  size_t k = 0;
  for (; k + pair <= padded; k += pair) {
    even += bs_load(x + k) * bs_load(w + k);
    odd += bs_load(x + k + BS_LANES) * bs_load(w + k + BS_LANES);
  }
  if (k < padded) even += bs_load(x + k) * bs_load(w + k);
  even += odd;
  return BS_FOLD(even);
}

FASTEST void bs_kernel_add(size_t padded, double scale, const double *x, double *g) {
  for (size_t k = 0; k < padded; k += BS_LANES) bs_store(g + k, bs_load(g + k) + bs_all(scale) * bs_load(x + k));
}

FASTEST void bs_kernel_add_square(size_t padded, double scale, const double *x, double *v) {
  for (size_t k = 0; k < padded; k += BS_LANES) {
    const bs_vector sample = bs_all(scale) * bs_load(x + k);
    bs_store(v + k, bs_load(v + k) + sample * sample);
  }
}

/* m / (sqrt(v) + eps) with 0/0 = 0: where nothing was ever seen, nothing moves. A mask rather than a condition, for
 * compilers that make no vectors of a division which may not be due. */
INLINE double ratio_of(double m, double v, double eps) {
  const double denominator = sqrt(v) + eps;
  double ratio = m / denominator;
  int64_t bits;
  memcpy(&bits, &ratio, sizeof bits);
  bits &= -(int64_t)(denominator > 0.0);
  memcpy(&ratio, &bits, sizeof ratio);
  return ratio;
}

/* One coordinate after the other, for the compiler to make vectors of: it does that anew for every instruction set,
 * which comparisons of vector types do not get. */
INLINE unsigned update(const bs_update *u, bs_direction direction, bs_second_moment second) {
  const bs_rates rates = *u->rates;
  const double *restrict g = __builtin_assume_aligned(u->g, 64), *restrict eps = __builtin_assume_aligned(u->eps, 64);
  double *restrict m = __builtin_assume_aligned(u->m, 64), *restrict v = __builtin_assume_aligned(u->v, 64);
  double *restrict w = __builtin_assume_aligned(u->w, 64);
  int64_t tiny[BS_LANES] = {0};
  for (size_t k = 0; k < u->padded; k += BS_LANES) {
    INDEPENDENT
    for (size_t j = 0; j < BS_LANES; j++) {
      const size_t at = k + j;
      m[at] = rates.beta1[j] * m[at] + (1.0 - rates.beta1[j]) * g[at];
      if (second == BS_SECOND_AVERAGE) v[at] = rates.beta2[j] * v[at] + (1.0 - rates.beta2[j]) * (g[at] * g[at]);
      if (second == BS_SECOND_SUM) v[at] = v[at] + g[at] * g[at];
      const double size = direction == BS_RATIO ? v[at] : fabs(m[at]);
      double step = m[at] * eps[at];
      if (direction == BS_RATIO) step = ratio_of(m[at], v[at], eps[at]);
      if (direction == BS_SIGN) step = (m[at] > 0.0 ? 1.0 : 0.0) - (m[at] < 0.0 ? 1.0 : 0.0);
      w[at] = rates.shrink[j] * w[at] - rates.eta[j] * step;
      tiny[j] |= (size < BS_TINY) & (size > 0.0);
    }
  }
  unsigned mask = 0;
  for (unsigned j = 0; j < BS_LANES; j++) mask |= (unsigned)tiny[j] << j;
  return mask;
}

FASTEST static unsigned update_identity(const bs_update *u) {
  return update(u, BS_IDENTITY, BS_NO_SECOND_MOMENT);
}
FASTEST static unsigned update_sign(const bs_update *u) {
  return update(u, BS_SIGN, BS_NO_SECOND_MOMENT);
}
FASTEST static unsigned update_average(const bs_update *u) {
  return update(u, BS_RATIO, BS_SECOND_AVERAGE);
}
FASTEST static unsigned update_sum(const bs_update *u) {
  return update(u, BS_RATIO, BS_SECOND_SUM);
}
FASTEST static unsigned update_per_sample(const bs_update *u) {
  return update(u, BS_RATIO, BS_SECOND_PER_SAMPLE);
}

/* m / ||m||_2 needs every coordinate of m before the first step: the moments first, with a step of zero. */
static unsigned update_normalised(const bs_update *u) {
  bs_update moments = *u;
  bs_rates still = *u->rates;
  memset(still.eta, 0, sizeof still.eta);
  moments.rates = &still;
  const unsigned tiny = update_identity(&moments);
  const double norm = sqrt(bs_kernel_dot(u->padded, u->m, u->m));
  if (norm > 0.0) bs_kernel_add(u->padded, -u->rates->eta[0] / norm, u->m, u->w);
  return tiny;
}

unsigned bs_kernel_update(const bs_optimizer_rule *rule, const bs_update *u) {
  switch (rule->direction) {
  case BS_IDENTITY:
    return update_identity(u);
  case BS_NORMALISED:
    return update_normalised(u);
  case BS_SIGN:
    return update_sign(u);
  default:
    break;
  }
  if (bs_kernel_avx512_runs()) return bs_kernel_avx512_update(rule->second, u);
  switch (rule->second) {
  case BS_SECOND_AVERAGE:
    return update_average(u);
  case BS_SECOND_SUM:
    return update_sum(u);
  default:
    return update_per_sample(u);
  }
}
