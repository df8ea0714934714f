/* The loops over the features that a step is made of: wide vectors, the instruction set chosen at run time,
 * the same bits on every one of them (no fused multiply-adds, one order of summation). */
#ifndef BIASCOPE_TRAIN_KERNEL_H
#define BIASCOPE_TRAIN_KERNEL_H

#include "base/lanes.h"
#include "rule/optimizer.h"

/* Below this a moment is about to leave double's range once squared: time to move its exponent. */
#define BS_TINY 0x1p-400

/* Of the coordinates k = j mod BS_LANES: one run's are all alike, runs side by side have one each. */
typedef struct {
  double beta1[BS_LANES], beta2[BS_LANES], eta[BS_LANES];
  double shrink[BS_LANES]; /* 1 - eta weight_decay */
} bs_rates;

typedef struct {
  size_t padded;     /* length of the arrays */
  const double *g;   /* batch gradient, relative to each coordinate's exponent */
  double *m, *v, *w; /* moments in the same units (v in their square); weights in absolute ones */
  const double *eps; /* RATIO: eps in the coordinate's units; IDENTITY: the unit itself, 2^exponent */
  const bs_rates *rates;
} bs_update;

/* sum_k x_k w_k over padded arrays, eight strided sums in a fixed tree. */
double bs_kernel_dot(size_t padded, const double *x, const double *w);
/* g += scale x */
void bs_kernel_add(size_t padded, double scale, const double *x, double *g);
/* v += (scale x)^2 */
void bs_kernel_add_square(size_t padded, double scale, const double *x, double *v);
/* One step of the rule. Bit j of the result: some nonzero moment of a coordinate k = j mod BS_LANES fell below BS_TINY.
 */
unsigned bs_kernel_update(const bs_optimizer_rule *rule, const bs_update *update);

#endif
