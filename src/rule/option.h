/* The options of training. Each is a row of one table (option_table.c): its name, type, range, default, and which rules
 * read it. The command line's flags, the keys of a study, a run's identity, checkpoints, the columns of a store and
 * docs/options.md follow from the table; the step loop reads the members of the struct. */
#ifndef BIASCOPE_RULE_OPTION_H
#define BIASCOPE_RULE_OPTION_H

#include "loss/loss.h"

typedef enum {
  BIASCOPE_GD,               /* m = b1 m + (1-b1) g;  w -= eta m */
  BIASCOPE_NGD,              /* w -= eta m / ||m||_2 */
  BIASCOPE_SIGNGD,           /* w -= eta sign(g) */
  BIASCOPE_SIGNUM,           /* w -= eta sign(m) */
  BIASCOPE_ADAM,             /* v = b2 v + (1-b2) g^2;  w -= eta m / (sqrt(v) + eps), no bias correction */
  BIASCOPE_RMSPROP,          /* w -= eta g / (sqrt(v) + eps) */
  BIASCOPE_ADAGRAD,          /* v = v + g^2;  w -= eta g / (sqrt(v) + eps) */
  BIASCOPE_ADAMPROXY,        /* w -= eta grad L / sqrt(sum_i g_i^2), grad L = sum_i g_i over the samples; full batch */
  BIASCOPE_ADAMW,            /* Adam with decoupled decay: w -= eta (m / (sqrt(v) + eps) + weight_decay w) */
  BIASCOPE_LION,             /* w -= eta (sign(b1 m + (1-b1) g) + weight_decay w);  m = b2 m + (1-b2) g */
  BIASCOPE_NADAM,            /* w -= eta (b1 m + (1-b1) g) / (sqrt(v) + eps) */
  BIASCOPE_ADAMAX,           /* u = max(b2 u, |g| + eps);  w -= eta m / u */
  BIASCOPE_MUON,             /* W -= eta U V', with the moving average M = U S V' of the gradients */
  BIASCOPE_SPECTRAL_DESCENT, /* the same of the gradient itself */
  BIASCOPE_NUCLEAR_DESCENT,  /* W -= eta u v', the leading singular vectors of M */
  BIASCOPE_POLARGRAD,        /* W -= eta (sum S) U V' */
  BIASCOPE_SHAMPOO           /* L = b2 L + (1-b2) G G', R likewise of G' G;  W -= eta L^-1/4 M R^-1/4, or L^-1/2 M */
} biascope_optimizer;

typedef enum {
  BIASCOPE_CYCLIC,     /* batches in file order, every epoch the same */
  BIASCOPE_SHUFFLE,    /* a new random permutation every epoch */
  BIASCOPE_REPLACEMENT /* every batch drawn independently, with replacement */
} biascope_order;

/* eta_t, the size of step t. t counts from 0 after the warm-up. */
typedef enum {
  BIASCOPE_INVERSE_POWER, /* lr (t+2)^-lr_decay */
  BIASCOPE_CONSTANT,      /* lr */
  BIASCOPE_COSINE,        /* lr (1 + cos(pi t / T)) / 2, with T = total_steps less the warm-up; 0 from there on */
  BIASCOPE_LINEAR,        /* lr (1 - t / T); 0 from there on */
  BIASCOPE_STEPWISE       /* lr step_factor^floor(t / step_every) */
} biascope_schedule;

/* Gaussian noise added to the gradient g of the full batch, instead of batches. */
typedef enum {
  BIASCOPE_NOISE_SAMPLES,  /* covariance noise^2 times that of the samples' own gradients: that of batches of noise^-2
                            * samples drawn with replacement */
  BIASCOPE_NOISE_ISOTROPIC /* covariance (noise ||g||_2)^2 / d times the identity */
} biascope_noise;

/* The factor by which torch's Muon multiplies its step size. */
typedef enum {
  BIASCOPE_ADJUST_NONE,     /* 1 */
  BIASCOPE_ADJUST_ORIGINAL, /* sqrt(max(1, rows / columns)) */
  BIASCOPE_ADJUST_MATCH_RMS /* 0.2 sqrt(max(rows, columns)) */
} biascope_adjust_lr;

/* The product that shampoo makes of the momentum. */
typedef enum {
  BIASCOPE_SIDES_BOTH, /* L^-1/4 M R^-1/4 */
  BIASCOPE_SIDES_LEFT  /* L^-1/2 M */
} biascope_sides;

/* In the order in which the identity of a run lists them. */
typedef enum {
  BS_OPTION_OPTIMIZER,
  BS_OPTION_LOSS,
  BS_OPTION_BATCH_SIZE,
  BS_OPTION_ORDER,
  BS_OPTION_BETA1,
  BS_OPTION_BETA2,
  BS_OPTION_EPS,
  BS_OPTION_WEIGHT_DECAY,
  BS_OPTION_LR,
  BS_OPTION_LR_DECAY,
  BS_OPTION_CLIP,
  BS_OPTION_NOISE,
  BS_OPTION_NOISE_SHAPE,
  BS_OPTION_VARIANCE_REDUCTION,
  BS_OPTION_SCHEDULE,
  BS_OPTION_STEP_EVERY,
  BS_OPTION_STEP_FACTOR,
  BS_OPTION_WARMUP,
  BS_OPTION_TOTAL_STEPS,
  BS_OPTION_MOMENTUM,
  BS_OPTION_NESTEROV,
  BS_OPTION_BIAS_CORRECTION,
  BS_OPTION_NEWTON_SCHULZ,
  BS_OPTION_ADJUST_LR,
  BS_OPTION_SIDES,
  BS_OPTION_SUMS,
  BS_OPTION_TORCH,
  BS_OPTION_SEED,
  BS_OPTION_THREADS,
  BS_OPTIONS
} bs_option;

struct biascope_options {
  biascope_optimizer optimizer;
  biascope_loss loss;
  size_t batch_size; /* 0: the full batch */
  biascope_order order;
  double beta1, beta2, eps, weight_decay, lr, lr_decay, clip, noise;
  biascope_noise noise_shape;
  bool
      variance_reduction; /* steps along grad L_B(w) - grad L_B(w~) + grad L(w~), w~ the weights at the epoch's start */
  biascope_schedule schedule;
  uint64_t step_every; /* 0: never */
  double step_factor;
  uint64_t warmup;      /* eta_t = lr (t+1) / warmup in the first `warmup` steps */
  uint64_t total_steps; /* 0: not known yet */
  double momentum;      /* m = momentum m + g; 0: the average of beta1 instead */
  bool nesterov, bias_correction, torch;
  uint64_t newton_schulz; /* iterations; 0: the polar factor itself */
  biascope_adjust_lr adjust_lr;
  biascope_sides sides;
  bool sums; /* b2 L + G G' with b2 = 1 */
  uint64_t seed;
  size_t threads; /* 0: one */
  uint32_t given; /* bit i: option i was set by name */
};

/* A value: `real` for BIASCOPE_OPTION_REAL, else `whole`; a choice is its index, a flag 0 or 1. */
typedef union {
  double real;
  uint64_t whole;
} bs_option_value;

typedef struct {
  const char *name;
  biascope_option_type type;
  bs_option needs;                     /* it is read only if this option is not 0; BS_OPTION_OPTIMIZER (0): always */
  size_t offset, size;                 /* of the member in biascope_options */
  double low, high;                    /* the range of a real number, both ends included */
  const char *range;                   /* the range in words */
  uint64_t least, most;                /* the range of a whole number, both ends included */
  const char *zero_name;               /* a whole number: a word for 0 ("full"), or NULL */
  const char *(*choice)(size_t index); /* the name of a choice; NULL beyond the last */
  const char *(*absent)(
      const char *text);     /* why a choice that people may look for does not exist, in words; NULL: it is unknown */
  bs_option_value otherwise; /* the default of optimizers that do not have their own */
  uint32_t needs_choice;     /* if not 0: read only if `needs` has one of the choices with these bits */
  bool common;               /* every optimizer reads it; else only those that list it (optimizer.h) */
  bool off_at_zero;          /* 0 means off, as before the option existed: identities and checkpoints leave it out */
  bool speed_only;           /* changes no result: not part of identities, checkpoints, studies and stores */
  const char *column;        /* in stores; NULL: the name */
  const char *label, *placeholder, *help; /* on axes of plots; in the help text */
} bs_option_row;

const bs_option_row *bs_option_row_of(bs_option option);
/* The option of that name; BS_OPTIONS: there is none. */
bs_option bs_option_find(const char *name);

/* The usual values of the optimizer: those of the table, replaced by those of its rule. */
biascope_options bs_options_of(biascope_optimizer optimizer);
/* The same, or torch.optim's. */
biascope_options bs_usual_options(biascope_optimizer optimizer, bool torch);
bs_option_value bs_option_get(const biascope_options *options, bs_option option);
void bs_option_put(biascope_options *options, bs_option option, bs_option_value value);
bool bs_option_equal(bs_option option, bs_option_value a, bs_option_value b);
/* The value as a number; a number as a value, which is whole if the type requires it. */
double bs_option_number(const biascope_options *options, bs_option option);
bs_option_value bs_option_of_number(bs_option option, double number);
/* Whether the optimizer reads the option, for some values of the other options. */
bool bs_option_may_be_read(const biascope_options *options, bs_option option);
/* Whether a run with these options reads the option. */
bool bs_option_is_read(const biascope_options *options, bs_option option);
/* The options, with the usual values in place of those that a run does not read. */
biascope_options bs_options_read(const biascope_options *options);
/* Whether the identity of a run states the option: it is read, changes results, and is not off. */
bool bs_option_is_stated(const biascope_options *options, bs_option option);
/* Whether the option has the optimizer's usual value. */
bool bs_option_is_usual(const biascope_options *options, bs_option option);

/* Why a run with these options does not read the option, in words. */
void bs_option_explain(const biascope_options *options, bs_option option, char *text, size_t size);

/* Reads a value from text. BIASCOPE_USAGE: the message says what was expected. */
biascope_status bs_option_parse(bs_option option, const char *text, bs_option_value *out, biascope_error *error);
/* The value as bs_option_parse reads it: a name, or the fewest digits from which the number is read back. */
enum { BS_OPTION_TEXT = 64 };
void bs_option_format(bs_option option, bs_option_value value, char text[BS_OPTION_TEXT]);
/* What is expected of a value, in words. */
void bs_option_expected(bs_option option, char *text, size_t size);
/* Checks one option's value against its range. */
biascope_status bs_option_check(const biascope_options *options, bs_option option, biascope_error *error);

enum { BS_MOST_THREADS = 1024 };

#endif
