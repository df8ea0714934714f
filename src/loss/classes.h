/* A loss of several classes: l(z) of the soft least margin z = -log sum_{j != y} e^-(s_y - s_j), y the class of the
 * sample, s_j = w_j.x. Logistic becomes softmax cross-entropy, e^-z the sum of e^-(s_y - s_j). */
#ifndef BIASCOPE_LOSS_CLASSES_H
#define BIASCOPE_LOSS_CLASSES_H

#include "loss/loss.h"

/* z. Its last bits depend on the processor's logarithm: for reports about a run, not for its steps. */
double bs_classes_margin(size_t classes, const double *score, size_t own);
/* The part of each class's row of weights in the negative gradient of every sample, in units of x: -dl/ds_j, the same
 * bits on every processor. score: count x classes, overwritten; the class of sample b is class_of[sample[b]], and its
 * weight j is written at j * stride + b. */
void bs_classes_weigh(const bs_loss *loss, size_t classes, size_t count, double *score, const uint32_t *class_of,
                      const uint32_t *sample, bs_weight *weight, size_t stride);

/* By the margins m_j = s_y - s_j of a sample's `rows` other classes: log_slope_j = log |dl/dm_j|; share_j = e^-m_j /
 * sum e^-m, or NULL; log_slope may be `margin`. Returns the slope's decay at the soft least margin z. Then d
 * log_slope_j / dm_i = (1 - decay) share_i, less 1 where i is j. With one row, a folded sample: log |l'(m)|, 1 and -d
 * log |l'| / dm. */
double bs_classes_slopes(const bs_loss *loss, size_t rows, const double *margin, double *log_slope, double *share);
/* z, and so log l = log_value(z). */
double bs_classes_soft_margin(size_t rows, const double *margin);

#endif
