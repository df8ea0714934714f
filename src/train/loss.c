#include "train/loss.h"

const bs_loss *bs_loss_of(biascope_loss loss) {
  switch (loss) {
  case BIASCOPE_LOGISTIC:
    return &bs_loss_logistic;
  case BIASCOPE_EXPONENTIAL:
    return &bs_loss_exponential;
  default:
    return NULL;
  }
}
