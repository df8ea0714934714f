/* The norms margins are measured in: each norm's value and its dual's, in extended precision. */
#ifndef BIASCOPE_MARGIN_NORM_H
#define BIASCOPE_MARGIN_NORM_H

#include "base/error.h"

/* A usage error where p or the metric is out of its range, or the data have classes that it knows nothing of. */
biascope_status bs_norm_check(const biascope_norm *norm, const biascope_dataset *data, biascope_error *error);
/* ||w|| */
long double bs_norm_value(const biascope_norm *norm, size_t d, const double *w);
/* ||u||_dual = max { u.w : ||w|| <= 1 } */
long double bs_norm_dual_value(const biascope_norm *norm, size_t d, const long double *u);

#endif
