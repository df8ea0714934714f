#include "base/weight.h"

#include "base/exponential.h"

bs_weight bs_weight_from_log(double log_weight) {
  if (log_weight == -INFINITY) return (bs_weight){0};
  double exponent;
  const double mantissa = bs_exponential(log_weight, &exponent);
  return (bs_weight){mantissa, (int64_t)exponent};
}

void bs_weights_divide(size_t count, size_t size, bs_weight *weight) {
  for (size_t i = 0; i < count && size > 1; i++) weight[i].mantissa /= (double)size;
}
