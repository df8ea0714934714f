/* A batch's gradient, as the sum of its samples' own. */
#ifndef BIASCOPE_TRAIN_GRADIENT_H
#define BIASCOPE_TRAIN_GRADIENT_H

#include "train/fast.h"

/* g, and v of rules that sum the squares of the samples' gradients there, of all outputs become zero. */
void bs_gradient_clear(bs_moments *moments);
/* Fills g, and that v, in each coordinate's own unit: after bs_moments_prepare. */
void bs_gradient_sum(const bs_scope *s, const bs_weighted_batch *batch);

#endif
