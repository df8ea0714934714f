/* The ways to find a limit direction; predict.c chooses one. Each fills a prediction made by
 * bs_prediction_allocate. */
#ifndef BIASCOPE_LIMIT_PREDICT_H
#define BIASCOPE_LIMIT_PREDICT_H

#include "limit/equilibrium.h"

/* Where a search starts: at what a run shows in its end. */
typedef struct {
  const double *log_weights; /* N: log |l'(z_i)| at its margins z, up to a common constant */
  const double *updates;     /* of signs in a fixed order, the mean of each update over the last epochs: steps of an
                              * epoch x weights; NULL: not known */
} bs_start;

typedef struct {
  const biascope_dataset *data;
  biascope_options training;        /* checked */
  biascope_predict_options options; /* tolerance > 0 */
  int exponent;                     /* data and training are in units of 2^exponent of the caller's (unit.h) */
  const bs_start *start;            /* where the search for an equilibrium starts; NULL: from w = 0 */
} bs_question;

/* The options with their defaults filled in; NULL: all defaults. */
biascope_predict_options bs_predict_options_of(const biascope_predict_options *options);

/* A prediction of nothing yet, with its arrays. */
biascope_status bs_prediction_allocate(const biascope_dataset *data, biascope_prediction *out, biascope_error *error);
/* BIASCOPE_USAGE if the step sizes end, or their sum is finite by design: there is no limit. */
biascope_status bs_require_lasting_steps(const biascope_options *training, biascope_error *error);

/* biascope_predict without confirmation, for the equilibrium to which the flow from this start leads. NULL: from w = 0,
 * where limits known in closed form are not searched for. */
biascope_status bs_predict_from(const biascope_dataset *data, const biascope_options *training,
                                const biascope_predict_options *options, const bs_start *start,
                                biascope_prediction *out, biascope_error *error);

/* A piece of the path that small steps follow, dw/ds = D with s = sum eta, and its end. */
typedef struct {
  const double *start;     /* d: the weights at its start */
  double time;             /* the length of the piece in s */
  double error;            /* of a margin in a step along the path */
  const double *direction; /* d: the direction at which the path may end, of Euclidean norm 1; NULL: none is known */
  const double *gain;      /* d: what a run gains over the piece, or NULL; */
  double same;         /* 1 - cos with the path's gain beyond which it is not followed on from the end of the piece; */
  double further;      /* and the effort it may take there if it is; 0: that of the options; */
  double near;         /* and beyond that of the options only as long as it is further than this from `direction` */
  double *increment;   /* d: on return the change of the weights over the piece; 0 if it was not followed so far */
  double chance;       /* on return of a random order, 1 - cos by which sampling it sets the increment aside */
  double *end;         /* d: on return the direction in which weights grow at the end of the path */
  bool settled;        /* on return: that has settled, */
  double speed;        /* and the weights move so fast in it, in Euclidean norm per unit of s */
  double end_error;    /* on return of a random order, the standard error of that direction in radians */
  double falls;        /* on return, by how many standard errors the mean growth of the margins that decide is below
                        * 0; of a fixed order infinitely many or none */
  double *log_weights; /* N: on return log |l'(z_i)| there, up to a common constant; NULL: not wanted */
  double *updates;     /* of signs in a fixed order, on return each update of an epoch there: steps x d; NULL: not
                        * wanted */
} bs_way;

/* Follows the path of the updates of `training`, with the effort of the options. Rules of BS_LIMIT_EQUILIBRIUM with
 * eps 0 and steps that tend to zero. */
biascope_status bs_follow_way(const biascope_dataset *data, const biascope_options *training,
                              const biascope_predict_options *options, bs_way *way, biascope_error *error);

/* The max-margin direction of a norm: gd, adagrad, ... `method` is a static string. */
biascope_status bs_predict_margin(const bs_question *question, biascope_norm norm, const char *method,
                                  biascope_prediction *out, biascope_error *error);

/* The linf max-margin direction, of rules whose update over the full batch is the sign of the gradient; and its rate.
 */
biascope_status bs_predict_full_batch_sign(const bs_question *question, const bs_epoch_rule *rule,
                                           biascope_prediction *out, biascope_error *error);

/* The equilibrium of the epoch map of `rule` under the question's batches. */
biascope_status bs_predict_equilibrium(const bs_question *question, const bs_epoch_rule *rule, const char *method,
                                       biascope_prediction *out, biascope_error *error);

/* The same of a random order, for steps that tend to zero. */
biascope_status bs_predict_random_order(const bs_question *question, const bs_epoch_rule *rule,
                                        biascope_prediction *out, biascope_error *error);

/* Writes the game's point to the prediction. The dual is on samples that have weight and whose margins grow most
 * slowly. */
void bs_export_equilibrium(const bs_game *game, const double *log_weights, const bs_equilibrium *found,
                           biascope_prediction *out);

/* adagrad: a max-margin direction whose metric the first steps decide, or an equilibrium, depending on the decay of the
 * step size. */
biascope_status bs_predict_adagrad(const bs_question *question, biascope_prediction *out, biascope_error *error);

/* BIASCOPE_NOT_SEPARABLE, with its message, if the data are not separable. */
biascope_status bs_require_separable(const biascope_dataset *data, biascope_error *error);

#endif
