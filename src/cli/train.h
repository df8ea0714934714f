/* A run of the subcommand train, and what is measured and printed of it. */
#ifndef BIASCOPE_CLI_TRAIN_H
#define BIASCOPE_CLI_TRAIN_H

#include "cli/cli.h"
#include <stdio.h>

/* The run at a recorded step, kept until there are references to compare it with. */
typedef struct {
  uint64_t step;
  double log_loss, misalignment;
  biascope_staleness stale;
  const double *weights; /* d */
} train_row;

typedef struct {
  const biascope_options *options;
  biascope_dataset *data;
  biascope_trainer *trainer;
  biascope_problem *problem;
  biascope_reference_set named;          /* references that --references names */
  bool chosen;                           /* it was given; else those that take seconds are found */
  bool no_prediction;                    /* none is wanted */
  bool compared;                         /* the references have been looked for: */
  biascope_reference_set wanted;         /* these, */
  biascope_reference_set too_long;       /* and not these */
  const biascope_prediction *prediction; /* the limit; NULL: none is certified, */
  biascope_error no_limit;               /* and why */
  bool separable;                        /* as far as is known; else */
  biascope_error not_separable;          /* why not, */
  const biascope_parts *parts;           /* and the parts, */
  const double *minimiser;               /* and that of the loss on the inseparable part; NULL where it is not known */
  biascope_parts_measurement split;      /* of the final weights */
  biascope_measurement last;             /* of the final weights */
  double *direction;                     /* they, of Euclidean norm 1, or 0 */
  FILE *trace;                           /* NULL: none is written */
  train_row *rows;                       /* of the trace, not yet written */
  size_t row_count, row_capacity;
  uint64_t momentum_stale_until, second_stale_until; /* the last steps recorded that found them stale */
  double momentum_excess, second_excess;             /* there */
  double start_log_loss;                             /* at w = 0 */
  uint64_t half_step; /* the last step recorded within the first half of the run, and the least x_i.w there */
  double half_margin;
} train_run;

/* Finds the references chosen and the limit, or, of data that are not separable, their parts. Once. */
biascope_status train_compare(train_run *run, biascope_error *error);
/* Notes the run's current state; with a trace, as a row of it. */
biascope_status train_record(train_run *run, uint64_t steps, biascope_error *error);
/* Keeps a row of the trace; the weights are copied. Once too many are kept, they are compared and written. */
biascope_status train_keep_row(train_run *run, const train_row *row, biascope_error *error);
/* Measures weights against them. */
biascope_status train_measure(train_run *run, const double *w, biascope_measurement *out, biascope_error *error);
/* What is known of a reference, all having been looked for; NULL: it was not, or is not certified. */
const biascope_margin *train_reference(const train_run *run, int norm);
/* The trace, a row of CSV a record. Writing the rows kept compares them first. */
void train_trace_head(FILE *trace);
biascope_status train_trace_rows(train_run *run, biascope_error *error);
/* What comparing and recording left. */
void train_compared_free(train_run *run);
void train_print_parts(const train_run *run);
json_t *train_json_parts(const train_run *run);
/* What the user should know of the run, into the array, or as lines of text where it is NULL. */
void train_give_warnings(const train_run *run, json_t *warnings);
/* The result, as text or JSON. Returns the exit code. */
int train_print(const train_run *run, const cli_result *result, bool json);

#endif
