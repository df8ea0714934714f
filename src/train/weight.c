#include "train/weight.h"

#include <math.h>
#include <string.h>

/* ln 2 in two parts (Cody and Waite): multiples of the first up to 2^21 are exact; beyond, the error stays below
 * that of the logarithm itself. */
static const double LN2_HIGH = 0x1.62e42feep-1, LN2_LOW = 0x1.a39ef35793c76p-33;

bs_weight bs_weight_from_log(double log_weight) {
  if (log_weight == -INFINITY) return (bs_weight){0};
  log_weight = fmax(-BS_WEIGHT_LOG_LIMIT, fmin(BS_WEIGHT_LOG_LIMIT, log_weight));
  const double n = rint(log_weight * 0x1.71547652b82fep+0);
  const double rest = (log_weight - n * LN2_HIGH) - n * LN2_LOW;
  return (bs_weight){exp(rest), (int64_t)n};
}

double bs_power_of_two(int64_t exponent) {
  if (exponent < -1022) return 0.0;
  if (exponent > 1000) exponent = 1000;
  const uint64_t bits = (uint64_t)(exponent + 1023) << 52;
  double value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

double bs_times_power_of_two(double x, int64_t exponent) {
  if (exponent >= -1022 && exponent <= 1000) return x * bs_power_of_two(exponent);
  return ldexp(x, exponent < -4000 ? -4000 : exponent > 4000 ? 4000 : (int)exponent);
}
