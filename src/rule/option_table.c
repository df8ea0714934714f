/* The table of options. The options that an optimizer reads, and its own defaults, are in its rule
 * (optimizer.c). */
#include "rule/option.h"

#include "rule/optimizer.h"
#include <string.h>

static const char *optimizer_name(size_t index) {
  const bs_optimizer_rule *rule = bs_optimizer_rule_of((biascope_optimizer)index);
  return rule ? rule->name : NULL;
}

static const char *absent_optimizer(const char *text) {
  if (strcmp(text, "amsgrad") != 0) return NULL;
  return "is not offered: it divides by the largest second moment so far, which remembers the first gradients "
         "for ever. Beside them all later ones fade, so that it becomes gradient descent with momentum in a metric "
         "that "
         "the first steps decide. Train adam, or adagrad, whose sum never forgets either";
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

static const char *adjust_name(size_t index) {
  static const char *const NAMES[] = {"none", "original", "match-rms-adamw"};
  return index < sizeof NAMES / sizeof *NAMES ? NAMES[index] : NULL;
}

static const char *sides_name(size_t index) {
  static const char *const NAMES[] = {"both", "left"};
  return index < sizeof NAMES / sizeof *NAMES ? NAMES[index] : NULL;
}

static const char *schedule_name(size_t index) {
  static const char *const NAMES[] = {"inverse-power", "constant", "cosine", "linear", "step"};
  return index < sizeof NAMES / sizeof *NAMES ? NAMES[index] : NULL;
}

#define OPTION(field)                                                                                                  \
  .name = #field, .offset = offsetof(biascope_options, field), .size = sizeof(((biascope_options *)NULL)->field)
#define REAL(lowest, highest, words) .type = BIASCOPE_OPTION_REAL, .low = (lowest), .high = (highest), .range = (words)
#define WHOLE(lowest, highest) .type = BIASCOPE_OPTION_WHOLE, .least = (lowest), .most = (highest)
#define CHOICE(names) .type = BIASCOPE_OPTION_CHOICE, .choice = (names)
#define FLAG .type = BIASCOPE_OPTION_FLAG
#define EVERY_RULE .common = true
#define SCHEDULES(...) .needs = BS_OPTION_SCHEDULE, .needs_choice = (__VA_ARGS__)
#define BIT(choice) (UINT32_C(1) << (choice))
#define BELOW_ONE (1.0 - 0x1p-53)

static const bs_option_row TABLE[BS_OPTIONS] = {
    [BS_OPTION_OPTIMIZER] = {OPTION(optimizer), CHOICE(optimizer_name), .absent = absent_optimizer, EVERY_RULE,
                             .otherwise.whole = BIASCOPE_ADAM, .label = "optimizer", .placeholder = "NAME",
                             .help = "The update rule"},
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
    [BS_OPTION_EPS] =
        {OPTION(eps), REAL(0.0, 1e300, "0 <= eps <= 1e300"), .label = "ε", .placeholder = "E",
         .help = "Added to the root of the second moment; muon: the least norm that Newton and Schulz's iteration "
                 "divides by"},
    [BS_OPTION_WEIGHT_DECAY] = {OPTION(weight_decay), REAL(0.0, 1e300, "0 <= weight_decay <= 1e300"),
                                .label = "weight decay", .placeholder = "L", .help = "Decoupled weight decay"},
    [BS_OPTION_LR] = {OPTION(lr), REAL(1e-300, 1e300, "1e-300 <= lr <= 1e300"), EVERY_RULE, .otherwise.real = 0.1,
                      .label = "step size", .placeholder = "ETA", .help = "Initial step size"},
    [BS_OPTION_LR_DECAY] = {OPTION(lr_decay), REAL(0.0, 1.0, "0 <= lr_decay <= 1"), EVERY_RULE, .otherwise.real = 0.5,
                            SCHEDULES(BIT(BIASCOPE_INVERSE_POWER)), .label = "step decay", .placeholder = "A",
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
    [BS_OPTION_VARIANCE_REDUCTION] = {OPTION(variance_reduction), FLAG, EVERY_RULE, .off_at_zero = true,
                                      .label = "variance reduction",
                                      .help = "Correct each batch's gradient by the full gradient, computed once an "
                                              "epoch (SVRG)"},
    [BS_OPTION_SCHEDULE] = {OPTION(schedule), CHOICE(schedule_name), EVERY_RULE, .off_at_zero = true,
                            .label = "schedule", .placeholder = "NAME",
                            .help =
                                "How the step size changes: inverse-power by --lr-decay; cosine and linear fall to 0 "
                                "at --total-steps; step by --step-every and --step-factor"},
    [BS_OPTION_STEP_EVERY] = {OPTION(step_every), WHOLE(1, INT64_MAX), EVERY_RULE, .zero_name = "never",
                              SCHEDULES(BIT(BIASCOPE_STEPWISE)), .label = "step every", .placeholder = "S",
                              .help = "Multiply the step size with --step-factor every S steps"},
    [BS_OPTION_STEP_FACTOR] = {OPTION(step_factor), REAL(0.0, 1.0, "0 <= step_factor <= 1"), EVERY_RULE,
                               .otherwise.real = 0.1, SCHEDULES(BIT(BIASCOPE_STEPWISE)), .label = "step factor",
                               .placeholder = "G", .help = "What the step size is multiplied with"},
    [BS_OPTION_WARMUP] = {OPTION(warmup), WHOLE(1, INT64_MAX), EVERY_RULE, .zero_name = "none", .off_at_zero = true,
                          .label = "warm-up", .placeholder = "W",
                          .help = "Steps before the schedule, over which the step size grows from ETA/W to ETA"},
    [BS_OPTION_TOTAL_STEPS] = {OPTION(total_steps), WHOLE(1, INT64_MAX), EVERY_RULE, .zero_name = "steps",
                               SCHEDULES(BIT(BIASCOPE_COSINE) | BIT(BIASCOPE_LINEAR)), .label = "total steps",
                               .placeholder = "T",
                               .help = "Steps after which the step size is 0; steps: those of the run"},
    [BS_OPTION_MOMENTUM] = {OPTION(momentum), REAL(0.0, BELOW_ONE, "0 <= momentum < 1"), .off_at_zero = true,
                            .label = "momentum", .placeholder = "MU",
                            .help = "Momentum as torch's SGD has it, m = MU m + g, in the place of beta1's average"},
    [BS_OPTION_NESTEROV] = {OPTION(nesterov), FLAG, .needs = BS_OPTION_MOMENTUM, .off_at_zero = true,
                            .label = "Nesterov", .help = "Step along g + MU m, or muon's (1-B1) g + B1 m"},
    [BS_OPTION_BIAS_CORRECTION] = {OPTION(bias_correction), FLAG, .off_at_zero = true, .label = "bias correction",
                                   .help = "Divide moments by what their start at 0 leaves of them, as torch does"},
    [BS_OPTION_NEWTON_SCHULZ] = {OPTION(newton_schulz), WHOLE(1, 100), .zero_name = "exact", .off_at_zero = true,
                                 .label = "Newton-Schulz iterations", .placeholder = "N",
                                 .help = "N iterations of torch's polynomial in the place of the polar factor"},
    [BS_OPTION_ADJUST_LR] = {OPTION(adjust_lr), CHOICE(adjust_name), .off_at_zero = true, .label = "adjusted step size",
                             .placeholder = "NAME",
                             .help = "Multiply the step size, for k x d weights, by sqrt(max(1, k/d)) (original) or "
                                     "0.2 sqrt(max(k, d)) (match-rms-adamw), as torch names them"},
    [BS_OPTION_SIDES] = {OPTION(sides), CHOICE(sides_name), .off_at_zero = true, .label = "sides",
                         .placeholder = "NAME",
                         .help = "shampoo multiplies the momentum M by L^-1/4 and R^-1/4 (both), or by L^-1/2 (left)"},
    [BS_OPTION_SUMS] = {OPTION(sums), FLAG, .off_at_zero = true, .label = "sums",
                        .help = "shampoo's L and R are sums over the run in the place of averages by beta2"},
    [BS_OPTION_TORCH] = {OPTION(torch), FLAG, EVERY_RULE, .off_at_zero = true, .label = "torch",
                         .help =
                             "Every option not given takes torch.optim's default for the optimizer; weight decay is "
                             "added to the gradient, but for adamw and muon"},
    [BS_OPTION_SEED] = {OPTION(seed), WHOLE(0, INT64_MAX), EVERY_RULE, .label = "seed", .placeholder = "N",
                        .help = "Seed of the sampling order and the noise"},
    [BS_OPTION_THREADS] = {OPTION(threads), WHOLE(1, BS_MOST_THREADS), EVERY_RULE, .zero_name = "one",
                           .speed_only = true, .label = "threads", .placeholder = "K",
                           .help =
                               "Threads for steps over most of large data, and for predictions of random orders; the "
                               "result is the same for any number"},
};

const bs_option_row *bs_option_row_of(bs_option option) {
  return &TABLE[option];
}

bs_option bs_option_find(const char *name) {
  int i = 0;
  while (i < BS_OPTIONS && strcmp(TABLE[i].name, name) != 0) i++;
  return (bs_option)i;
}
