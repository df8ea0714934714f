/* b^n for any whole n: digits of n look their powers up. */
#ifndef BIASCOPE_TRAIN_FAST_POWERS_H
#define BIASCOPE_TRAIN_FAST_POWERS_H

#include "train/fast/double_double.h"
#include <stddef.h>
#include <stdint.h>

/* mantissa 2^exponent */
typedef struct {
  bs_double_double mantissa;
  int64_t exponent;
} bs_power;

enum { BS_POWER_BITS = 6, BS_POWER_DIGITS = 11 }; /* 11 digits of 6 bits hold any n */

typedef struct {
  bs_power of[BS_POWER_DIGITS][1 << BS_POWER_BITS]; /* [i][j] = b^(j 64^i) */
} bs_powers;

/* 0 <= base <= 1 */
void bs_powers_fill(bs_powers *powers, bs_double_double base);

/* base^n to 2^-90; the mantissa in [2^-12, 1], or 0. Exponents that no run reaches are held at -2^59. */
INLINE bs_power bs_power_at(const bs_powers *powers, uint64_t n) {
  enum { DIGIT = (1 << BS_POWER_BITS) - 1 };
  bs_power power = powers->of[0][n & DIGIT];
  for (size_t i = 1; (n >>= BS_POWER_BITS) > 0; i++) {
    const bs_power *digit = &powers->of[i][n & DIGIT];
    power.mantissa = bs_dd_multiply(power.mantissa, digit->mantissa);
    power.exponent += digit->exponent;
  }
  return power;
}

#endif
