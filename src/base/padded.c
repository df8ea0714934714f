#include "base/padded.h"

#include "base/lanes.h"

#define LANES 8
#include "base/dot_loop.h"
#define LANES 4
#include "base/dot_loop.h"
#define LANES 2
#include "base/dot_loop.h"

INLINE double dot_of(size_t lanes, size_t padded, const double *x, const double *w) {
  /* What a step over few coordinates wrote, it wrote in fours (step_roots.c), on which vectors of eight would wait. */
  if (lanes == 8 && padded <= (size_t)2 * BS_LANES) return dot_of_4(padded, x, w);
  return lanes == 8 ? dot_of_8(padded, x, w) : lanes == 4 ? dot_of_4(padded, x, w) : dot_of_2(padded, x, w);
}

FASTEST(extern, double, bs_padded_dot, (size_t padded, const double *x, const double *w), (padded, x, w)) {
  return dot_of(lanes, padded, x, w);
}

FASTEST_VOID(extern, bs_padded_dots,
             (size_t padded, size_t count, const double *const *x, const double *const *w, double *dot),
             (padded, count, x, w, dot)) {
  for (size_t i = 0; i < count; i++) dot[i] = dot_of(lanes, padded, x[i], w[i]);
}

/* The loops of `padded` coordinates, each by itself, which the compiler vectorises. */
#define BS_ALIGNED(array) __builtin_assume_aligned(array, 64)

INLINE size_t whole(size_t padded) {
  return padded / BS_LANES * BS_LANES; /* said again for the compiler, which leaves no remainder */
}

FASTEST_VOID(extern, bs_padded_scale, (size_t padded, double scale, const double *x, double *g),
             (padded, scale, x, g)) {
  const double *restrict from = BS_ALIGNED(x);
  double *restrict to = BS_ALIGNED(g);
  for (size_t k = 0; k < whole(padded); k++) to[k] = 0.0 + scale * from[k];
}

FASTEST_VOID(extern, bs_padded_add, (size_t padded, double scale, const double *x, double *g), (padded, scale, x, g)) {
  const double *restrict from = BS_ALIGNED(x);
  double *restrict to = BS_ALIGNED(g);
  for (size_t k = 0; k < whole(padded); k++) to[k] += scale * from[k];
}

FASTEST_VOID(extern, bs_padded_add_four, (size_t padded, const double scale[4], const double *const x[4], double *g),
             (padded, scale, x, g)) {
  const double *restrict a = BS_ALIGNED(x[0]), *restrict b = BS_ALIGNED(x[1]);
  const double *restrict c = BS_ALIGNED(x[2]), *restrict d = BS_ALIGNED(x[3]);
  const double p = scale[0], q = scale[1], r = scale[2], s = scale[3];
  double *restrict to = BS_ALIGNED(g);
  for (size_t k = 0; k < whole(padded); k++) to[k] = (((to[k] + p * a[k]) + q * b[k]) + r * c[k]) + s * d[k];
}

FASTEST_VOID(extern, bs_padded_add_square, (size_t padded, double scale, const double *x, double *v),
             (padded, scale, x, v)) {
  const double *restrict from = BS_ALIGNED(x);
  double *restrict to = BS_ALIGNED(v);
  for (size_t k = 0; k < whole(padded); k++) to[k] += (scale * from[k]) * (scale * from[k]);
}
