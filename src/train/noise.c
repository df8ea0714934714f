#include "train/noise.h"

#include "base/rng.h"
#include "base/vector.h"
#include <math.h>

static double draw(const biascope_options *options, uint64_t step, size_t count, size_t index) {
  return bs_random_normal(options->seed, BS_STREAM_GRADIENT, step * count + index);
}

/* S N^(-1/2) sum_i xi_i (g_i - g) = S N^(1/2) sum_i (xi_i - mean xi) a_i x_i has S^2 times the samples' covariance. */
void bs_noise_weigh(const biascope_options *options, uint64_t step, size_t samples, bs_weight *weight) {
  const double scale = options->noise * sqrt((double)samples);
  double mean = 0.0;
  for (size_t i = 0; i < samples; i++) mean += draw(options, step, samples, i);
  mean /= (double)samples;
  for (size_t i = 0; i < samples; i++) weight[i].mantissa *= 1.0 + scale * (draw(options, step, samples, i) - mean);
}

void bs_noise_add(const biascope_options *options, uint64_t step, size_t features, double *g) {
  const double scale = options->noise * bs_norm2(features, g) / sqrt((double)features);
  for (size_t k = 0; k < features; k++) g[k] += scale * draw(options, step, features, k);
}
