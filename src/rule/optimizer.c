#include "rule/optimizer.h"

static const bs_optimizer_rule RULES[] = {
    [BIASCOPE_GD] = {.name = "gd", .momentum = true, .direction = BS_IDENTITY, .reads = {{BS_OPTION_BETA1, 0.0}}},
    [BIASCOPE_NGD] = {.name = "ngd", .momentum = true, .direction = BS_NORMALISED, .reads = {{BS_OPTION_BETA1, 0.0}}},
    [BIASCOPE_SIGNGD] = {.name = "signgd", .direction = BS_SIGN},
    [BIASCOPE_SIGNUM] = {.name = "signum", .momentum = true, .direction = BS_SIGN, .reads = {{BS_OPTION_BETA1, 0.9}}},
    [BIASCOPE_ADAM] = {.name = "adam",
                       .momentum = true,
                       .second = BS_SECOND_AVERAGE,
                       .direction = BS_RATIO,
                       .reads = {{BS_OPTION_BETA1, 0.9}, {BS_OPTION_BETA2, 0.999}, {BS_OPTION_EPS, 0.0}}},
    [BIASCOPE_RMSPROP] = {.name = "rmsprop",
                          .second = BS_SECOND_AVERAGE,
                          .direction = BS_RATIO,
                          .reads = {{BS_OPTION_BETA2, 0.99}, {BS_OPTION_EPS, 0.0}}},
    [BIASCOPE_ADAGRAD] = {.name = "adagrad",
                          .second = BS_SECOND_SUM,
                          .direction = BS_RATIO,
                          .reads = {{BS_OPTION_EPS, 0.0}}},
    [BIASCOPE_ADAMPROXY] = {.name = "adamproxy",
                            .second = BS_SECOND_PER_SAMPLE,
                            .direction = BS_RATIO,
                            .full_batch = true},
    [BIASCOPE_ADAMW] = {.name = "adamw",
                        .momentum = true,
                        .second = BS_SECOND_AVERAGE,
                        .direction = BS_RATIO,
                        .reads = {{BS_OPTION_BETA1, 0.9},
                                  {BS_OPTION_BETA2, 0.999},
                                  {BS_OPTION_EPS, 0.0},
                                  {BS_OPTION_WEIGHT_DECAY, 0.01}}},
};

enum { RULE_COUNT = sizeof RULES / sizeof RULES[0] };

const bs_optimizer_rule *bs_optimizer_rule_of(biascope_optimizer optimizer) {
  return (unsigned)optimizer < RULE_COUNT ? &RULES[optimizer] : NULL;
}

const bs_rule_option *bs_rule_option_of(const bs_optimizer_rule *rule, bs_option option) {
  for (const bs_rule_option *at = rule->reads; at < rule->reads + BS_MOST_RULE_OPTIONS && at->option; at++)
    if (at->option == option) return at;
  return NULL;
}
