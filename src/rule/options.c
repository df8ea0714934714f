/* Training options: defaults, ranges, and what follows from them. */
#include "rule/optimizer.h"

#include "base/error.h"
#include "loss/loss.h"
#include <math.h>

biascope_train_options biascope_train_defaults(biascope_optimizer optimizer) {
  biascope_train_options options = {.optimizer = optimizer, .loss = BIASCOPE_LOGISTIC, .lr = 0.1, .lr_decay = 0.5};
  switch (optimizer) {
  case BIASCOPE_SIGNUM:
    options.beta1 = 0.9;
    break;
  case BIASCOPE_RMSPROP:
    options.beta2 = 0.99;
    break;
  case BIASCOPE_ADAMW:
    options.weight_decay = 0.01; /* fall through */
  case BIASCOPE_ADAM:
    options.beta1 = 0.9;
    options.beta2 = 0.999;
    break;
  default:
    break;
  }
  return options;
}

double bs_effective_beta1(const biascope_train_options *options) {
  return bs_optimizer_rule_of(options->optimizer)->momentum ? options->beta1 : 0.0;
}

double bs_effective_beta2(const biascope_train_options *options) {
  return bs_optimizer_rule_of(options->optimizer)->second == BS_SECOND_AVERAGE ? options->beta2 : 0.0;
}

static bool in_range(double value, double low, double high) {
  return value >= low && value <= high;
}

/* Whether the options name things that exist, for data of so many samples, and go together. */
static biascope_status check_choices(const biascope_train_options *options, size_t samples, biascope_error *error) {
  const bs_optimizer_rule *rule = bs_optimizer_rule_of(options->optimizer);
  if (!rule) return bs_fail(error, BIASCOPE_USAGE, "optimizer %d is unknown", (int)options->optimizer);
  if (!bs_loss_of(options->loss)) return bs_fail(error, BIASCOPE_USAGE, "loss %d is unknown", (int)options->loss);
  if ((unsigned)options->order > BIASCOPE_REPLACEMENT)
    return bs_fail(error, BIASCOPE_USAGE, "order %d is unknown", (int)options->order);
  if (options->batch_size > samples)
    return bs_fail(error, BIASCOPE_USAGE, "batch size %zu; expected 1 to %zu, the number of samples",
                   options->batch_size, samples);
  if (rule->full_batch && !bs_is_full_batch(options, samples))
    return bs_fail(error, BIASCOPE_USAGE, "%s is defined for the full batch only", rule->name);
  if (options->threads > BS_MOST_THREADS)
    return bs_fail(error, BIASCOPE_USAGE, "%zu threads; expected at most %d", options->threads, BS_MOST_THREADS);
  if ((unsigned)options->noise_shape > BIASCOPE_NOISE_ISOTROPIC)
    return bs_fail(error, BIASCOPE_USAGE, "noise shape %d is unknown", (int)options->noise_shape);
  if (options->noise > 0.0 && (!bs_is_full_batch(options, samples) || rule->second == BS_SECOND_PER_SAMPLE))
    return bs_fail(error, BIASCOPE_USAGE,
                   "noise %g is added to the full batch's gradient: expected batch size full, and not adamproxy",
                   options->noise);
  return BIASCOPE_OK;
}

biascope_status bs_train_options_check(const biascope_train_options *options, size_t samples, biascope_error *error) {
  const struct {
    const char *name;
    double value, low, high;
    const char *expected;
  } ranges[] = {
      {"beta1", options->beta1, 0.0, nextafter(1.0, 0.0), "0 <= beta1 < 1"},
      {"beta2", options->beta2, 0.0, nextafter(1.0, 0.0), "0 <= beta2 < 1"},
      {"eps", options->eps, 0.0, 1e300, "0 <= eps <= 1e300"},
      {"weight_decay", options->weight_decay, 0.0, 1e300, "0 <= weight_decay <= 1e300"},
      {"lr", options->lr, 1e-300, 1e300, "1e-300 <= lr <= 1e300"},
      {"lr_decay", options->lr_decay, 0.0, 1.0, "0 <= lr_decay <= 1"},
      {"noise", options->noise, 0.0, 1e6, "0 <= noise <= 1e6"},
  };
  for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
    if (!in_range(ranges[i].value, ranges[i].low, ranges[i].high))
      return bs_fail(error, BIASCOPE_USAGE, "%s = %g; expected %s", ranges[i].name, ranges[i].value,
                     ranges[i].expected);
  }
  return check_choices(options, samples, error);
}

size_t bs_batch_size(const biascope_train_options *options, size_t samples) {
  return options->batch_size == 0 ? samples : options->batch_size;
}

size_t bs_batches_per_epoch(const biascope_train_options *options, size_t samples) {
  const size_t size = bs_batch_size(options, samples);
  return (samples + size - 1) / size;
}

bool bs_batch_is_most(const biascope_train_options *options, size_t samples) {
  return bs_batch_size(options, samples) >= samples - samples / 2;
}

bool bs_is_full_batch(const biascope_train_options *options, size_t samples) {
  if (options->order == BIASCOPE_REPLACEMENT) return options->batch_size == 0;
  return bs_batch_size(options, samples) == samples;
}

double bs_learning_rate(const biascope_train_options *options, uint64_t step) {
  const double t = (double)step + 2.0;
  if (options->lr_decay == 0.0) return options->lr;
  if (options->lr_decay == 0.5) return options->lr / sqrt(t); /* the usual one, without pow's cost */
  return options->lr * pow(t, -options->lr_decay);
}
