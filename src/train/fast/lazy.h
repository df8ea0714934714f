/* Sparse data in small batches: a step touches the coordinates of its batch's nonzeros alone. What would have happened
 * to a coordinate since it was last touched - moments that decay, a weight that momentum carries on - is known in
 * closed form where eps = 0 (momentum and the root of v decay each by a power, their ratio by another) and is made up
 * for when the coordinate is touched again.
 *
 * The touched coordinates and the batch form a small problem of their own, on which the ordinary step works. */
#ifndef BIASCOPE_TRAIN_FAST_LAZY_H
#define BIASCOPE_TRAIN_FAST_LAZY_H

#include "train/fast/catch_up.h"
#include "train/moments.h"

/* One cache line a coordinate: its state when it was last touched. */
typedef struct {
  double w, m, v;
  int64_t exponent;
  uint64_t step;         /* steps that this state has behind it */
  bs_double_double mark; /* of that step */
  uint32_t slot;         /* where among the touched it may be */
  bool unseen;
} bs_coordinate;

typedef struct bs_lazy {
  bs_coordinate *at;         /* features of them */
  size_t features, capacity; /* all coordinates; those that a batch may touch */
  bs_catch_up catch_up;
  bs_powers *powers1, *powers2; /* of beta1 and beta2 */
  uint32_t *touched;            /* the coordinate in each slot, */
  double *direction;            /* and the rule's direction there; capacity */
  biascope_dataset batch;       /* the batch's samples, columns being slots */
  uint32_t *sample;             /* 0, 1, ...: all of its samples */
  bs_moments moments;           /* of the touched coordinates, brought up to date */
  double reach;                 /* no weight has gone further, but for what BS_PERSISTS adds since */
  uint64_t shown;               /* the step whose whole state was last asked for, and shown */
} bs_lazy;

/* *out is NULL where all coordinates have to be followed, or the batches touch too many of them to gain by it. */
biascope_status bs_lazy_create(bs_lazy **out, const biascope_dataset *data, const biascope_options *options,
                               const bs_moments *whole, biascope_error *error);
void bs_lazy_free(bs_lazy *lazy);
/* Fills lazy->batch and lazy->moments for a step that has `step` steps behind it. */
void bs_lazy_open(bs_lazy *lazy, const biascope_dataset *data, const bs_moments *whole, uint64_t step,
                  const uint32_t *batch, size_t count);
/* Takes lazy->moments back, as they are after that step. */
void bs_lazy_close(bs_lazy *lazy, uint64_t step);
/* Brings the whole state to `step`, for reading: what the next steps do does not depend on it. */
void bs_lazy_show(bs_lazy *lazy, const bs_moments *whole, uint64_t step);
/* Lays out the state as each coordinate was left; what bs_lazy_show showed is gone. */
void bs_lazy_store(bs_lazy *lazy, const bs_moments *left);
/* Goes on from that: the steps behind each coordinate and their marks, and the mark of the run's own step. */
void bs_lazy_resume(bs_lazy *lazy, const bs_moments *left, uint64_t step, const uint64_t *steps,
                    const bs_double_double *marks, bs_double_double mark);
/* No weight's absolute value has gone beyond; may be far from being reached. */
double bs_lazy_reach(bs_lazy *lazy, uint64_t step);

#endif
