/* Defaults and the checks of training options. */
#include "base/error.h"

biascope_train_options biascope_train_defaults(biascope_optimizer optimizer) {
  biascope_train_options options = {.optimizer = optimizer, .loss = BIASCOPE_LOGISTIC, .lr = 0.1, .lr_decay = 0.5};
  switch (optimizer) {
  case BIASCOPE_SIGNUM: options.beta1 = 0.9; break;
  case BIASCOPE_RMSPROP: options.beta2 = 0.99; break;
  case BIASCOPE_ADAMW: options.weight_decay = 0.01; /* fall through */
  case BIASCOPE_ADAM:
    options.beta1 = 0.9;
    options.beta2 = 0.999;
    break;
  default: break;
  }
  return options;
}
