#include "train/noise.h"

#include "base/rng.h"
#include <math.h>

static double draw(const biascope_options *options, uint64_t step, size_t count, size_t index) {
  return bs_random_normal(options->seed, BS_STREAM_GRADIENT, step * count + index);
}

/* S N^(-1/2) sum_i xi_i (g_i - g) = S N^(1/2) sum_i (xi_i - mean xi) a_i x_i has S^2 times the samples' covariance. */
void bs_noise_weigh(const biascope_options *options, uint64_t step, size_t samples, size_t outputs, bs_weight *weight) {
  const double scale = options->noise * sqrt((double)samples);
  double mean = 0.0;
  for (size_t i = 0; i < samples; i++) mean += draw(options, step, samples, i);
  mean /= (double)samples;
  for (size_t i = 0; i < samples; i++) {
    const double factor = 1.0 + scale * (draw(options, step, samples, i) - mean);
    for (size_t j = 0; j < outputs; j++) weight[j * samples + i].mantissa *= factor;
  }
}

void bs_noise_add(const biascope_options *options, uint64_t step, bs_moments *moments) {
  const size_t count = moments->outputs * moments->features;
  const double scale = options->noise * bs_moments_gradient_norm(moments) / sqrt((double)count);
  for (size_t j = 0; j < moments->outputs; j++)
    for (size_t k = 0; k < moments->features; k++)
      moments[j].g[k] += scale * draw(options, step, count, j * moments->features + k);
}
