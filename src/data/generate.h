/* Synthetic data of several classes, and mixtures of two. */
#ifndef BIASCOPE_DATA_GENERATE_H
#define BIASCOPE_DATA_GENERATE_H

#include "data/dataset.h"

/* A mixture, or a teacher of more than two classes, with options that are checked. */
biascope_status bs_generate_classes(biascope_generator kind, const biascope_generate_options *options,
                                    biascope_dataset **out, biascope_error *error);

#endif
