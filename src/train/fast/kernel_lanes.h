/* The loops of base/padded.h for BS_LANES runs side by side: arrays hold coordinate k of run j at k BS_LANES + j. Each
 * run gets the bits that those give it alone. The update is the rule's own. */
#ifndef BIASCOPE_TRAIN_FAST_KERNEL_LANES_H
#define BIASCOPE_TRAIN_FAST_KERNEL_LANES_H

#include "base/lanes.h"
#include <stdbool.h>

/* A sample for every run: one row that all share, or side by side. */
typedef struct {
  const double *shared; /* padded; NULL: see apart */
  double *apart;        /* padded x BS_LANES */
} bs_lane_samples;

/* Lays rows side by side; where all are the same row, it is shared as it is. */
void bs_lanes_gather(size_t padded, const double *const rows[BS_LANES], bs_lane_samples *samples);
/* dot[j] = x_j . w_j, where w too is padded with zeros */
void bs_lanes_dot(size_t padded, const bs_lane_samples *samples, const double *w, double dot[BS_LANES]);
/* g_j = scale_j x_j, or that added to g_j. */
void bs_lanes_set(size_t features, const double scale[BS_LANES], const bs_lane_samples *samples, double *g);
void bs_lanes_add(size_t features, const double scale[BS_LANES], const bs_lane_samples *samples, double *g);

#endif
