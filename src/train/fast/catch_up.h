/* How far a direction carries a weight while no gradient reaches it. Each such step multiplies the direction of
 * momentum by r (b1 for m, b1 / sqrt(b2) for m / sqrt(v), 1 for sign(m)), so that n of them from step t on move it by
 *     sum_(j=1..n) eta_(t+j-1) r^j  times the direction:
 * a difference of two marks, of tails of that sum where r < 1, of sums of eta where r = 1. Both in twice double's
 * precision, so that what is left of them is right to rounding. */
#ifndef BIASCOPE_TRAIN_FAST_CATCH_UP_H
#define BIASCOPE_TRAIN_FAST_CATCH_UP_H

#include "base/weight.h"
#include "rule/optimizer.h"
#include "train/fast/powers.h"

typedef enum {
  BS_STAYS,   /* beta1 = 0: no momentum */
  BS_FADES,   /* r < 1 */
  BS_PERSISTS /* the sign rules */
} bs_catch_up_kind;

typedef struct {
  bs_catch_up_kind kind;
  biascope_options options;
  bs_double_double ratio; /* r */
  bs_powers *powers;      /* of r */
  uint64_t length;        /* r^length is nothing */
  uint64_t first;         /* step of tail[0]; a multiple of length */
  bs_double_double *tail; /* length: sum_(j>=1) eta_(t+j-1) r^j */
  uint64_t step;          /* up to which eta has been summed, */
  bs_double_double sum;   /* that sum; BS_PERSISTS */
} bs_catch_up;

/* Whether the rule's coordinates can be left alone while no gradient reaches them. */
bool bs_catch_up_known(const biascope_options *options);
biascope_status bs_catch_up_create(bs_catch_up *catch_up, const biascope_options *options, biascope_error *error);
void bs_catch_up_free(bs_catch_up *catch_up);
/* The mark of a step; steps may not go back but by bs_catch_up_resume. */
bs_double_double bs_catch_up_mark(bs_catch_up *catch_up, uint64_t step);
/* Goes on from `step`, whose mark is given: what BS_PERSISTS cannot compute without all steps before. */
void bs_catch_up_resume(bs_catch_up *catch_up, uint64_t step, bs_double_double mark);
/* The sum over n steps, from the mark at their begin and the one at their end. */
INLINE double bs_catch_up_between(const bs_catch_up *catch_up, bs_double_double begin, bs_double_double end,
                                  uint64_t n) {
  if (catch_up->kind == BS_PERSISTS) return bs_dd_add(end, bs_dd_negate(begin)).high;
  if (n >= catch_up->length) return begin.high;
  const bs_power power = bs_power_at(catch_up->powers, n);
  const double scale = bs_power_of_two(power.exponent); /* in range, n being less than length */
  const bs_double_double left = bs_dd_multiply(power.mantissa, end);
  return bs_dd_add(begin, (bs_double_double){-scale * left.high, -scale * left.low}).high;
}

#endif
