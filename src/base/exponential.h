/* e^x as mantissa and exponent, by the same formula for one argument and for a vector of them. */
#ifndef BIASCOPE_BASE_EXPONENTIAL_H
#define BIASCOPE_BASE_EXPONENTIAL_H

#include "base/clones.h"
#include "base/weight.h"
#include <math.h>
#include <string.h>

/* Whether a formula is that of one number, or of each in a vector. */
typedef enum { BS_SINGLE, BS_EACH_OF_VECTOR } bs_form;

/* a if the condition holds, else b. In a vector a mask chooses: compilers do not vectorise a loop in which a sum or a
 * product may be skipped. */
INLINE double bs_choose(bs_form form, bool condition, double a, double b) {
  if (form == BS_SINGLE) return condition ? a : b;
  const int64_t mask = -(int64_t)condition;
  int64_t x, y;
  memcpy(&x, &a, sizeof x);
  memcpy(&y, &b, sizeof y);
  x = (x & mask) | (y & ~mask);
  memcpy(&a, &x, sizeof a);
  return a;
}

/* 2^n for a whole n in [-1022, 1023]: the last bits of the sum are n + 1023. */
INLINE double bs_whole_power(double n) {
  const double shifted = n + (0x1.8p52 + 1023.0);
  uint64_t bits;
  memcpy(&bits, &shifted, sizeof bits);
  bits <<= 52;
  double power;
  memcpy(&power, &bits, sizeof power);
  return power;
}

/* sum_(k=2..13) r^(k-2) / k!, whose truncation error is 5e-18 of e^r for |r| <= ln 2 / 2. */
INLINE double bs_taylor_tail(double r) {
  const double r2 = r * r, r4 = r2 * r2;
  const double a = (1.0 / 2 + r * (1.0 / 6)) + r2 * (1.0 / 24 + r * (1.0 / 120));
  const double b = (1.0 / 720 + r * (1.0 / 5040)) + r2 * (1.0 / 40320 + r * (1.0 / 362880));
  const double c = (1.0 / 3628800 + r * (1.0 / 39916800)) + r2 * (1.0 / 479001600 + r * (1.0 / 6227020800));
  return a + r4 * (b + r4 * c);
}

/* e^x = mantissa 2^n, with the mantissa in about [0.7, 1.42], correct to a unit in its last place. x is limited to
 * +-BS_WEIGHT_LOG_LIMIT (NaN becomes one of them), which no run exceeds. */
INLINE double bs_exponential(bs_form form, double x, double *n) {
  /* ln 2 in two parts (Cody and Waite): multiples of the first up to 2^21 are exact; beyond, the error stays below
   * that of x itself. */
  const double high = 0x1.62e42feep-1, low = 0x1.a39ef35793c76p-33;
  x = bs_choose(form, x > -BS_WEIGHT_LOG_LIMIT, x, -BS_WEIGHT_LOG_LIMIT);
  x = bs_choose(form, x < BS_WEIGHT_LOG_LIMIT, x, BS_WEIGHT_LOG_LIMIT);
  *n = rint(x * 0x1.71547652b82fep+0);
  const double r = (x - *n * high) - *n * low;
  return 1.0 + (r + r * r * bs_taylor_tail(r));
}

/* Calls one(form, z, &mantissa, &exponent) for every margin: first in vectors, then one at a time for the rest. */
#define BS_WEIGH_EACH(one, count, margin, weight)                                                                      \
  do {                                                                                                                 \
    enum { VECTOR = 8 };                                                                                               \
    size_t i = 0;                                                                                                      \
    for (; i + VECTOR <= (count); i += VECTOR) {                                                                       \
      double mantissa[VECTOR], exponent[VECTOR];                                                                       \
      for (size_t j = 0; j < VECTOR; j++) one(BS_EACH_OF_VECTOR, (margin)[i + j], &mantissa[j], &exponent[j]);         \
      for (size_t j = 0; j < VECTOR; j++) (weight)[i + j] = (bs_weight){mantissa[j], (int64_t)exponent[j]};            \
    }                                                                                                                  \
    for (; i < (count); i++) {                                                                                         \
      double mantissa, exponent;                                                                                       \
      one(BS_SINGLE, (margin)[i], &mantissa, &exponent);                                                               \
      (weight)[i] = (bs_weight){mantissa, (int64_t)exponent};                                                          \
    }                                                                                                                  \
  } while (0)

#endif
