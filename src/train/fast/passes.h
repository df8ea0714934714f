/* A step over most of a large sparse data set, as two passes over all of it: the margins, a product with the data, and
 * the gradient, one with their transpose, which a step over single samples has to scatter. */
#ifndef BIASCOPE_TRAIN_FAST_PASSES_H
#define BIASCOPE_TRAIN_FAST_PASSES_H

#include "base/team.h"
#include "data/dataset.h"
#include "rule/optimizer.h"
#include "train/fast/tiles.h"

typedef struct bs_passes {
  size_t samples;
  bs_tiles by_sample, by_feature;
  double *margin, *scale; /* N */
  bs_team *team;
} bs_passes;

/* *out is NULL where the data are dense or small, or batches hold less than half of them: samples one by one are faster
 * then. */
biascope_status bs_passes_create(bs_passes **out, const biascope_dataset *data, const biascope_options *options,
                                 biascope_error *error);
void bs_passes_free(bs_passes *passes);
/* margin_b = x_i.w of the batch's samples i */
void bs_passes_margins(bs_passes *passes, const double *w, const uint32_t *batch, size_t count, double *margin);
/* g = sum_b scale_b x_i */
void bs_passes_gradient(bs_passes *passes, const uint32_t *batch, size_t count, const double *scale, double *g);

#endif
