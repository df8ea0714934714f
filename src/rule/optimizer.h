/* An optimizer is one rule: the moments it keeps of the batch gradient g, the step it takes from them, the options it
 * reads, what is known about its limit, and which fast paths of the trainer are valid for it. A family of rules is one
 * file, which has their steps and the means of those over an epoch (epoch.h). */
#ifndef BIASCOPE_RULE_OPTIMIZER_H
#define BIASCOPE_RULE_OPTIMIZER_H

#include "rule/epoch.h"
#include "rule/option.h"
#include "rule/step.h"

/* All rules, X(NAME, name), in the order of biascope_optimizer: BIASCOPE_NAME is the rule BS_RULE(name). */
#define BS_EVERY_RULE(X)                                                                                               \
  X(GD, gd)                                                                                                            \
  X(NGD, ngd)                                                                                                          \
  X(SIGNGD, signgd)                                                                                                    \
  X(SIGNUM, signum)                                                                                                    \
  X(ADAM, adam)                                                                                                        \
  X(RMSPROP, rmsprop)                                                                                                  \
  X(ADAGRAD, adagrad)                                                                                                  \
  X(ADAMPROXY, adamproxy)                                                                                              \
  X(ADAMW, adamw)                                                                                                      \
  X(LION, lion)                                                                                                        \
  X(NADAM, nadam)                                                                                                      \
  X(ADAMAX, adamax)                                                                                                    \
  X(MUON, muon)                                                                                                        \
  X(SPECTRAL_DESCENT, spectral)                                                                                        \
  X(NUCLEAR_DESCENT, nuclear)                                                                                          \
  X(POLARGRAD, polargrad)                                                                                              \
  X(SHAMPOO, shampoo)

/* An option that the rule reads, in addition to those that every rule reads, and the rule's default. */
typedef struct {
  bs_option option;
  double otherwise;
} bs_rule_option;

enum { BS_MOST_RULE_OPTIONS = 8 };

typedef enum {
  BS_NO_SECOND_MOMENT,
  BS_SECOND_AVERAGE,    /* v = b2 v + (1-b2) g^2 */
  BS_SECOND_SUM,        /* v = v + g^2 */
  BS_SECOND_MAXIMUM,    /* v = max(b2^2 v, (|g| + eps)^2) */
  BS_SECOND_PER_SAMPLE, /* v = sum_i g_i^2 over the samples' own gradients */
  BS_SECOND_FACTORS     /* the rule's own, in bs_matrix_state.factors */
} bs_second_moment;

/* What is known about the direction to which training converges. */
typedef enum {
  BS_LIMIT_UNKNOWN,     /* nothing: predictions are refused, with the text `unknown` */
  BS_LIMIT_L2,          /* the l2 max margin, whatever the batches */
  BS_LIMIT_EQUILIBRIUM, /* an equilibrium of the epoch map; over the full batch a max margin */
  BS_LIMIT_ACCUMULATED  /* v is a sum over the run: the decay of the step size decides (limit/adagrad.c) */
} bs_limit_kind;

/* The paths that only save time (src/train/fast); a rule lists those that give the same as its plain step. */
enum {
  BS_FAST_ALONE = 1 << 0,  /* the gradient as a multiple of a sample: no coordinate's step reads another coordinate */
  BS_FAST_LAZY = 1 << 1,   /* features updated lazily: it is known how a direction shrinks without gradients */
  BS_FAST_PASSES = 1 << 2, /* passes over tiles or blocks of the data: the step reads no gradient of a single sample */
  BS_FAST_ROOTS = 1 << 3   /* some roots of m / (sqrt(v) + eps) by multiplications */
};

typedef struct bs_optimizer_rule {
  const char *name;
  bs_rule_option reads[BS_MOST_RULE_OPTIONS]; /* ends at the option 0 */
  bs_second_moment second; /* beside the momentum m = b1 m + (1-b1) g, with b1 = 0 for rules that do not read it */
  /* Fills the decays of m and v, beta1 and beta2, and the lead. NULL: the options beta1 and beta2, if they are
   * read. */
  void (*averages)(const biascope_options *options, bs_epoch_rule *out);
  /* Turns the rate of a step, whose eta and shrink are filled, into the factors of this rule. NULL: no change. */
  void (*weigh)(const biascope_options *options, uint64_t step, bs_rate *rate);
  bs_direction direction;  /* of the step and, for BS_LIMIT_EQUILIBRIUM, of the epoch map */
  biascope_norm_kind norm; /* in which steps are largest; of one row of weights, those of matrices are L2 */
  bool full_batch;         /* defined for the full batch only */
  bs_step *step;
  bs_step *blended; /* with bias correction or Nesterov's momentum, which weigh m, g and eps; NULL: the same */
  /* How many doubles the rule keeps and works in, for weights of so many rows and columns. NULL: none. */
  void (*memory)(const biascope_options *options, size_t rows, size_t columns, size_t *factors, size_t *scratch);
  bs_limit_kind limit;
  bs_rule_option torch[BS_MOST_RULE_OPTIONS]; /* torch.optim's defaults; empty: torch has no such class */
  const char *unknown;                        /* BS_LIMIT_UNKNOWN: why, and what the user can do */
  unsigned fast;                              /* a sum of BS_FAST_ values */
} bs_optimizer_rule;

#ifndef BS_RULE
#define BS_RULE(name) bs_rule_##name
#endif
#define BS_DECLARE_RULE(NAME, name) extern const bs_optimizer_rule BS_RULE(name);
BS_EVERY_RULE(BS_DECLARE_RULE)
#undef BS_DECLARE_RULE

/* NULL if there is no such optimizer. */
const bs_optimizer_rule *bs_optimizer_rule_of(biascope_optimizer optimizer);
/* The rule's entry for an option that not every rule reads; NULL: the rule does not read it. */
const bs_rule_option *bs_rule_option_of(const bs_optimizer_rule *rule, bs_option option);
/* The same for torch.optim's defaults. */
const bs_rule_option *bs_torch_option_of(const bs_optimizer_rule *rule, bs_option option);

/* The direction, and the averages that the rule keeps and steps along; decays are 0 for what it does not average. */
bs_epoch_rule bs_averages_of(const biascope_options *options);
/* The decays of m and v in these averages, beta1 and beta2. */
double bs_effective_beta1(const biascope_options *options);
double bs_effective_beta2(const biascope_options *options);
/* For BS_LIMIT_EQUILIBRIUM: changes the options of a run over N samples to those of a run whose epoch map has the
 * updates of the rule, and fills the rule of the map. */
void bs_epoch_rule_of(biascope_options *training, size_t samples, bs_epoch_rule *out);

/* Whether the update is bounded for all gradients. By Cauchy and Schwarz, m / sqrt(v) is bounded if beta1^2 < beta2,
 * and only then: while gradients shrink, m contains older ones than sqrt(v). */
bool bs_has_bounded_update(const biascope_options *options);

/* The samples in a batch of full size, and the batches in an epoch (the last one may be smaller). */
size_t bs_batch_size(const biascope_options *options, size_t samples);
size_t bs_batches_per_epoch(const biascope_options *options, size_t samples);
/* Whether a batch holds half of the samples or more. */
bool bs_batch_is_most(const biascope_options *options, size_t samples);
/* Whether every step sees every sample once: batch size 0, or N but not drawn with replacement. */
bool bs_is_full_batch(const biascope_options *options, size_t samples);
/* Whether the run draws random numbers. */
bool bs_seed_matters(const biascope_options *options);
/* Whether steps also shrink the weights, so that they stay bounded. */
bool bs_weights_shrink(const biascope_options *options);
/* Whether a step's gradient is that of the batch, unchanged, as the fast paths assume. */
bool bs_gradient_is_plain(const biascope_options *options);
/* BIASCOPE_USAGE, in words, if the gradients are not plain and the run therefore goes elsewhere than with plain ones.
 * `steps`: to the point after so many; 0: to its limit. */
biascope_status bs_require_plain_limit(const biascope_options *options, uint64_t steps, biascope_error *error);
/* eta_t by the schedule, t from 0. */
double bs_learning_rate(const biascope_options *options, uint64_t step);
/* The same function of a real t >= 0. */
double bs_learning_rate_at(const biascope_options *options, double t);
/* What muon multiplies eta with, for weights of so many rows and columns; 1 for other rules. */
double bs_lr_adjustment(const biascope_options *options, size_t rows, size_t columns);
/* Whether all step sizes are equal. */
bool bs_step_sizes_equal(const biascope_options *a, const biascope_options *b);
/* The same run, with a constant step size written as the power 0. */
biascope_options bs_options_in_powers(const biascope_options *options);
/* The rule's step under these options. */
bs_step *bs_step_of(const biascope_options *options);
/* Whether every step asks the rule: for the weights of momenta and gradient, or for the scale of its momentum. */
bool bs_step_weighs(const biascope_options *options);
bs_rate bs_rate_before_steps(const biascope_options *options);
/* The factors of a step of that eta; *rate is that of an earlier step, or that before all steps. */
void bs_rate_set(const biascope_options *options, uint64_t step, double eta, bs_rate *rate);
/* Whether steps with the same eta have different factors at different times. */
bool bs_rate_varies(const biascope_options *options);
/* Weight decay that is added to the gradient. */
double bs_coupled_decay(const biascope_options *options);

#endif
