/* A step over most of a large sparse data set, as two passes over all of it: the margins, a product with the data, and
 * the gradient, one with their transpose, which a step over single samples has to scatter. */
#ifndef BIASCOPE_TRAIN_FAST_PASSES_H
#define BIASCOPE_TRAIN_FAST_PASSES_H

#include "base/team.h"
#include "data/dataset.h"
#include "loss/loss.h"
#include "train/fast/tiles.h"
#include "train/moments.h"

enum { BS_PASS_PARTS = 32 }; /* of a batch, whose weights the threads share */

typedef struct bs_passes {
  size_t samples;
  bs_tiles by_sample, by_feature;
  double *product, *scale; /* N */
  const bs_loss *loss;
  bool distinct; /* no sample is twice in a batch */
  bs_team *team;
  bool backwards; /* every other step: its passes begin with what the step before left in the cache */
  /* of the step */
  const uint32_t *batch;
  size_t count;
  double *margin;
  bs_weight *weight;
  const bs_weighted_batch *weighted;
  const bs_moments *moments;
  bool plain[BS_PASS_PARTS]; /* whether one factor of its row gives each sample's gradient */
} bs_passes;

/* *out is NULL where the data are dense or small, or batches hold less than half of them: samples one by one are faster
 * then. */
biascope_status bs_passes_create(bs_passes **out, const biascope_dataset *data, const biascope_options *options,
                                 biascope_error *error);
void bs_passes_free(bs_passes *passes);
/* Fills the batch's margins x_i.w, and its weights before they are divided by its size. */
void bs_passes_weigh(bs_passes *passes, const double *w, const uint32_t *batch, size_t count, double *margin,
                     bs_weight *weight);
/* Fills moments->g with the gradient of these samples; margin: scratch, `count`. False: nothing is done. */
bool bs_passes_gradient(bs_passes *passes, const bs_weighted_batch *batch, double *margin, bs_moments *moments);

#endif
