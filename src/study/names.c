#include "study/names.h"

#include <stddef.h>

const char *const BS_OPTIMIZER_NAMES[] = {"gd",      "ngd",     "signgd",    "signum", "adam",
                                          "rmsprop", "adagrad", "adamproxy", "adamw",  NULL};
const char *const BS_LOSS_NAMES[] = {"logistic", "exp", "polynomial", "probit", "squared-hinge", NULL};
const char *const BS_ORDER_NAMES[] = {"cyclic", "shuffle", "replacement", NULL};
const char *const BS_NOISE_NAMES[] = {"samples", "isotropic", NULL};
const char *const BS_GENERATOR_NAMES[] = {"gaussian", "rademacher", "shifted-diagonal", "teacher", NULL};
