/* The references of a study's runs: the max margins of three norms, and the limit of their options. */
#ifndef BIASCOPE_STUDY_REFERENCE_H
#define BIASCOPE_STUDY_REFERENCE_H

#include "biascope.h"

/* A problem whose max margins are known; NULL, with BIASCOPE_NOT_SEPARABLE, if there are none. test: NULL for none. */
biascope_status bs_reference_create(const biascope_dataset *data, const biascope_dataset *test, biascope_problem **out,
                                    biascope_error *error);
/* The limit for these options, from a search of at most half a minute. *out is NULL if it is not certified. */
biascope_status bs_reference_limit(biascope_problem *problem, const biascope_options *options,
                                   const biascope_prediction **out, biascope_error *error);

#endif
