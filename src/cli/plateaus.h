/* What is printed of the two directions that a run with eps > 0 takes. */
#ifndef BIASCOPE_CLI_PLATEAUS_H
#define BIASCOPE_CLI_PLATEAUS_H

#include "cli/cli.h"

typedef struct {
  bool asked;           /* the run has two plateaus */
  bool known;           /* they were found; if not: */
  biascope_error why;   /* why not */
  double handover_step; /* at which sqrt(v) has fallen to about eps; infinite: never */
  biascope_plateaus found;
  biascope_measurement early; /* of the early limit */
} plateaus;

/* Finds them for a limit with eps > 0; otherwise nothing is asked. */
biascope_status plateaus_find(biascope_problem *problem, const biascope_options *options,
                              const biascope_prediction *limit, plateaus *out, biascope_error *error);
json_t *plateaus_json(const plateaus *p, const biascope_dataset *data);
void plateaus_print(const plateaus *p);
void plateaus_free(plateaus *p);

#endif
