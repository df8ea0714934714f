/* Weight decay with eps > 0: the point of rest of the run's averaged equation, compared with the run. */
#ifndef BIASCOPE_CONFIRM_REST_H
#define BIASCOPE_CONFIRM_REST_H

#include "biascope.h"

/* Whether the limit asked for is such a point. */
bool bs_rests_with_eps(const biascope_options *training, const biascope_predict_options *options);
/* biascope_predict for these. */
biascope_status bs_predict_rest_with_eps(const biascope_dataset *data, const biascope_options *training,
                                         const biascope_predict_options *options, biascope_prediction *out,
                                         biascope_error *error);

#endif
