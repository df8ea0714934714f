/* The limits found on one data set, by the options on which they depend. Shared by threads. */
#ifndef BIASCOPE_PROBLEM_LIMITS_H
#define BIASCOPE_PROBLEM_LIMITS_H

#include "biascope.h"

typedef struct bs_limits bs_limits;

/* NULL if out of memory. */
bs_limits *bs_limits_create(void);
void bs_limits_free(bs_limits *limits);
/* As biascope_problem_limit. */
biascope_status bs_limits_find(bs_limits *limits, const biascope_dataset *data, const biascope_options *options,
                               double effort, const biascope_prediction **out, biascope_error *error);
/* Whether the limits are the same, as for many step sizes. */
bool bs_same_limit(const biascope_options *a, const biascope_options *b);

#endif
