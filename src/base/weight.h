/* A number far outside double's range: mantissa * 2^exponent. */
#ifndef BIASCOPE_BASE_WEIGHT_H
#define BIASCOPE_BASE_WEIGHT_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct {
  double mantissa; /* in about [0.35, 1.42]; 0 for weight zero */
  int64_t exponent;
} bs_weight;

/* exp(log_weight), 0 for -infinity, limited to e^+-BS_WEIGHT_LOG_LIMIT, which a run may not reach: its exponents fit
 * int64_t there. */
#define BS_WEIGHT_LOG_LIMIT 0x1p60
bs_weight bs_weight_from_log(double log_weight);
/* Divides `count` weights in batches of `size`, so that sums over a batch become means. */
void bs_weights_divide(size_t count, size_t size, bs_weight *weight);
/* a - b */
bs_weight bs_weight_minus(bs_weight a, bs_weight b);

/* 2^exponent, rounded to 0 below double's normal range and limited to 2^1000 above it. */
static inline double bs_power_of_two(int64_t exponent) {
  if (exponent < -1022) return 0.0;
  if (exponent > 1000) exponent = 1000;
  const uint64_t bits = (uint64_t)(exponent + 1023) << 52;
  double value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

/* x 2^exponent, also if the power alone is out of range. */
static inline double bs_times_power_of_two(double x, int64_t exponent) {
  if (exponent >= -1022 && exponent <= 1000) return x * bs_power_of_two(exponent);
  return ldexp(x, exponent < -4000 ? -4000 : exponent > 4000 ? 4000 : (int)exponent);
}

#endif
