/* The inside of a run in progress. */
#ifndef BIASCOPE_TRAIN_TRAINER_H
#define BIASCOPE_TRAIN_TRAINER_H

#include "data/text.h"
#include "loss/loss.h"
#include "train/fast.h"
#include "train/moments.h"
#include "train/sampler.h"
#include "train/snapshot.h"

struct biascope_trainer {
  const biascope_dataset *data;
  biascope_options options;
  const bs_optimizer_rule *rule;
  const bs_loss *loss;
  bs_sampler sampler;
  bs_moments *moments; /* one for each output */
  double eta;          /* before what the rule makes of it; < 0 at first */
  bs_rate rate;        /* of the last step */
  bool weighs, varies; /* the rule is asked for the rate of every step; so it is where eta stays the same */
  bool plain;          /* fast/together.h takes its steps */
  bs_scope whole;
  bs_fast fast;          /* where it has lazy, `moments` is what bs_fast_show shows */
  double *score;         /* x_i.w_j of the batch's samples, samples x outputs, */
  bs_weight *weight;     /* and their parts in the mean gradient, outputs x samples */
  bs_snapshot *snapshot; /* of variance reduction; else NULL */
  double *shown;         /* several outputs: the weights as users read them, outputs x features; else NULL */
  const double *rows;    /* dense data, rows padded to whole vectors */
  double *padded_rows;   /* owns rows where the data's own were not padded */
  double largest_weight; /* beyond it a run ends with an error */
  uint64_t step;
};

/* Sets the factors of the step to come, whose step size is eta; rules whose steps ask for no weights are not asked. */
static inline void bs_trainer_set_rate(biascope_trainer *trainer, double eta) {
  if (eta == trainer->eta && !trainer->varies) return;
  trainer->eta = eta;
  if (trainer->weighs)
    bs_rate_set(&trainer->options, trainer->step, eta, &trainer->rate);
  else
    bs_rate_put_eta(eta, &trainer->rate);
}

/* One step, by itself. */
void bs_trainer_take_step(biascope_trainer *trainer);

/* The weights and moments of all features, as of now; held by the trainer until its next step. */
const bs_moments *bs_trainer_state(const biascope_trainer *trainer);

/* Resumes from a checkpoint's text. On failure the trainer is as it was. */
biascope_status bs_checkpoint_parse(biascope_trainer *trainer, const bs_text *text, biascope_error *error);

/* A sample's margin, from which its loss follows: x_i.w, or the soft least margin of several classes (loss/classes.h).
 */
double bs_trainer_margin(const biascope_trainer *trainer, size_t sample);

/* v in absolute units: outputs x features entries written. Those below double's range are 0. */
void bs_trainer_second_moment(const biascope_trainer *trainer, double *v);

#endif
