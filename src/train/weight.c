#include "train/weight.h"

#include "train/exponential.h"

bs_weight bs_weight_from_log(double log_weight) {
  if (log_weight == -INFINITY) return (bs_weight){0};
  double exponent;
  const double mantissa = bs_exponential(log_weight, &exponent);
  return (bs_weight){mantissa, (int64_t)exponent};
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

void bs_weights_divide(size_t count, size_t size, bs_weight *weight) {
  for (size_t i = 0; i < count && size > 1; i++) weight[i].mantissa /= (double)size;
}
