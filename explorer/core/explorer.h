/* The library as the page calls it: one explorer holds one data set, one set of options, and what was computed from
 * them. Every exported function returns a JSON object with a "status" (biascope_status) and, unless that is 0, a
 * "message"; the text belongs to the explorer and is valid until the next call. */
#ifndef EXPLORER_EXPLORER_H
#define EXPLORER_EXPLORER_H

#include "biascope.h"
#include "json.h"

/* Makes a function visible to JavaScript under its own name. */
#define EXPORTED(name) __attribute__((export_name(#name)))

typedef struct {
  biascope_dataset *data;
  biascope_problem *problem; /* of the data */
  biascope_options *options;
  biascope_trainer *trainer;        /* of the data and the options, as are the next two */
  biascope_forecast *forecast;      /* or NULL */
  const biascope_prediction *limit; /* the problem's; NULL: not known */
  biascope_error error;
  json reply;
} explorer;

/* Ends what depends on the options, or on the data as well. */
void explorer_drop_runs(explorer *e);
void explorer_drop_data(explorer *e);

/* Begins a reply. If the status is a failure, adds the message, and no more should follow. */
void explorer_begin(explorer *e, biascope_status status);
/* The whole reply of a function that has no other answer than its status. */
const char *explorer_answer(explorer *e, biascope_status status);
/* Fills the error and returns the status. */
biascope_status explorer_fail(explorer *e, biascope_status status, const char *message);
/* BIASCOPE_USAGE, with a message, if there are no data or no options. */
biascope_status explorer_require_data(explorer *e);

/* The number of weights: outputs x features. */
size_t explorer_weights(const explorer *e);

#endif
