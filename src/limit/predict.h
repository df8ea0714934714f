/* The ways a limit direction is found; predict.c picks one. Each fills a prediction that bs_prediction_allocate made.
 */
#ifndef BIASCOPE_LIMIT_PREDICT_H
#define BIASCOPE_LIMIT_PREDICT_H

#include "limit/equilibrium.h"

typedef struct {
  const biascope_dataset *data;
  biascope_options training;        /* checked */
  biascope_predict_options options; /* tolerance > 0 */
  int exponent;                     /* data and training are in units of 2^exponent of what was asked (unit.h) */
  const double *log_weights;        /* N: where an equilibrium is searched from; NULL: from w = 0 */
} bs_question;

/* The options with their defaults filled in; NULL: all of them. */
biascope_predict_options bs_predict_options_of(const biascope_predict_options *options);

/* biascope_predict without confirming, for the equilibrium that the flow from these N log-weights leads to: log
 * |l'(z_i)| at the margins z of some w, up to a common constant. NULL: from w = 0, and limits known in closed form are
 * not searched for. */
biascope_status bs_predict_from(const biascope_dataset *data, const biascope_options *training,
                                const biascope_predict_options *options, const double *log_weights,
                                biascope_prediction *out, biascope_error *error);

/* A piece of the path that small steps follow, dw/ds = D with s = sum eta, and where it leads. */
typedef struct {
  const double *start;     /* d: the weights it starts from */
  double time;             /* s of the piece */
  const double *direction; /* d: where it is thought to lead, of Euclidean norm 1 */
  double *increment;       /* d: filled with what the weights gain over the piece; 0 where it was not followed so far */
  double apart;            /* filled: the least 1 - cos between the direction and D that the path ended with */
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

/* The cyclic order where the linf max-margin's support is in one batch: beside it the other batches' gradients vanish,
 * so that m / sqrt(v) is that batch's sign in every coordinate, and c is the max-margin's dual. Elsewhere leaves `out`.
 */
biascope_status bs_predict_one_batch(const bs_question *question, const bs_epoch_rule *rule, biascope_prediction *out,
                                     bool *applies, biascope_error *error);

/* The equilibrium of the epoch map of `rule` under the question's batches. */
biascope_status bs_predict_equilibrium(const bs_question *question, const bs_epoch_rule *rule, const char *method,
                                       biascope_prediction *out, biascope_error *error);

/* The same of a random order, for steps that tend to zero. */
biascope_status bs_predict_random_order(const bs_question *question, const bs_epoch_rule *rule,
                                        biascope_prediction *out, biascope_error *error);

/* Writes the game's point into the prediction. The dual is on samples that weigh and whose margins grow slowest. */
void bs_export_equilibrium(const bs_game *game, const double *log_weights, const bs_equilibrium *found,
                           biascope_prediction *out);

/* adagrad: a max-margin direction whose metric the first steps decide, or an equilibrium, by how the step size decays.
 */
biascope_status bs_predict_adagrad(const bs_question *question, biascope_prediction *out, biascope_error *error);

/* BIASCOPE_NOT_SEPARABLE with its message where the data are not. */
biascope_status bs_require_separable(const biascope_dataset *data, biascope_error *error);

#endif
