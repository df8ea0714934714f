/* The ways a limit direction is found; predict.c picks one. Each fills a prediction that bs_prediction_allocate made.
 */
#ifndef BIASCOPE_LIMIT_PREDICT_H
#define BIASCOPE_LIMIT_PREDICT_H

#include "limit/game.h"

typedef struct {
  const biascope_dataset *data;
  biascope_train_options training;  /* batch_size 1..N */
  biascope_predict_options options; /* tolerance > 0 */
} bs_question;

/* The max-margin direction of a norm: gd, full-batch adam, ... `method` is a static string. */
biascope_status bs_predict_margin(const bs_question *question, biascope_norm norm, const char *method,
                                  biascope_prediction *out, biascope_error *error);

/* The equilibrium of the epoch map of `rule` under the question's batches. */
biascope_status bs_predict_equilibrium(const bs_question *question, const bs_epoch_rule *rule, const char *method,
                                       biascope_prediction *out, biascope_error *error);

/* AdamProxy's map: beta1 = beta2 = 1 over the samples one by one. */
biascope_status bs_predict_proxy(const bs_question *question, const char *method, biascope_prediction *out,
                                 biascope_error *error);

/* BIASCOPE_NOT_SEPARABLE with its message where the data are not. */
biascope_status bs_require_separable(const biascope_dataset *data, biascope_error *error);

#endif
