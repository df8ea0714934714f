#include "train/kernel.h"

#include <math.h>
#include <string.h>

typedef double vector __attribute__((vector_size(64)));
typedef int64_t mask __attribute__((vector_size(64)));

#ifdef BIASCOPE_BASELINE_KERNEL
#define FASTEST /* a test compares this one with the others */
#elif defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__)
#define FASTEST __attribute__((target_clones("arch=x86-64-v4", "avx2", "default")))
#else
#define FASTEST /* the sanitizers' run time is not up yet when the choice would be made */
#endif
#define INLINE static inline __attribute__((always_inline))

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

INLINE vector square_root(vector x) {
  for (int i = 0; i < BS_LANES; i++) x[i] = sqrt(x[i]);
  return x;
}

INLINE vector select(mask where, vector yes, vector no) {
  return (vector)((where & (mask)yes) | (~where & (mask)no));
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

/* sign(x) with sign(0) = 0. */
INLINE vector sign_of(vector x) {
  return select(x > 0.0, all(1.0), select(x < 0.0, all(-1.0), all(0.0)));
}

/* m / (sqrt(v) + eps) with 0/0 = 0: where nothing was ever seen, nothing moves. */
INLINE vector ratio_of(vector m, vector v, vector eps) {
  const vector denominator = square_root(v) + eps;
  return select(denominator > 0.0, m / select(denominator > 0.0, denominator, all(1.0)), all(0.0));
}

INLINE bool update(const bs_update *u, bs_direction direction, bs_second_moment second) {
  const vector b1 = all(u->beta1), c1 = all(1.0 - u->beta1), b2 = all(u->beta2), c2 = all(1.0 - u->beta2);
  mask tiny = {0};
  for (size_t k = 0; k < u->padded; k += BS_LANES) {
    const vector g = load(u->g + k);
    const vector m = b1 * load(u->m + k) + c1 * g;
    store(u->m + k, m);
    vector v = all(0.0), step, content;
    if (second != BS_NO_SECOND_MOMENT) v = load(u->v + k);
    if (second == BS_SECOND_AVERAGE) v = b2 * v + c2 * (g * g);
    if (second == BS_SECOND_SUM) v = v + g * g;
    if (second == BS_SECOND_AVERAGE || second == BS_SECOND_SUM) store(u->v + k, v);
    if (direction == BS_RATIO) {
      step = ratio_of(m, v, load(u->eps + k));
      content = v;
    } else {
      step = direction == BS_SIGN ? sign_of(m) : m * load(u->eps + k);
      content = select(m < 0.0, -m, m);
    }
    store(u->w + k, all(u->shrink) * load(u->w + k) - all(u->eta) * step);
    tiny |= (content < BS_TINY) & (content > 0.0);
  }
  int64_t any = 0;
  for (int i = 0; i < BS_LANES; i++) any |= tiny[i];
  return any != 0;
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
