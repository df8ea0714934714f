/* A run of the subcommand train, and what is measured and printed of it. */
#ifndef BIASCOPE_CLI_TRAIN_H
#define BIASCOPE_CLI_TRAIN_H

#include "cli/cli.h"
#include "study/reference.h"
#include <stdio.h>

typedef struct {
  const biascope_options *options;
  biascope_dataset *data;
  biascope_trainer *trainer;
  bs_reference *reference;               /* NULL where the data are not separable: */
  biascope_parts parts;                  /* then these */
  biascope_error not_separable;          /* and this is why */
  double *minimiser;                     /* of the loss on the inseparable part; NULL where it is not known */
  double *halves;                        /* scratch for the weights inside and outside its span, d each */
  const biascope_prediction *prediction; /* the reference's; NULL: none is certified */
  bs_measurement last;                   /* of the current weights */
  uint64_t momentum_stale_until, second_stale_until; /* the last steps measured that found them stale */
  double momentum_excess, second_excess;             /* there */
} train_run;

biascope_status train_measure(train_run *run, biascope_error *error);
/* The trace, a row of CSV a measurement. */
void train_trace_head(FILE *trace);
biascope_status train_trace_row(const train_run *run, FILE *trace, biascope_error *error);
/* After `error` said that the data are not separable: finds their parts. Where those are not certified, it stands. */
biascope_status train_take_apart(train_run *run, biascope_error *error);
void train_print_parts(const train_run *run);
json_t *train_json_parts(const train_run *run);
/* The result, as text or JSON. Returns the exit code. */
int train_print(const train_run *run, bool json);

#endif
