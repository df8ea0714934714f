/* A step over most of large dense data in one pass over memory: a block of rows gives its margins, weights and part of
 * the gradient while it is in the cache. That takes the moments' exponents as they are; where the weights turn out to
 * move them, the gradient takes a second pass.
 *
 * The rows are summed in parts, and the parts in order: the same bits for any number of threads. */
#ifndef BIASCOPE_TRAIN_FAST_BLOCKS_H
#define BIASCOPE_TRAIN_FAST_BLOCKS_H

#include "base/team.h"
#include "data/dataset.h"
#include "loss/loss.h"
#include "train/moments.h"

enum { BS_BLOCK_PARTS = 16 };

typedef struct bs_blocks {
  const double *rows; /* N x padded */
  size_t padded, height;
  const bs_loss *loss;
  bs_moments *moments;
  double *partial;            /* parts x padded */
  bool plain[BS_BLOCK_PARTS]; /* whether one unit held all of the part's gradient */
  bs_team *team;
  bool backwards; /* every other pass: it begins with the rows that the one before left in the cache */
  /* of the step */
  bool weigh;    /* the weights too, or the gradient alone */
  bool complete; /* the gradient was summed in the pass that found the weights */
  const uint32_t *batch;
  size_t count;
  double *margin;
  bs_weight *weight;
} bs_blocks;

/* *out is NULL where the data are sparse, small or narrow, or batches hold less than half of them. */
biascope_status bs_blocks_create(bs_blocks **out, const biascope_dataset *data, const double *rows, bs_moments *moments,
                                 const biascope_options *options, biascope_error *error);
void bs_blocks_free(bs_blocks *blocks);
/* Fills the batch's margins and weights. */
void bs_blocks_weigh(bs_blocks *blocks, const uint32_t *batch, size_t count, double *margin, bs_weight *weight);
/* Fills moments->g of the batch weighed last; false, and nothing is done, where no one unit holds every part of it. */
bool bs_blocks_gradient(bs_blocks *blocks);

#endif
