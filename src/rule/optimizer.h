/* An optimizer is a row of one table: which moments it keeps of the batch gradient g, and which direction it
 * draws from them. Training steps along it; the limit prediction sums it over an epoch. */
#ifndef BIASCOPE_RULE_OPTIMIZER_H
#define BIASCOPE_RULE_OPTIMIZER_H

#include "rule/option.h"

typedef enum {
  BS_NO_SECOND_MOMENT,
  BS_SECOND_AVERAGE,   /* v = b2 v + (1-b2) g^2 */
  BS_SECOND_SUM,       /* v = v + g^2 */
  BS_SECOND_PER_SAMPLE /* v = sum_i g_i^2 over the samples' own gradients */
} bs_second_moment;

typedef enum {
  BS_IDENTITY,   /* m */
  BS_NORMALISED, /* m / ||m||_2 */
  BS_SIGN,       /* sign(m), sign(0) = 0 */
  BS_RATIO       /* m / (sqrt(v) + eps), 0/0 = 0 */
} bs_direction;

/* An option that the rule reads, beside those that every rule reads, and the rule's default. */
typedef struct {
  bs_option option;
  double otherwise;
} bs_rule_option;

enum { BS_MOST_RULE_OPTIONS = 8 };

typedef struct {
  const char *name;
  bool momentum; /* m = b1 m + (1-b1) g; else m = g */
  bs_second_moment second;
  bs_direction direction;
  bool full_batch;                            /* defined for the full batch only */
  bs_rule_option reads[BS_MOST_RULE_OPTIONS]; /* ends where the option is 0 */
} bs_optimizer_rule;

const bs_optimizer_rule *bs_optimizer_rule_of(biascope_optimizer optimizer);
/* What the rule says of an option that not every rule reads; NULL: it does not read it. */
const bs_rule_option *bs_rule_option_of(const bs_optimizer_rule *rule, bs_option option);
/* The beta1 in force: 0 for a rule without momentum. */
double bs_effective_beta1(const biascope_options *options);
/* The beta2 in force: 0 for a rule without an averaged second moment. */
double bs_effective_beta2(const biascope_options *options);

/* Samples in a batch of the full size, and batches in an epoch (the last one may be smaller). */
size_t bs_batch_size(const biascope_options *options, size_t samples);
size_t bs_batches_per_epoch(const biascope_options *options, size_t samples);
/* Whether a batch holds half of the samples or more. */
bool bs_batch_is_most(const biascope_options *options, size_t samples);
/* Whether every step sees every sample once: batch size 0, or N but not drawn with replacement. */
bool bs_is_full_batch(const biascope_options *options, size_t samples);
/* Whether the run draws random numbers. */
bool bs_seed_matters(const biascope_options *options);
/* Whether a step's gradient is the batch's own, as the fast paths take it to be. */
bool bs_gradient_is_plain(const biascope_options *options);
/* eta_t = lr (t+2)^-lr_decay, t from 0. */
double bs_learning_rate(const biascope_options *options, uint64_t step);
/* What weight decay leaves of a weight in a step of that eta. */
static inline double bs_shrink(const bs_optimizer_rule *rule, const biascope_options *options, double eta) {
  return bs_rule_option_of(rule, BS_OPTION_WEIGHT_DECAY) ? 1.0 - eta * options->weight_decay : 1.0;
}

#endif
