/* Gaussian noise on the full gradient: a function of (seed, step) alone, like the batches. */
#ifndef BIASCOPE_TRAIN_NOISE_H
#define BIASCOPE_TRAIN_NOISE_H

#include "train/moments.h"

/* BIASCOPE_NOISE_SAMPLES: a sum of the samples' gradients g_i = N a_i x_i weighted by Gaussians is one of weights a_i;
 * multiplies them, the weights (outputs x N) of all N samples. */
void bs_noise_weigh(const biascope_options *options, uint64_t step, size_t samples, size_t outputs, bs_weight *weight);
/* BIASCOPE_NOISE_ISOTROPIC: adds it to the gradient, whose coordinates have one unit. */
void bs_noise_add(const biascope_options *options, uint64_t step, bs_moments *moments);

#endif
