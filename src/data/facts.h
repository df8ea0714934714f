/* What a person wants to know of a data set before training on it. */
#ifndef BIASCOPE_DATA_FACTS_H
#define BIASCOPE_DATA_FACTS_H

#include "data/dataset.h"

typedef struct {
  size_t zero_samples;     /* rows of zeros: nothing separates them */
  size_t repeated_samples; /* rows equal to another one, beyond its first occurrence */
  size_t zero_features;    /* columns of zeros: their weights never move */
} bs_dataset_facts;

biascope_status bs_dataset_describe(const biascope_dataset *data, bs_dataset_facts *facts, biascope_error *error);

#endif
