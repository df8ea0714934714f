/* predict --steps and --until: a forecast of the run itself. */
#ifndef BIASCOPE_CLI_PREDICT_RUN_H
#define BIASCOPE_CLI_PREDICT_RUN_H

#include "cli/cli.h"

typedef enum { UNTIL_NOTHING, UNTIL_COSINE, UNTIL_MARGIN } until_kind;

typedef struct {
  uint64_t steps; /* 0: none given */
  const char *trace;
  unsigned per_decade;
  until_kind until;
  int norm;        /* UNTIL_MARGIN: the norm, as in biascope_norm_kind */
  double fraction; /* the cosine, or the share of the best margin */
  bool references_given;
  biascope_reference_set references; /* if given */
} predict_run_flags;

/* cosine=C or margin=NORM:F */
void predict_run_parse_until(struct argp_state *state, const char *text, predict_run_flags *flags);
/* Whether something other than the limit is asked for. */
bool predict_run_wanted(const predict_run_flags *flags);
/* Returns the exit code. If the run can neither be followed nor stepped, *followed becomes false, and nothing is
 * printed; followed NULL: this is an error like others. */
int predict_run(const cli_common *common, const biascope_options *options, const predict_run_flags *flags,
                cli_result *result, biascope_dataset *data, bool *followed);

#endif
