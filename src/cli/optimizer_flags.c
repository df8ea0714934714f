/* The flags train, predict and doctor share. */
#include "cli/cli.h"
#include "study/names.h"

#include <float.h>
#include <string.h>

enum { OPTIMIZER = 2000, LOSS, BATCH_SIZE, ORDER, BETA1, BETA2, EPS, WEIGHT_DECAY, LR, LR_DECAY, NOISE, NOISE_SHAPE };

static const struct argp_option OPTIONS[] = {
    {"optimizer", OPTIMIZER, "NAME", 0,
     "gd, ngd, signgd, signum, adam, rmsprop, adagrad, adamproxy or adamw (default adam)", 2},
    {"loss", LOSS, "NAME", 0, "logistic (default), exp, polynomial, probit or squared-hinge", 2},
    {"batch-size", BATCH_SIZE, "B", 0, "Samples a step, 1 to N, or full (default)", 2},
    {"order", ORDER, "NAME", 0, "cyclic (default), shuffle or replacement", 2},
    {"beta1", BETA1, "B1", 0, "Momentum, 0 <= B1 < 1; also Signum's and GD's", 2},
    {"beta2", BETA2, "B2", 0, "Second-moment decay, 0 <= B2 < 1", 2},
    {"eps", EPS, "E", 0, "Added to sqrt(v) (default 0)", 2},
    {"weight-decay", WEIGHT_DECAY, "L", 0, "adamw's decoupled weight decay", 2},
    {"lr", LR, "ETA", 0, "Initial step size (default 0.1)", 2},
    {"lr-decay", LR_DECAY, "A", 0, "Step size ETA (t+2)^-A, 0 <= A <= 1; 0: constant (default 0.5)", 2},
    {"noise", NOISE, "S", 0, "Gaussian noise on the full gradient, S times its natural size; see --noise-shape", 2},
    {"noise-shape", NOISE_SHAPE, "NAME", 0,
     "samples (default): with the covariance of the samples' gradients; isotropic: of length S times the gradient's",
     2},
    {0},
};

static void apply(struct argp_state *state, int key, const char *text, biascope_train_options *options) {
  const double below_one = 1.0 - DBL_EPSILON / 2;
  switch (key) {
  case LOSS:
    options->loss = (biascope_loss)cli_parse_choice(state, "--loss", text, BS_LOSS_NAMES);
    break;
  case BATCH_SIZE:
    options->batch_size = strcmp(text, "full") ? (size_t)cli_parse_u64(state, "--batch-size", text, 1, UINT32_MAX) : 0;
    break;
  case ORDER:
    options->order = (biascope_order)cli_parse_choice(state, "--order", text, BS_ORDER_NAMES);
    break;
  case BETA1:
    options->beta1 = cli_parse_double(state, "--beta1", text, 0, below_one);
    break;
  case BETA2:
    options->beta2 = cli_parse_double(state, "--beta2", text, 0, below_one);
    break;
  case EPS:
    options->eps = cli_parse_double(state, "--eps", text, 0, 1e300);
    break;
  case WEIGHT_DECAY:
    options->weight_decay = cli_parse_double(state, "--weight-decay", text, 0, 1e300);
    break;
  case LR:
    options->lr = cli_parse_double(state, "--lr", text, 1e-300, 1e300);
    break;
  case LR_DECAY:
    options->lr_decay = cli_parse_double(state, "--lr-decay", text, 0, 1);
    break;
  case NOISE:
    options->noise = cli_parse_double(state, "--noise", text, 0, 1e6);
    break;
  case NOISE_SHAPE:
    options->noise_shape = (biascope_noise)cli_parse_choice(state, "--noise-shape", text, BS_NOISE_NAMES);
    break;
  default:
    break;
  }
}

static error_t parse(int key, char *text, struct argp_state *state) {
  cli_optimizer_flags *flags = state->input;
  if (key >= OPTIMIZER && key <= NOISE_SHAPE) {
    flags->given[key - OPTIMIZER] = text;
    return 0;
  }
  if (key != ARGP_KEY_END) return ARGP_ERR_UNKNOWN;
  const char *name = flags->given[0] ? flags->given[0] : "adam";
  flags->options =
      biascope_train_defaults((biascope_optimizer)cli_parse_choice(state, "--optimizer", name, BS_OPTIMIZER_NAMES));
  for (int i = LOSS; i <= NOISE_SHAPE; i++) {
    if (flags->given[i - OPTIMIZER]) apply(state, i, flags->given[i - OPTIMIZER], &flags->options);
  }
  return 0;
}

const struct argp cli_optimizer_argp = {.options = OPTIONS, .parser = parse};
