/* Random orders of signs whose momenta few samples decide, and faint ones while those are not drawn: nothing short
 * stands in for them. The equilibrium of the mean over long random sequences themselves, found with their derivatives
 * from that of shorter ones. */
#ifndef BIASCOPE_LIMIT_LONG_SEQUENCES_H
#define BIASCOPE_LIMIT_LONG_SEQUENCES_H

#include "limit/predict.h"

/* Whether the rule is one of these, and the features are not too many for it. */
bool bs_long_sequences_apply(const bs_question *question, const bs_epoch_rule *rule);

/* The answer with its standard error. BIASCOPE_NOT_CONVERGED, with a message, if there is none with the gap asked for.
 */
biascope_status bs_predict_by_long_sequences(const bs_question *question, const bs_epoch_rule *rule,
                                             biascope_prediction *out, biascope_error *error);

#endif
