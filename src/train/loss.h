/* A loss l(z) of the margin z, through logarithms, so that nothing underflows. One file each. */
#ifndef BIASCOPE_TRAIN_LOSS_H
#define BIASCOPE_TRAIN_LOSS_H

#include "biascope.h"

typedef struct {
  const char *name;
  double (*log_slope)(double z);   /* log |l'(z)|: the log of a sample's weight in the gradient */
  double (*log_value)(double z);   /* log l(z) */
  double (*slope_decay)(double z); /* -d log |l'(z)| / dz */
} bs_loss;

extern const bs_loss bs_loss_logistic;
extern const bs_loss bs_loss_exponential;

/* NULL for a number that is no loss. */
const bs_loss *bs_loss_of(biascope_loss loss);

#endif
