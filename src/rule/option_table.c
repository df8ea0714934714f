/* The table of options: the one place that knows them all. What an optimizer reads, and its own defaults, stand in its
 * rule (optimizer.c). */
#include "rule/option.h"

#include "rule/optimizer.h"
#include <string.h>

static const char *optimizer_name(size_t index) {
  const bs_optimizer_rule *rule = bs_optimizer_rule_of((biascope_optimizer)index);
  return rule ? rule->name : NULL;
}

static const char *loss_name(size_t index) {
  const bs_loss *loss = bs_loss_of((biascope_loss)index);
  return loss ? loss->name : NULL;
}

static const char *order_name(size_t index) {
  static const char *const NAMES[] = {"cyclic", "shuffle", "replacement"};
  return index < sizeof NAMES / sizeof *NAMES ? NAMES[index] : NULL;
}

static const char *noise_name(size_t index) {
  static const char *const NAMES[] = {"samples", "isotropic"};
  return index < sizeof NAMES / sizeof *NAMES ? NAMES[index] : NULL;
}

#define OPTION(field)                                                                                                  \
  .name = #field, .offset = offsetof(biascope_options, field), .size = sizeof(((biascope_options *)NULL)->field)
#define REAL(lowest, highest, words) .type = BIASCOPE_OPTION_REAL, .low = (lowest), .high = (highest), .range = (words)
#define WHOLE(lowest, highest) .type = BIASCOPE_OPTION_WHOLE, .least = (lowest), .most = (highest)
#define CHOICE(names) .type = BIASCOPE_OPTION_CHOICE, .choice = (names)
#define EVERY_RULE .common = true
#define BELOW_ONE (1.0 - 0x1p-53)

static const bs_option_row TABLE[BS_OPTIONS] = {
    [BS_OPTION_OPTIMIZER] = {OPTION(optimizer), CHOICE(optimizer_name), EVERY_RULE, .otherwise.whole = BIASCOPE_ADAM,
                             .label = "optimizer", .placeholder = "NAME", .help = "The update rule"},
    [BS_OPTION_LOSS] = {OPTION(loss), CHOICE(loss_name), EVERY_RULE, .label = "loss", .placeholder = "NAME",
                        .help = "The loss of a sample's margin"},
    [BS_OPTION_BATCH_SIZE] = {OPTION(batch_size), WHOLE(1, UINT32_MAX), EVERY_RULE, .zero_name = "full",
                              .label = "batch size", .placeholder = "B",
                              .help = "Samples in a step, 1 to N; where B does not divide N, an epoch's last batch is "
                                      "smaller"},
    [BS_OPTION_ORDER] = {OPTION(order), CHOICE(order_name), EVERY_RULE, .column = "batch_order", .label = "order",
                         .placeholder = "NAME", .help = "How batches are drawn"},
    [BS_OPTION_BETA1] = {OPTION(beta1), REAL(0.0, BELOW_ONE, "0 <= beta1 < 1"), .label = "β_1", .placeholder = "B1",
                         .help = "Momentum"},
    [BS_OPTION_BETA2] = {OPTION(beta2), REAL(0.0, BELOW_ONE, "0 <= beta2 < 1"), .label = "β_2", .placeholder = "B2",
                         .help = "Decay of the second moment"},
    [BS_OPTION_EPS] = {OPTION(eps), REAL(0.0, 1e300, "0 <= eps <= 1e300"), .label = "ε", .placeholder = "E",
                       .help = "Added to the root of the second moment"},
    [BS_OPTION_WEIGHT_DECAY] = {OPTION(weight_decay), REAL(0.0, 1e300, "0 <= weight_decay <= 1e300"),
                                .label = "weight decay", .placeholder = "L", .help = "Decoupled weight decay"},
    [BS_OPTION_LR] = {OPTION(lr), REAL(1e-300, 1e300, "1e-300 <= lr <= 1e300"), EVERY_RULE, .otherwise.real = 0.1,
                      .label = "step size", .placeholder = "ETA", .help = "Initial step size"},
    [BS_OPTION_LR_DECAY] = {OPTION(lr_decay), REAL(0.0, 1.0, "0 <= lr_decay <= 1"), EVERY_RULE, .otherwise.real = 0.5,
                            .label = "step decay", .placeholder = "A",
                            .help = "Step t has the size ETA (t+2)^-A; 0: constant"},
    [BS_OPTION_CLIP] = {OPTION(clip), REAL(0.0, 1e300, "0 <= clip <= 1e300"), EVERY_RULE, .off_at_zero = true,
                        .label = "clip", .placeholder = "C",
                        .help =
                            "A batch's gradient is scaled down to this Euclidean norm where it is longer; 0: never"},
    [BS_OPTION_NOISE] = {OPTION(noise), REAL(0.0, 1e6, "0 <= noise <= 1e6"), EVERY_RULE, .off_at_zero = true,
                         .label = "noise", .placeholder = "S",
                         .help = "Gaussian noise on the full batch's gradient, S times its natural size; see "
                                 "--noise-shape"},
    [BS_OPTION_NOISE_SHAPE] = {OPTION(noise_shape), CHOICE(noise_name), EVERY_RULE, .needs = BS_OPTION_NOISE,
                               .label = "noise shape", .placeholder = "NAME",
                               .help = "samples: with the covariance of the samples' gradients; isotropic: of length S "
                                       "times the gradient's"},
    [BS_OPTION_SEED] = {OPTION(seed), WHOLE(0, INT64_MAX), EVERY_RULE, .label = "seed", .placeholder = "N",
                        .help = "Seed of the sampling order and the noise"},
    [BS_OPTION_THREADS] = {OPTION(threads), WHOLE(1, BS_MOST_THREADS), EVERY_RULE, .zero_name = "one",
                           .speed_only = true, .label = "threads", .placeholder = "K",
                           .help = "Threads for steps over most of large data; the result is the same for any number"},
};

const bs_option_row *bs_option_row_of(bs_option option) {
  return &TABLE[option];
}

bs_option bs_option_find(const char *name) {
  int i = 0;
  while (i < BS_OPTIONS && strcmp(TABLE[i].name, name) != 0) i++;
  return (bs_option)i;
}
