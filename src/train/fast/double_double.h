/* Numbers of twice double's precision, as the unevaluated sum of two (Dekker 1971; error bounds: Joldes, Muller and
 * Popescu, "Tight and rigorous error bounds for basic building blocks of double-word arithmetic", 2017). */
#ifndef BIASCOPE_TRAIN_FAST_DOUBLE_DOUBLE_H
#define BIASCOPE_TRAIN_FAST_DOUBLE_DOUBLE_H

#include "base/clones.h"
#include <math.h>

typedef struct {
  double high, low; /* high = the sum, rounded */
} bs_double_double;

/* a + b exactly; |a| >= |b|. */
INLINE bs_double_double bs_dd_normalise(double a, double b) {
  const double sum = a + b;
  return (bs_double_double){sum, b - (sum - a)};
}

/* a + b exactly. */
INLINE bs_double_double bs_dd_sum(double a, double b) {
  const double sum = a + b, part = sum - a;
  return (bs_double_double){sum, (a - (sum - part)) + (b - part)};
}

/* a + b to 3 2^-106, also where they cancel. */
INLINE bs_double_double bs_dd_add(bs_double_double a, bs_double_double b) {
  const bs_double_double high = bs_dd_sum(a.high, b.high), low = bs_dd_sum(a.low, b.low);
  const bs_double_double sum = bs_dd_normalise(high.high, high.low + low.high);
  return bs_dd_normalise(sum.high, low.low + sum.low);
}

/* a b to 5 2^-106. */
INLINE bs_double_double bs_dd_multiply(bs_double_double a, bs_double_double b) {
  const double product = a.high * b.high, error = fma(a.high, b.high, -product);
  return bs_dd_normalise(product, error + fma(a.high, b.low, a.low * b.high));
}

INLINE bs_double_double bs_dd_negate(bs_double_double a) {
  return (bs_double_double){-a.high, -a.low};
}

/* b / sqrt(a) to a few 2^-104, for a > 0 in [2^-900, 1]. */
static inline bs_double_double bs_dd_over_root(double b, double a) {
  const double root = sqrt(a), rest = fma(-root, root, a) / (2.0 * root);
  const double ratio = b / root;
  return bs_dd_normalise(ratio, (fma(-ratio, root, b) - ratio * rest) / root);
}

#endif
