/* Variance reduction (Johnson and Zhang 2013, SVRG): at the start of an epoch the weights w~ are noted and the full
 * gradient there is computed. A step of the epoch has the gradient grad L_B(w) - grad L_B(w~) + grad L(w~). */
#ifndef BIASCOPE_TRAIN_SNAPSHOT_H
#define BIASCOPE_TRAIN_SNAPSHOT_H

#include "train/moments.h"

typedef struct {
  size_t samples, outputs, padded;
  double *w;                   /* w~: outputs x padded */
  bs_weight *weight;           /* -dl/ds_j of every sample at w~: outputs x samples */
  bs_known_gradient *gradient; /* grad L(w~): outputs */
  uint32_t *sample;            /* 0, 1, ..., N-1 */
  bs_moments *view;            /* outputs: the run's, with the weights w~ */
} bs_snapshot;

/* For a run with these moments. */
biascope_status bs_snapshot_create(bs_snapshot **out, const biascope_dataset *data, const bs_moments *moments,
                                   biascope_error *error);
void bs_snapshot_free(bs_snapshot *snapshot);

/* Notes the trainer's weights, and the full gradient there. */
void bs_snapshot_take(struct biascope_trainer *trainer);
/* The same of these weights, outputs x padded, of a run that is resumed. */
void bs_snapshot_restore(struct biascope_trainer *trainer, const double *w);
/* weight, outputs x count, less those of the batch's samples at w~. */
void bs_snapshot_subtract(const bs_snapshot *snapshot, const uint32_t *batch, size_t count, bs_weight *weight);

/* What a step adds to its batch's gradient; NULL without a snapshot. */
static inline const bs_known_gradient *bs_snapshot_gradient(const bs_snapshot *snapshot) {
  return snapshot ? snapshot->gradient : NULL;
}

#endif
