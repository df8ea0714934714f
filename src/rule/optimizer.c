#include "rule/optimizer.h"

static const bs_optimizer_rule *const RULES[] = {
#define LIST(NAME, name) [BIASCOPE_##NAME] = &BS_RULE(name),
    BS_EVERY_RULE(LIST)
#undef LIST
};

enum { RULE_COUNT = sizeof RULES / sizeof RULES[0] };

const bs_optimizer_rule *bs_optimizer_rule_of(biascope_optimizer optimizer) {
  return (unsigned)optimizer < RULE_COUNT ? RULES[optimizer] : NULL;
}

static const bs_rule_option *find(const bs_rule_option list[BS_MOST_RULE_OPTIONS], bs_option option) {
  for (const bs_rule_option *at = list; at < list + BS_MOST_RULE_OPTIONS && at->option; at++)
    if (at->option == option) return at;
  return NULL;
}

const bs_rule_option *bs_rule_option_of(const bs_optimizer_rule *rule, bs_option option) {
  return find(rule->reads, option);
}

const bs_rule_option *bs_torch_option_of(const bs_optimizer_rule *rule, bs_option option) {
  return find(rule->torch, option);
}

/* For options whose optimizer is known to exist. */
static const bs_optimizer_rule *rule_in(const biascope_options *options) {
  return RULES[options->optimizer];
}

bs_epoch_rule bs_averages_of(const biascope_options *options) {
  const bs_optimizer_rule *rule = rule_in(options);
  bs_epoch_rule averages = {.direction = rule->direction};
  if (rule->averages) {
    rule->averages(options, &averages);
    return averages;
  }
  if (bs_rule_option_of(rule, BS_OPTION_BETA1)) averages.beta1 = options->beta1;
  if (bs_rule_option_of(rule, BS_OPTION_BETA2)) averages.beta2 = options->beta2;
  return averages;
}

double bs_effective_beta1(const biascope_options *options) {
  return bs_averages_of(options).beta1;
}

double bs_effective_beta2(const biascope_options *options) {
  return bs_averages_of(options).beta2;
}

bool bs_has_bounded_update(const biascope_options *options) {
  const double beta1 = bs_effective_beta1(options);
  const bs_second_moment second = rule_in(options)->second;
  return (second != BS_SECOND_AVERAGE && second != BS_SECOND_FACTORS) || beta1 * beta1 <= bs_effective_beta2(options);
}

static bool is_blended(const biascope_options *options) {
  return options->bias_correction || options->nesterov;
}

bs_step *bs_step_of(const biascope_options *options) {
  const bs_optimizer_rule *rule = rule_in(options);
  return is_blended(options) && rule->blended ? rule->blended : rule->step;
}

bool bs_step_weighs(const biascope_options *options) {
  const bs_optimizer_rule *rule = rule_in(options);
  return rule->weigh && (!rule->blended || is_blended(options) || options->momentum > 0.0);
}

bs_rate bs_rate_before_steps(const biascope_options *options) {
  const bool decays = bs_rule_option_of(rule_in(options), BS_OPTION_WEIGHT_DECAY) != NULL;
  const bs_epoch_rule averages = bs_averages_of(options);
  return (bs_rate){.beta1 = averages.beta1, .beta2 = averages.beta2, .decay = decays ? options->weight_decay : 0.0};
}

void bs_rate_set(const biascope_options *options, uint64_t step, double eta, bs_rate *rate) {
  const bs_optimizer_rule *rule = rule_in(options);
  bs_rate_put_eta(eta, rate);
  if (rule->weigh) rule->weigh(options, step, rate);
}

bool bs_rate_varies(const biascope_options *options) {
  return options->bias_correction;
}

/* adamproxy's two moments are sums; these are means over the samples one by one. Without memory m / sqrt(v) is the sign
 * of the gradient. With variance reduction small steps have the full gradient. */
void bs_epoch_rule_of(biascope_options *training, size_t samples, bs_epoch_rule *out) {
  const bs_optimizer_rule *rule = rule_in(training);
  *out = bs_averages_of(training);
  if (training->variance_reduction) {
    training->variance_reduction = false;
    training->batch_size = 0;
    training->order = BIASCOPE_CYCLIC;
  }
  if (rule->second == BS_SECOND_PER_SAMPLE) {
    training->batch_size = 1;
    training->order = BIASCOPE_CYCLIC;
    training->lr *= sqrt((double)samples);
    out->beta1 = out->beta2 = 1.0;
  } else if (rule->direction == BS_RATIO && bs_epoch_past(out) == 0.0 && out->beta2 == 0.0) {
    out->direction = BS_SIGN;
  }
}
