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

const bs_rule_option *bs_rule_option_of(const bs_optimizer_rule *rule, bs_option option) {
  for (const bs_rule_option *at = rule->reads; at < rule->reads + BS_MOST_RULE_OPTIONS && at->option; at++)
    if (at->option == option) return at;
  return NULL;
}

/* Of options whose optimizer is known to exist. */
static const bs_optimizer_rule *rule_in(const biascope_options *options) {
  return RULES[options->optimizer];
}

double bs_effective_beta1(const biascope_options *options) {
  return bs_rule_option_of(rule_in(options), BS_OPTION_BETA1) ? options->beta1 : 0.0;
}

double bs_effective_beta2(const biascope_options *options) {
  return rule_in(options)->second == BS_SECOND_AVERAGE ? options->beta2 : 0.0;
}

double bs_shrink(const biascope_options *options, double eta) {
  return bs_rule_option_of(rule_in(options), BS_OPTION_WEIGHT_DECAY) ? 1.0 - eta * options->weight_decay : 1.0;
}

/* adamproxy's two moments are means over the samples one by one, where its own are sums. Without any memory m / sqrt(v)
 * is the sign of the gradient. */
void bs_epoch_rule_of(biascope_options *training, size_t samples, bs_epoch_rule *out) {
  const bs_optimizer_rule *rule = rule_in(training);
  *out = (bs_epoch_rule){
      .direction = rule->direction, .beta1 = bs_effective_beta1(training), .beta2 = bs_effective_beta2(training)};
  if (rule->second == BS_SECOND_PER_SAMPLE) {
    training->batch_size = 1;
    training->order = BIASCOPE_CYCLIC;
    training->lr *= sqrt((double)samples);
    out->beta1 = out->beta2 = 1.0;
  } else if (rule->direction == BS_RATIO && out->beta1 == 0.0 && out->beta2 == 0.0) {
    out->direction = BS_SIGN;
  }
}
