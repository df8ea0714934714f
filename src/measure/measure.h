/* What is said of weights. Each measure is a row of one table and has one name: in JSON, traces, stores and plots. */
#ifndef BIASCOPE_MEASURE_MEASURE_H
#define BIASCOPE_MEASURE_MEASURE_H

#include "biascope.h"

/* The norms that weights are measured in, in the order of biascope_norm_kind. */
enum { BS_REFERENCE_NORMS = 3 };
extern const char *const BS_REFERENCE_NORM_NAMES[BS_REFERENCE_NORMS];

/* The measures of one direction. NaN where there is nothing to measure against. */
typedef struct {
  double log_loss;    /* of the mean loss over the samples */
  double weight_norm; /* ||w||_2 */
  double margin[BS_REFERENCE_NORMS];
  double ratio[BS_REFERENCE_NORMS]; /* of the best margin */
  double cosine[BS_REFERENCE_NORMS], angle[BS_REFERENCE_NORMS];
  double cosine_predicted; /* with the nearest where the limit is one of several */
} bs_measurement;

typedef struct {
  const char *name;          /* "cosine_l2": in traces, stores and plots; the family, '_' and what it is of */
  const char *family, *of;   /* in JSON: "cosine":{"l2": ...}; `of` NULL: "log_loss": ... */
  const char *title, *label; /* in lists, and on the axes of plots */
  size_t offset;             /* of the member of bs_measurement */
  bool recorded;             /* in the traces of stored runs */
  bool of_limit;             /* the predicted direction has it as well: "limit_cosine_l2" */
} bs_measure;

size_t bs_measure_count(void);
const bs_measure *bs_measure_at(size_t index);
double bs_measure_of(const bs_measure *measure, const bs_measurement *measured);

#endif
