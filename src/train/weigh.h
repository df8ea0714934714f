/* What each sample of a batch weighs in its gradient. */
#ifndef BIASCOPE_TRAIN_WEIGH_H
#define BIASCOPE_TRAIN_WEIGH_H

#include "train/trainer.h"

/* x_i.w of one output. */
double bs_scope_margin(const bs_scope *s, size_t sample);
/* x_i.w_j of several outputs: samples x outputs. */
void bs_scope_scores(const bs_scope *s, const uint32_t *sample, size_t count, double *out);
/* Fills the trainer's `weight` with -dl/ds_j of a batch, outputs x count, at the scope's weights. True: they are yet to
 * be divided by its size. */
bool bs_weigh_batch(biascope_trainer *trainer, const bs_scope *s, const uint32_t *batch, size_t count);

#endif
