#include "base/weight.h"

#include "base/exponential.h"

bs_weight bs_weight_from_log(double log_weight) {
  if (log_weight == -INFINITY) return (bs_weight){0};
  double exponent;
  const double mantissa = bs_exponential(BS_SINGLE, log_weight, &exponent);
  return (bs_weight){mantissa, (int64_t)exponent};
}

void bs_weights_divide(size_t count, size_t size, bs_weight *weight) {
  for (size_t i = 0; i < count && size > 1; i++) weight[i].mantissa /= (double)size;
}

bs_weight bs_weight_minus(bs_weight a, bs_weight b) {
  if (b.mantissa == 0.0) return a;
  const int64_t exponent = a.mantissa != 0.0 && a.exponent > b.exponent ? a.exponent : b.exponent;
  const double difference = bs_times_power_of_two(a.mantissa, a.exponent - exponent) -
                            bs_times_power_of_two(b.mantissa, b.exponent - exponent);
  if (difference == 0.0) return (bs_weight){0};
  int more;
  const double mantissa = frexp(difference, &more);
  return (bs_weight){mantissa, exponent + more};
}
