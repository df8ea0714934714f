#include "train/fast/powers.h"

/* So that the digits' exponents add up within range. */
static const int64_t LEAST_EXPONENT = -(INT64_C(1) << 55);

static bs_power normalised(bs_power p) {
  int by = 0;
  (void)frexp(p.mantissa.high, &by);
  p.mantissa.high = ldexp(p.mantissa.high, -by);
  p.mantissa.low = ldexp(p.mantissa.low, -by);
  p.exponent += by;
  if (p.exponent < LEAST_EXPONENT) p.exponent = LEAST_EXPONENT;
  return p;
}

void bs_powers_fill(bs_powers *powers, bs_double_double base) {
  bs_power step = normalised((bs_power){base, 0});
  for (size_t i = 0; i < BS_POWER_DIGITS; i++) {
    bs_power power = {{1.0, 0.0}, 0};
    for (size_t j = 0; j < (size_t)1 << BS_POWER_BITS; j++) {
      powers->of[i][j] = power;
      power.mantissa = bs_dd_multiply(power.mantissa, step.mantissa);
      power.exponent += step.exponent;
      power = normalised(power);
    }
    step = power;
  }
}
