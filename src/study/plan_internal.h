/* Shared by the files of the plan. */
#ifndef BIASCOPE_STUDY_PLAN_INTERNAL_H
#define BIASCOPE_STUDY_PLAN_INTERNAL_H

#include "study/plan.h"

/* Reads or generates the data, and its test data (*test is NULL if it has none). */
biascope_status bs_plan_produce(const bs_plan_data *data, biascope_dataset **out, biascope_dataset **test,
                                biascope_error *error);

/* Sets the options that the run does not depend on to fixed values, and sets its identity. The identity does not
 * include the origin of the data: equal numbers make equal runs. */
biascope_status bs_plan_identify(const bs_plan *plan, bs_plan_run *run, biascope_error *error);

#endif
