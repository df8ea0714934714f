/* What only saves time, as the plain trainer asks for it: each answer is that of the plain path, to the bit or to
 * rounding, or none. The paths themselves are in fast/, and each one's test compares it with the plain one. */
#ifndef BIASCOPE_TRAIN_FAST_H
#define BIASCOPE_TRAIN_FAST_H

#include "train/moments.h"

/* The paths that serve a run; NULL where they do not. */
typedef struct {
  struct bs_lazy *lazy;     /* features followed only when a sample has them: fast/lazy.h */
  struct bs_passes *passes; /* passes over most of large sparse data: fast/passes.h */
  struct bs_blocks *blocks; /* the same of dense data: fast/blocks.h */
} bs_fast;

/* What a step works on: all of the data and of the state, or the batch's samples and the features they touch. */
typedef struct {
  const biascope_dataset *data;
  const double *rows; /* dense data, rows padded to whole vectors; else NULL */
  bs_moments *moments;
} bs_scope;

/* The rule's step, or one that gives its bits sooner over so many features. */
bs_step *bs_fast_step_of(const biascope_options *options, size_t features);

/* Chooses the paths that are worth it for a run with this whole scope: none for several outputs, nor with variance
 * reduction. Free on failure too. */
biascope_status bs_fast_create(bs_fast *fast, const bs_scope *whole, const biascope_options *options,
                               biascope_error *error);
void bs_fast_free(bs_fast *fast);

/* The scope of a step that has `step` steps behind it, and the batch's samples in it, where fast->lazy. */
void bs_fast_open(bs_fast *fast, const bs_scope *whole, uint64_t step, const uint32_t **batch, size_t count,
                  bs_scope *scope);
/* Ends it. */
void bs_fast_close(bs_fast *fast, uint64_t step);
/* Brings the whole state to `step`, for reading. */
void bs_fast_show(const bs_fast *fast, bs_moments *whole, uint64_t step);
/* No weight's absolute value has gone beyond; infinite where that is not known. */
double bs_fast_reach(const bs_fast *fast, uint64_t step);

/* Whether bs_fast_weigh and bs_fast_gradient are to be asked. */
static inline bool bs_fast_serves_batches(const bs_fast *fast) {
  return fast->passes || fast->blocks;
}
/* Fills the batch's margins and weights. True: these are divided by the batch's size. */
bool bs_fast_weigh(bs_fast *fast, const double *w, const uint32_t *batch, size_t count, double *margin,
                   bs_weight *weight);
/* Fills moments->g with the gradient of the batch weighed last, where one unit holds every part of it; margin: scratch
 * of the batch's size. False: nothing is done. */
bool bs_fast_gradient(bs_fast *fast, const bs_weighted_batch *batch, double *margin, bs_moments *moments);
/* The step, shared by the threads where a rule's coordinates are each by themselves and many. */
bool bs_fast_step(const bs_fast *fast, const bs_moments *moments, const bs_update *update);

#endif
