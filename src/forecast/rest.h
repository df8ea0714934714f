/* Where weight decay brings training to rest: the point to which the averaged equation leads. */
#ifndef BIASCOPE_FORECAST_REST_H
#define BIASCOPE_FORECAST_REST_H

#include "biascope.h"

typedef struct {
  double *weights; /* d */
  double moving;   /* |mean update + decay w| / |decay w| */
  bool unstable;   /* a full batch does not stay there: its steps are too long for the loss's curvature */
} bs_rest;

/* Follows the averaged equation from w = 0 until the update balances the weight decay to `tolerance`, for options with
 * weight decay that bs_model_covers. BIASCOPE_NOT_CONVERGED, with the best point: it was not seen to rest. */
biascope_status bs_rest_find(const biascope_dataset *data, const biascope_options *options, double tolerance,
                             bs_rest *out, biascope_error *error);
void bs_rest_free(bs_rest *rest);

#endif
