/* Step sizes: one function for each schedule. */
#include "rule/optimizer.h"

#include <math.h>

/* The part of the decrease to 0 that is done. */
static double done_of(const biascope_options *options, double t) {
  const double total = (double)(options->total_steps - options->warmup);
  return t < total ? t / total : 1.0;
}

static double inverse_power(const biascope_options *options, double t) {
  if (options->lr_decay == 0.0) return options->lr;
  if (options->lr_decay == 0.5) return options->lr / sqrt(t + 2.0); /* the usual case, without the cost of pow */
  return options->lr * pow(t + 2.0, -options->lr_decay);
}

static double constant(const biascope_options *options, double t) {
  (void)t;
  return options->lr;
}

static double cosine(const biascope_options *options, double t) {
  static const double PI = 0x1.921fb54442d18p1;
  const double share = done_of(options, t);
  return share < 1.0 ? 0.5 * options->lr * (1.0 + cos(PI * share)) : 0.0;
}

static double linear(const biascope_options *options, double t) {
  return options->lr * (1.0 - done_of(options, t));
}

static double stepwise(const biascope_options *options, double t) {
  if (options->step_every == 0) return options->lr;
  return options->lr * pow(options->step_factor, floor(t / (double)options->step_every));
}

double bs_learning_rate_at(const biascope_options *options, double t) {
  static double (*const SCHEDULES[])(const biascope_options *, double) = {[BIASCOPE_INVERSE_POWER] = inverse_power,
                                                                          [BIASCOPE_CONSTANT] = constant,
                                                                          [BIASCOPE_COSINE] = cosine,
                                                                          [BIASCOPE_LINEAR] = linear,
                                                                          [BIASCOPE_STEPWISE] = stepwise};
  const double warmup = (double)options->warmup;
  if (t < warmup) return options->lr * ((t + 1.0) / warmup);
  return SCHEDULES[options->schedule](options, t - warmup);
}

double bs_learning_rate(const biascope_options *options, uint64_t step) {
  return bs_learning_rate_at(options, (double)step);
}

bool bs_step_sizes_equal(const biascope_options *a, const biascope_options *b) {
  return a->lr == b->lr && a->lr_decay == b->lr_decay && a->schedule == b->schedule && a->warmup == b->warmup &&
         a->total_steps == b->total_steps && a->step_every == b->step_every && a->step_factor == b->step_factor;
}

biascope_options bs_options_in_powers(const biascope_options *options) {
  biascope_options same = *options;
  if (same.schedule != BIASCOPE_CONSTANT) return same;
  same.schedule = BIASCOPE_INVERSE_POWER;
  same.lr_decay = 0.0;
  return same;
}
