/* A loss of several classes: l(z) of the soft least margin z = -log sum_{j != y} e^-(s_y - s_j), y the class of the
 * sample, s_j = w_j.x. Logistic becomes softmax cross-entropy, e^-z the sum of e^-(s_y - s_j). */
#ifndef BIASCOPE_LOSS_CLASSES_H
#define BIASCOPE_LOSS_CLASSES_H

#include "loss/loss.h"

/* z. Its last bits depend on the processor's logarithm: for reports about a run, not for its steps. */
double bs_classes_margin(size_t classes, const double *score, size_t own);
/* The part of each class's row of weights in the negative gradient, in units of x: -dl/ds_j, the same bits on every
 * processor. Weight j is written at j * stride. */
void bs_classes_weigh(const bs_loss *loss, size_t classes, const double *score, size_t own, bs_weight *weight,
                      size_t stride);

#endif
