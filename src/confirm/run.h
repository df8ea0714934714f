/* A run of the trainer from w = 0 whose steps are small: what training does, beside which a prediction is held. */
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
  double margin;                 /* the least after all steps; */
  double time;                   /* sum of eta from half of the steps to all of them */
  double growth;                 /* what it has gained since half of them, per unit of sum eta */
  bool rests;                    /* the increment is nothing beside the weights, though sum eta grows */
  bool escaped;                  /* weights left every range: nothing above but steps, lr and lr_decay holds */
} bs_run;

/* Multiplications that a step takes, roughly. */
double bs_run_step_cost(const biascope_dataset *data, const biascope_options *training);

/* Trains with the rule, batches and loss of `training`. Where its step size tends to zero and the limit does not
 * depend on how, the run takes small steps that slowly decay, so that the least margin grows to about `goal`;
 * elsewhere, and with the goal 0, it takes the steps of `training`. */
biascope_status bs_run_make(const biascope_dataset *data, const biascope_options *training, uint64_t steps, double goal,
                            bs_run *out, biascope_error *error);
void bs_run_free(bs_run *run);

/* Whether the limit hangs on the step sizes of `training`: adagrad, and steps that stay constant. */
bool bs_run_keeps_steps(const biascope_options *training);

#endif
