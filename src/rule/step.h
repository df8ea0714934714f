/* The inputs of a step, and the loop over the coordinates in which every rule's step runs: wide vectors, the
 * instruction set chosen at run time, the same bits on each of them (no fused multiply-adds). */
#ifndef BIASCOPE_RULE_STEP_H
#define BIASCOPE_RULE_STEP_H

#include "base/lanes.h"
#include <math.h>
#include <stdbool.h>
#include <stdint.h>

/* A moment smaller than this would soon leave double's range when squared: its exponent must be changed. */
#define BS_TINY 0x1p-400

/* One entry for the coordinates k = j mod BS_LANES: all equal for a single run, else one for each of the runs. */
typedef struct {
  double beta1[BS_LANES], beta2[BS_LANES], eta[BS_LANES];
  double shrink[BS_LANES]; /* 1 minus eta times the decay of weights */
} bs_rates;

/* The weights of momenta and gradient in the step, and eps, for rules that need them. */
typedef struct {
  double past[BS_LANES], present[BS_LANES], eps[BS_LANES];
} bs_weighing;

/* The factors of one run in a step. */
typedef struct {
  double decay; /* of the weights, constant over the run */
  double eta, shrink, past, present, eps;
  double product; /* nadam: of the momenta of the first `counted` steps */
  uint64_t counted;
} bs_rate;

/* What a rule that acts on the weights as a matrix reads beside. */
typedef struct {
  const struct biascope_options *options;
  size_t rows, columns; /* of the weights, the columns before padding */
  double *factors;      /* what the rule keeps beside m and v (optimizer.h), in the units of v; NULL: nothing */
  double *scratch;      /* what its step works in */
} bs_matrix_state;

typedef struct {
  size_t padded;     /* length of the arrays: rows of equal length, one for each output */
  double *g;         /* batch gradient, relative to the exponent of each coordinate; the step may overwrite it */
  double *m, *v, *w; /* moments in the same units (v in their square); weights in absolute units */
  const double *eps; /* RATIO: eps in the coordinate's units; IDENTITY: the unit itself, 2^exponent */
  const bs_rates *rates;
  const bs_weighing *weighing;
  const bs_matrix_state *matrix;
} bs_update;

/* What every rule's step reads of it. */
INLINE void bs_rate_put_eta(double eta, bs_rate *rate) {
  rate->eta = eta;
  rate->shrink = 1.0 - eta * rate->decay;
}

INLINE void bs_weighing_put(const bs_rate *rate, size_t lane, bs_weighing *weighing) {
  weighing->past[lane] = rate->past;
  weighing->present[lane] = rate->present;
  weighing->eps[lane] = rate->eps;
}

/* One step. Bit j of the result: some nonzero moment of a coordinate k = j mod BS_LANES fell below BS_TINY. */
typedef unsigned bs_step(const bs_update *update);

/* One coordinate: what a step reads, and what it computes. */
typedef struct {
  double g, m, v, eps;
  double beta1, beta2, past, present, eps_weight;
} bs_before;
typedef struct {
  double m, v;
  double direction; /* w moves by -eta times this */
  double content;   /* >= 0: the part of past gradients, of the size of a gradient */
} bs_after;

/* A step that treats each coordinate by itself; keeps_v: v is one of the rule's moments. The compiler vectorises it,
 * separately for every instruction set, which it does not do with comparisons of vector types. */
INLINE unsigned bs_step_each(const bs_update *u, bool keeps_v, bs_after (*move)(bs_before)) {
  const bs_rates rates = *u->rates;
  const bs_weighing weighing = *u->weighing;
  const double *restrict g = __builtin_assume_aligned(u->g, 64), *restrict eps = __builtin_assume_aligned(u->eps, 64);
  double *restrict m = __builtin_assume_aligned(u->m, 64), *restrict v = __builtin_assume_aligned(u->v, 64);
  double *restrict w = __builtin_assume_aligned(u->w, 64);
  int64_t tiny[BS_LANES] = {0};
  for (size_t k = 0; k < u->padded; k += BS_LANES) {
    INDEPENDENT
    for (size_t j = 0; j < BS_LANES; j++) {
      const size_t at = k + j;
      const bs_after after = move((bs_before){.g = g[at],
                                              .m = m[at],
                                              .v = v[at],
                                              .eps = eps[at],
                                              .beta1 = rates.beta1[j],
                                              .beta2 = rates.beta2[j],
                                              .past = weighing.past[j],
                                              .present = weighing.present[j],
                                              .eps_weight = weighing.eps[j]});
      m[at] = after.m;
      if (keeps_v) v[at] = after.v;
      w[at] = rates.shrink[j] * w[at] - rates.eta[j] * after.direction;
      tiny[j] |= (after.content < BS_TINY) & (after.content > 0.0);
    }
  }
  unsigned mask = 0;
  for (unsigned j = 0; j < BS_LANES; j++) mask |= (unsigned)tiny[j] << j;
  return mask;
}

/* The momentum after the step. */
INLINE double bs_momentum(bs_before at) {
  return at.beta1 * at.m + (1.0 - at.beta1) * at.g;
}

/* m / denominator with 0/0 = 0: a coordinate without gradients does not move. A mask instead of a condition, for
 * compilers that do not vectorise a division that may be skipped. */
INLINE double bs_ratio(double m, double denominator) {
  double ratio = m / denominator;
  int64_t bits;
  memcpy(&bits, &ratio, sizeof bits);
  bits &= -(int64_t)(denominator > 0.0);
  memcpy(&ratio, &bits, sizeof ratio);
  return ratio;
}

#endif
