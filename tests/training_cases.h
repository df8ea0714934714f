/* Options that take a trainer through each of its paths. */
#ifndef BIASCOPE_TESTS_TRAINING_CASES_H
#define BIASCOPE_TESTS_TRAINING_CASES_H

#include "margin_cases.h"
#include "rule/optimizer.h"

#define ONE_MORE(NAME, name) +1
enum { TRAINED = 0 BS_EVERY_RULE(ONE_MORE), TRAINING_CASES = TRAINED * 3 * 2 };
#undef ONE_MORE

/* Each optimizer, in each order, with a batch size from 1 to N drawn by the seed; eps every other time. */
static inline biascope_options training_case(size_t index, size_t samples, uint64_t seed) {
  biascope_options options = bs_options_of((biascope_optimizer)(index % TRAINED));
  options.order = (biascope_order)(index / TRAINED % 3);
  options.loss = (biascope_loss)((index + seed) % 2);
  options.batch_size = 1 + bs_random_below(seed, BS_STREAM_NOISE, index, samples);
  if (biascope_options_reads(&options, "eps")) options.eps = index / (3 * TRAINED) ? 1e-6 : 0.0;
  options.seed = seed;
  if (options.optimizer == BIASCOPE_ADAMPROXY) {
    options.batch_size = 0;
    options.order = BIASCOPE_CYCLIC;
  }
  return options;
}

/* The same with what the rule reads beside: biases corrected, Nesterov's momentum, decay in the gradient, a schedule.
 */
static inline void vary(biascope_options *options, size_t index) {
  options->bias_correction = biascope_options_reads(options, "bias_correction");
  if (biascope_options_reads(options, "momentum")) {
    options->momentum = 0.5;
    options->beta1 = 0.0; /* in whose place it is */
  }
  options->nesterov = options->momentum > 0.0 && index % 2;
  options->torch = bs_optimizer_rule_of(options->optimizer)->torch[0].option && index % 3 == 0;
  if (biascope_options_reads(options, "weight_decay")) options->weight_decay = 0.01;
  options->schedule = (biascope_schedule)(index % 5);
  options->total_steps = 400;
  options->step_every = 7;
  options->step_factor = 0.9;
  options->warmup = index % 4;
}

static inline biascope_trainer *trainer_of(const biascope_dataset *data, const biascope_options *options) {
  biascope_trainer *trainer;
  biascope_error error;
  if (biascope_trainer_create(data, options, &trainer, &error) != BIASCOPE_OK) fail_msg("%s", error.message);
  return trainer;
}

static inline void advance(biascope_trainer *trainer, uint64_t steps) {
  biascope_error error;
  if (biascope_trainer_run(trainer, steps, &error) != BIASCOPE_OK) fail_msg("%s", error.message);
}

#endif
