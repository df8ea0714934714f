/* A run of the subcommand train: what is measured and printed. */
#ifndef BIASCOPE_CLI_TRAIN_H
#define BIASCOPE_CLI_TRAIN_H

#include "cli/cli.h"
#include <stdio.h>

/* The run at a recorded step, kept until there are references to compare with. */
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
  bool chosen;                           /* it was given; else those that take only seconds are computed */
  bool no_prediction;                    /* the limit is not wanted */
  bool compared;                         /* the references have been looked for: */
  biascope_reference_set wanted;         /* these were found */
  biascope_reference_set too_long;       /* these were not */
  const biascope_prediction *prediction; /* the limit; NULL: not certified */
  biascope_error no_limit;               /* why it is not */
  bool separable;                        /* as far as is known; if not: */
  biascope_error not_separable;          /* why not */
  const biascope_parts *parts;           /* the parts of the data */
  const double *minimiser;               /* the minimiser of the loss on the inseparable part; NULL if not known */
  biascope_parts_measurement split;      /* of the final weights */
  biascope_measurement last;             /* of the final weights */
  double *direction;                     /* the final weights, scaled to Euclidean norm 1, or 0 */
  FILE *trace;                           /* NULL: no trace is written */
  train_row *rows;                       /* rows of the trace that are not yet written */
  size_t row_count, row_capacity;
  uint64_t momentum_stale_until, second_stale_until; /* the last recorded steps at which the moments were stale */
  double momentum_excess, second_excess;             /* at that step */
  double start_log_loss;                             /* at w = 0 */
  uint64_t half_step; /* the last recorded step in the first half of the run, and the least x_i.w there */
  double half_margin;
} train_run;

/* Finds the chosen references and the limit or, if the data are not separable, their parts. Once. */
biascope_status train_compare(train_run *run, biascope_error *error);
/* Records the run's current state; if there is a trace, as a row of it. */
biascope_status train_record(train_run *run, uint64_t steps, biascope_error *error);
/* Keeps a row of the trace with a copy of the weights. If too many are kept, they are compared and written. */
biascope_status train_keep_row(train_run *run, const train_row *row, biascope_error *error);
/* Measures weights against the references. */
biascope_status train_measure(train_run *run, const double *w, biascope_measurement *out, biascope_error *error);
/* A reference that was looked for; NULL: it was not looked for, or is not certified. */
const biascope_margin *train_reference(const train_run *run, size_t reference);
/* The trace: one row of CSV for each record. The rows are compared before they are written. */
void train_trace_head(const train_run *run);
biascope_status train_trace_rows(train_run *run, biascope_error *error);
/* Frees what comparing and recording allocated. */
void train_compared_free(train_run *run);
void train_print_parts(const train_run *run);
json_t *train_json_parts(const train_run *run);
/* Warnings for the user, added to the array, or printed as lines of text if it is NULL. */
void train_give_warnings(const train_run *run, json_t *warnings);
/* The result, as text or JSON. Returns the exit code. */
int train_print(const train_run *run, const cli_result *result, bool json);

#endif
