/* What a direction found on a data set is held against: the max-margin solutions of three norms and the limits
 * predicted for optimizers, each with its certificate. Shared by threads. */
#ifndef BIASCOPE_STUDY_REFERENCE_H
#define BIASCOPE_STUDY_REFERENCE_H

#include "base/error.h"

/* The norms measured, in the order of biascope_norm_kind. */
enum { BS_REFERENCE_NORMS = 3 };
extern const char *const BS_REFERENCE_NORM_NAMES[BS_REFERENCE_NORMS];

typedef struct bs_reference bs_reference;

/* One direction, measured. NaN where there is nothing to measure against. */
typedef struct {
  double margin[BS_REFERENCE_NORMS];
  double ratio[BS_REFERENCE_NORMS]; /* of the best margin */
  double cosine[BS_REFERENCE_NORMS], angle[BS_REFERENCE_NORMS];
  double cosine_predicted; /* with the nearest where the limit is one of several */
} bs_measurement;

/* What to find, and what it may cost. Zero-initialised means: every norm, whatever it takes. */
typedef struct {
  bool omitted[BS_REFERENCE_NORMS];
  double seconds;                     /* that the margins may take together, as estimated before each; 0: any */
  double prediction_effort;           /* of a limit (biascope_predict_options); 0: that of half a minute */
  void (*announce)(const char *what); /* called before what may take long; NULL: no call */
} bs_reference_choice;

typedef enum {
  BS_REFERENCE_CERTIFIED,
  BS_REFERENCE_UNCERTIFIED,
  BS_REFERENCE_OMITTED,
  BS_REFERENCE_TOO_LONG
} bs_reference_state;

/* Solves for the margins chosen (NULL: all). The data must outlive the reference. BIASCOPE_NOT_SEPARABLE: there is
 * none. */
biascope_status bs_reference_create(const biascope_dataset *data, const bs_reference_choice *choice, bs_reference **out,
                                    biascope_error *error);
void bs_reference_free(bs_reference *reference);

const biascope_dataset *bs_reference_data(const bs_reference *reference);
/* The solution of norm `index`; where it did not converge, its gap says how far it is certified; empty where it was not
 * computed. */
const biascope_margin *bs_reference_margin(const bs_reference *reference, int index);
bs_reference_state bs_reference_state_of(const bs_reference *reference, int index);
bool bs_reference_solved(const bs_reference *reference, int index); /* certified or not, there is a solution */
bool bs_reference_certified(const bs_reference *reference, int index);
/* Whether the limits are the same, as they are for many step sizes. */
bool bs_reference_same_limit(const biascope_options *a, const biascope_options *b);
/* The limit for these options, computed once and kept. NULL in *out where none is certified. */
biascope_status bs_reference_predict(bs_reference *reference, const biascope_options *options,
                                     const biascope_prediction **out, biascope_error *error);
/* After it gave NULL: why. Owned by the reference. */
const char *bs_reference_why_not(bs_reference *reference, const biascope_options *options);
/* prediction: may be NULL. */
biascope_status bs_reference_measure(const bs_reference *reference, const biascope_prediction *prediction,
                                     const double *w, bs_measurement *out, biascope_error *error);

#endif
