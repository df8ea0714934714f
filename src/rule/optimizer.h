/* An optimizer is a row of one table: which moments it keeps of the batch gradient g, and which direction it
 * draws from them. Training steps along it; the limit prediction sums it over an epoch. */
#ifndef BIASCOPE_RULE_OPTIMIZER_H
#define BIASCOPE_RULE_OPTIMIZER_H

#include "biascope.h"

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

typedef struct {
  const char *name;
  bool momentum; /* m = b1 m + (1-b1) g; else m = g */
  bs_second_moment second;
  bs_direction direction;
  bool weight_decay; /* w -= eta weight_decay w beside the step */
  bool full_batch;   /* defined for the full batch only */
} bs_optimizer_rule;

const bs_optimizer_rule *bs_optimizer_rule_of(biascope_optimizer optimizer);
/* The beta1 in force: 0 for a rule without momentum. */
double bs_effective_beta1(const biascope_train_options *options);
/* The beta2 in force: 0 for a rule without an averaged second moment. */
double bs_effective_beta2(const biascope_train_options *options);

enum { BS_MOST_THREADS = 1024 };
/* Checks every option against its range and the data's N samples. */
biascope_status bs_train_options_check(const biascope_train_options *options, size_t samples, biascope_error *error);

/* Samples in a batch of the full size, and batches in an epoch (the last one may be smaller). */
size_t bs_batch_size(const biascope_train_options *options, size_t samples);
size_t bs_batches_per_epoch(const biascope_train_options *options, size_t samples);
/* Whether a batch holds half of the samples or more. */
bool bs_batch_is_most(const biascope_train_options *options, size_t samples);
/* Whether every step sees every sample once: batch size 0, or N but not drawn with replacement. */
bool bs_is_full_batch(const biascope_train_options *options, size_t samples);
/* eta_t = lr (t+2)^-lr_decay, t from 0. */
double bs_learning_rate(const biascope_train_options *options, uint64_t step);
/* What weight decay leaves of a weight in a step of that eta. */
static inline double bs_shrink(const bs_optimizer_rule *rule, const biascope_train_options *options, double eta) {
  return rule->weight_decay ? 1.0 - eta * options->weight_decay : 1.0;
}

#endif
