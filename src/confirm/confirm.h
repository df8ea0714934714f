/* The second certificate. The gap says that a point is an equilibrium; this one says that training from w = 0 goes
 * there. */
#ifndef BIASCOPE_CONFIRM_CONFIRM_H
#define BIASCOPE_CONFIRM_CONFIRM_H

#include "biascope.h"

/* Compares `answer` with a run of training. The search for a limit returned it with the status `found` (BIASCOPE_OK:
 * an equilibrium to the tolerance; BIASCOPE_NOT_CONVERGED: the best point). If the run goes elsewhere, an equilibrium
 * is searched from its weights and becomes the answer. BIASCOPE_NOT_CONVERGED, with a message, if nothing is
 * confirmed. */
biascope_status bs_confirm_by_run(const biascope_dataset *data, const biascope_options *training,
                                  const biascope_predict_options *options, biascope_status found,
                                  biascope_prediction *answer, biascope_error *error);

/* Compares `answer` with the differential equation that small steps follow from w = 0, with weights fixed over the
 * memory of the moments. Returns `found`, and confirmed stays false, if that leads elsewhere or too far;
 * BIASCOPE_NOT_CONVERGED if there is no such equation, because the update is unbounded. */
biascope_status bs_confirm_by_flow(const biascope_dataset *data, const biascope_options *training,
                                   const biascope_predict_options *options, biascope_status found,
                                   biascope_prediction *answer, biascope_error *error);

#endif
