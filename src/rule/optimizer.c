#include "rule/optimizer.h"

static const bs_optimizer_rule RULES[] = {
    [BIASCOPE_GD] = {.name = "gd", .momentum = true, .direction = BS_IDENTITY},
    [BIASCOPE_NGD] = {.name = "ngd", .momentum = true, .direction = BS_NORMALISED},
    [BIASCOPE_SIGNGD] = {.name = "signgd", .direction = BS_SIGN},
    [BIASCOPE_SIGNUM] = {.name = "signum", .momentum = true, .direction = BS_SIGN},
    [BIASCOPE_ADAM] = {.name = "adam", .momentum = true, .second = BS_SECOND_AVERAGE, .direction = BS_RATIO},
    [BIASCOPE_RMSPROP] = {.name = "rmsprop", .second = BS_SECOND_AVERAGE, .direction = BS_RATIO},
    [BIASCOPE_ADAGRAD] = {.name = "adagrad", .second = BS_SECOND_SUM, .direction = BS_RATIO},
    [BIASCOPE_ADAMPROXY] = {.name = "adamproxy",
                            .second = BS_SECOND_PER_SAMPLE,
                            .direction = BS_RATIO,
                            .full_batch = true},
    [BIASCOPE_ADAMW] =
        {.name = "adamw", .momentum = true, .second = BS_SECOND_AVERAGE, .direction = BS_RATIO, .weight_decay = true},
};

enum { RULE_COUNT = sizeof RULES / sizeof RULES[0] };

const bs_optimizer_rule *bs_optimizer_rule_of(biascope_optimizer optimizer) {
  return (unsigned)optimizer < RULE_COUNT ? &RULES[optimizer] : NULL;
}
