/* The losses, by their logarithms: finite where the values themselves have underflowed. */
#ifndef BIASCOPE_LIMIT_LOSS_H
#define BIASCOPE_LIMIT_LOSS_H

#include "biascope.h"

/* log l(z) */
double bs_loss_log_value(biascope_loss loss, double z);
/* log |l'(z)|, and in curvature -d log |l'(z)| / dz */
double bs_loss_log_slope(biascope_loss loss, double z, double *curvature);

#endif
