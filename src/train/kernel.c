#include "train/kernel.h"

#include "train/clones.h"
#include <math.h>
#include <string.h>

typedef double vector __attribute__((vector_size(64)));

INLINE vector load(const double *from) {
  vector value;
  memcpy(&value, __builtin_assume_aligned(from, 64), sizeof value);
  return value;
}

INLINE void store(double *to, vector value) {
  memcpy(__builtin_assume_aligned(to, 64), &value, sizeof value);
}

INLINE vector all(double value) {
  return (vector){value, value, value, value, value, value, value, value};
}

FASTEST double bs_kernel_dot(size_t padded, const double *x, const double *w) {
  vector even = all(0.0), odd = all(0.0);
  size_t k = 0;
  for (; k + 2 * BS_LANES <= padded; k += 2 * BS_LANES) {
    even += load(x + k) * load(w + k);
    odd += load(x + k + BS_LANES) * load(w + k + BS_LANES);
  }
  if (k < padded) even += load(x + k) * load(w + k);
  even += odd;
  return ((even[0] + even[4]) + (even[2] + even[6])) + ((even[1] + even[5]) + (even[3] + even[7]));
}

FASTEST void bs_kernel_add(size_t padded, double scale, const double *x, double *g) {
  for (size_t k = 0; k < padded; k += BS_LANES) store(g + k, load(g + k) + all(scale) * load(x + k));
}

FASTEST void bs_kernel_add_square(size_t padded, double scale, const double *x, double *v) {
  for (size_t k = 0; k < padded; k += BS_LANES) {
    const vector sample = all(scale) * load(x + k);
    store(v + k, load(v + k) + sample * sample);
  }
}

/* m / (sqrt(v) + eps) with 0/0 = 0: where nothing was ever seen, nothing moves. */
INLINE double ratio_of(double m, double v, double eps) {
  const double denominator = sqrt(v) + eps;
  const double ratio = m / (denominator > 0.0 ? denominator : 1.0);
  return denominator > 0.0 ? ratio : 0.0;
}

/* One coordinate after the other, for the compiler to make vectors of: it does that anew for every instruction set,
 * which comparisons of vector types do not get. */
INLINE bool update(const bs_update *u, bs_direction direction, bs_second_moment second) {
  const double b1 = u->beta1, c1 = 1.0 - b1, b2 = u->beta2, c2 = 1.0 - b2, eta = u->eta, shrink = u->shrink;
  const double *restrict g = __builtin_assume_aligned(u->g, 64), *restrict eps = __builtin_assume_aligned(u->eps, 64);
  double *restrict m = __builtin_assume_aligned(u->m, 64), *restrict v = __builtin_assume_aligned(u->v, 64);
  double *restrict w = __builtin_assume_aligned(u->w, 64);
  int64_t tiny = 0;
  for (size_t k = 0; k < u->padded; k++) {
    m[k] = b1 * m[k] + c1 * g[k];
    if (second == BS_SECOND_AVERAGE) v[k] = b2 * v[k] + c2 * (g[k] * g[k]);
    if (second == BS_SECOND_SUM) v[k] = v[k] + g[k] * g[k];
    const double size = direction == BS_RATIO ? v[k] : fabs(m[k]);
    double step = m[k] * eps[k];
    if (direction == BS_RATIO) step = ratio_of(m[k], v[k], eps[k]);
    if (direction == BS_SIGN) step = m[k] > 0.0 ? 1.0 : m[k] < 0.0 ? -1.0 : 0.0;
    w[k] = shrink * w[k] - eta * step;
    tiny |= (size < BS_TINY) & (size > 0.0);
  }
  return tiny != 0;
}

FASTEST static bool update_identity(const bs_update *u) {
  return update(u, BS_IDENTITY, BS_NO_SECOND_MOMENT);
}
FASTEST static bool update_sign(const bs_update *u) {
  return update(u, BS_SIGN, BS_NO_SECOND_MOMENT);
}
FASTEST static bool update_average(const bs_update *u) {
  return update(u, BS_RATIO, BS_SECOND_AVERAGE);
}
FASTEST static bool update_sum(const bs_update *u) {
  return update(u, BS_RATIO, BS_SECOND_SUM);
}
FASTEST static bool update_per_sample(const bs_update *u) {
  return update(u, BS_RATIO, BS_SECOND_PER_SAMPLE);
}

/* m / ||m||_2 needs every coordinate of m before the first step: the moments first, with a step of zero. */
static bool update_normalised(const bs_update *u) {
  bs_update moments = *u;
  moments.eta = 0.0;
  const bool tiny = update_identity(&moments);
  const double norm = sqrt(bs_kernel_dot(u->padded, u->m, u->m));
  if (norm > 0.0) bs_kernel_add(u->padded, -u->eta / norm, u->m, u->w);
  return tiny;
}

bool bs_kernel_update(const bs_optimizer_rule *rule, const bs_update *u) {
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
  switch (rule->second) {
  case BS_SECOND_AVERAGE:
    return update_average(u);
  case BS_SECOND_SUM:
    return update_sum(u);
  default:
    return update_per_sample(u);
  }
}
