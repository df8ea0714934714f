/* The second certificate: the gap says that a point is an equilibrium, this that training from w = 0 goes there. */
#ifndef BIASCOPE_CONFIRM_CONFIRM_H
#define BIASCOPE_CONFIRM_CONFIRM_H

#include "biascope.h"

/* Holds `answer`, which the search for a limit left with the status `found` (BIASCOPE_OK: an equilibrium to the
 * tolerance; BIASCOPE_NOT_CONVERGED: the best point), against a run of training. Where the run goes elsewhere, an
 * equilibrium is searched from its weights, and becomes the answer. BIASCOPE_NOT_CONVERGED, with a message, where
 * nothing is confirmed. */
biascope_status bs_confirm_by_run(const biascope_dataset *data, const biascope_options *training,
                                  const biascope_predict_options *options, biascope_status found,
                                  biascope_prediction *answer, biascope_error *error);

/* Holds `answer` against the differential equation that small steps follow from w = 0, with weights frozen over the
 * memory of the moments. Returns `found`, and confirmed stays false, where that leads elsewhere or too far;
 * BIASCOPE_NOT_CONVERGED where there is no such equation, because the update has no bound. */
biascope_status bs_confirm_by_flow(const biascope_dataset *data, const biascope_options *training,
                                   const biascope_predict_options *options, biascope_status found,
                                   biascope_prediction *answer, biascope_error *error);

/* What holds by a theorem, whatever a run shows within the steps it takes: gradient descent, and what turns into it. */
bool bs_limit_is_theorem(const biascope_options *training);

#endif
