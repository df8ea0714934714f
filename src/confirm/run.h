/* A run of the trainer from w = 0 with small steps: it shows what training does, for comparison with a prediction. */
#ifndef BIASCOPE_CONFIRM_RUN_H
#define BIASCOPE_CONFIRM_RUN_H

#include "biascope.h"

enum { BS_RUN_QUARTER, BS_RUN_HALF, BS_RUN_ALL, BS_RUN_MARKS };

typedef struct {
  uint64_t steps;
  double lr, lr_decay;           /* eta_t = lr (t+2)^-lr_decay */
  double *weights[BS_RUN_MARKS]; /* after a quarter, a half and all of the steps: d each */
  double *increment;             /* d: from half of the steps to all of them */
  double settle;                 /* 1 - cos(increment, the increment from a quarter to a half) */
  double margin;                 /* the least margin after all steps */
  double time;                   /* sum of eta from half of the steps to all of them */
  double growth;                 /* the growth of that margin since half of the steps, per unit of sum eta */
  bool worsens;                  /* from mark to mark the loss rises, and the least margin, below 0, falls */
  double fading;                 /* what gradients fade by in a step at the end, of what the averages forget */
  double chance;                 /* of a random order, in the increment: 1 - cos by which it sets it aside */
  bool rests;                    /* the increment is negligible beside the weights, although sum eta grows */
  bool escaped;                  /* weights left the range of doubles: only steps, lr and lr_decay are valid */
  biascope_trainer *trainer;     /* at its end */
} bs_run;

/* Trains with the rule, batches and loss of `training`. If its step size tends to zero and the limit does not depend on
 * how, the run takes small, slowly decaying steps, so that the least margin grows to about `goal`, or less: at the end
 * gradients fade in a step by no more than `fading` of what the averages forget. Otherwise, and for the goal 0, it
 * takes the steps of `training`. */
biascope_status bs_run_make(const biascope_dataset *data, const biascope_options *training, uint64_t steps, double goal,
                            double fading, bs_run *out, biascope_error *error);
/* The same with the steps eta_t = lr (t+2)^-lr_decay. */
biascope_status bs_run_make_with(const biascope_dataset *data, const biascope_options *training, uint64_t steps,
                                 double lr, double lr_decay, bs_run *out, biascope_error *error);
/* The largest lr of such a run. */
double bs_run_largest_lr(const biascope_dataset *data, const biascope_options *training);
/* The steps after which a run of such small steps has a least margin of `goal` while gradients fade no faster. */
double bs_run_steps_to(const biascope_options *training, size_t samples, double goal, double fading);
void bs_run_free(bs_run *run);
/* Which run something was found from: on the same data with the same options its steps and lr tell runs apart. */
typedef struct {
  uint64_t steps; /* 0: none */
  double lr;
} bs_run_name;
static inline bs_run_name bs_run_name_of(const bs_run *run) {
  return (bs_run_name){run->steps, run->lr};
}
static inline bool bs_run_has_name(const bs_run *run, bs_run_name name) {
  return run->steps == name.steps && run->lr == name.lr;
}

/* Goes on for so many epochs in a fixed order. updates (steps of an epoch x weights): the mean over them of the sign of
 * each step's update. */
biascope_status bs_run_watch_signs(const biascope_dataset *data, const biascope_options *training, bs_run *run,
                                   uint64_t epochs, double *updates, biascope_error *error);

/* Whether the limit depends on the step sizes of `training`: for adagrad, and for constant steps. */
bool bs_run_keeps_steps(const biascope_options *training);

#endif
