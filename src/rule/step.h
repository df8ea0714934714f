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

/* The factors of one run in a step. */
typedef struct {
  double beta1, beta2;       /* decays of m and v, constant over the run, */
  double decay;              /* and of the weights */
  double eta, shrink;        /* shrink: 1 minus eta times the decay of weights */
  double past, present, eps; /* the weights of momenta and gradient in the step, and of eps, for rules that need them */
  double product;            /* nadam: of the momenta of the first `counted` steps */
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
  size_t count;      /* coordinates from here on are zeros, and stay zeros */
  const double *row; /* the batch gradient is scale times row, relative to the exponent of each coordinate */
  double *g;         /* rules without BS_FAST_ALONE read the gradient here, and may overwrite it */
  double *m, *v, *w; /* moments in the same units (v in their square); weights in absolute units */
  const double *eps; /* RATIO: eps in the coordinate's units; IDENTITY: the unit itself, 2^exponent */
  bool even;         /* eps[0] serves every coordinate: the others need not be read */
  const bs_rate *rate;
  const bs_matrix_state *matrix;
} bs_update;

/* What every rule's step reads of it. */
INLINE void bs_rate_put_eta(double eta, bs_rate *rate) {
  rate->eta = eta;
  rate->shrink = 1.0 - eta * rate->decay;
}

/* One step, of the gradient scale times row. True: some nonzero moment fell below BS_TINY. The scale is apart from the
 * rest because it is the last to be known: it comes in a register. */
typedef bool bs_step(const bs_update *update, double scale);

/* One coordinate: what a step reads, and what it computes. */
typedef struct {
  double g, m, v, eps;
  bool without_eps; /* eps is 0: known when this is compiled */
  double product;   /* g, but zeros may have a sign: ready sooner, for squares */
  double beta1, beta2, past, present, eps_weight;
} bs_before;
typedef struct {
  double m, v;
  double direction; /* w moves by -eta times this */
  double content;   /* >= 0: the part of past gradients, of the size of a gradient */
} bs_after;

/* Where a coordinate's eps comes from. */
typedef enum { BS_EPS_OWN, BS_EPS_OF_ALL, BS_EPS_ZERO } bs_eps;

INLINE bs_eps bs_eps_of(const bs_update *u) {
  return !u->even ? BS_EPS_OWN : u->eps[0] != 0.0 ? BS_EPS_OF_ALL : BS_EPS_ZERO;
}

INLINE bool bs_step_loop(size_t lanes, const bs_update *u, double scale, bool keeps_v, bs_eps source,
                         bs_after (*move)(bs_before)) {
  const bs_rate rate = *u->rate;
  const double *restrict row = __builtin_assume_aligned(u->row, 64), *restrict eps =
                                                                         __builtin_assume_aligned(u->eps, 64);
  double *restrict m = __builtin_assume_aligned(u->m, 64), *restrict v = __builtin_assume_aligned(u->v, 64);
  double *restrict w = __builtin_assume_aligned(u->w, 64);
  const size_t width = lanes < 4 ? lanes : 4, count = (u->count + width - 1) / width * width;
  const double eps_of_all = source == BS_EPS_ZERO ? 0.0 : u->eps[0];
  int64_t tiny = 0;
  INDEPENDENT
  for (size_t k = 0; k < count; k++) {
    const double product = scale * row[k];
    const bs_after after = move((bs_before){.g = 0.0 + product, /* no zero keeps its sign in a sum */
                                            .product = product,
                                            .m = m[k],
                                            .v = v[k],
                                            .eps = source == BS_EPS_OWN ? eps[k] : eps_of_all,
                                            .without_eps = source == BS_EPS_ZERO,
                                            .beta1 = rate.beta1,
                                            .beta2 = rate.beta2,
                                            .past = rate.past,
                                            .present = rate.present,
                                            .eps_weight = rate.eps});
    m[k] = after.m;
    if (keeps_v) v[k] = after.v;
    w[k] = rate.shrink * w[k] - rate.eta * after.direction;
    tiny |= -(int64_t)((after.content < BS_TINY) & (after.content > 0.0));
  }
  return tiny != 0;
}

/* A step that treats each coordinate by itself; keeps_v: v is one of the rule's moments. The compiler vectorises it,
 * separately for every instruction set, which it does not do with comparisons of vector types. lanes: as in FASTEST;
 * the compiler prefers vectors of four where there are wider ones. */
INLINE bool bs_step_each(size_t lanes, const bs_update *u, double scale, bool keeps_v, bs_after (*move)(bs_before)) {
  const bs_eps source = bs_eps_of(u);
  return source == BS_EPS_OWN      ? bs_step_loop(lanes, u, scale, keeps_v, BS_EPS_OWN, move)
         : source == BS_EPS_OF_ALL ? bs_step_loop(lanes, u, scale, keeps_v, BS_EPS_OF_ALL, move)
                                   : bs_step_loop(lanes, u, scale, keeps_v, BS_EPS_ZERO, move);
}

/* The momentum after the step. */
INLINE double bs_momentum(bs_before at) {
  return at.beta1 * at.m + (1.0 - at.beta1) * at.g;
}

/* sqrt(v) + eps */
INLINE double bs_root_and_eps(double v, bs_before at) {
  return at.without_eps ? sqrt(v) : sqrt(v) + at.eps;
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
