/* What follows from the options: the batches, and how gradients are changed. */
#include "rule/optimizer.h"

#include "base/error.h"

size_t bs_batch_size(const biascope_options *options, size_t samples) {
  return options->batch_size == 0 ? samples : options->batch_size;
}

size_t bs_batches_per_epoch(const biascope_options *options, size_t samples) {
  const size_t size = bs_batch_size(options, samples);
  return (samples + size - 1) / size;
}

bool bs_batch_is_most(const biascope_options *options, size_t samples) {
  return bs_batch_size(options, samples) >= samples - samples / 2;
}

bool bs_is_full_batch(const biascope_options *options, size_t samples) {
  if (options->order == BIASCOPE_REPLACEMENT) return options->batch_size == 0;
  return bs_batch_size(options, samples) == samples;
}

bool bs_seed_matters(const biascope_options *options) {
  return options->order != BIASCOPE_CYCLIC || options->noise > 0.0;
}

bool bs_weights_shrink(const biascope_options *options) {
  return options->weight_decay > 0.0;
}

double bs_coupled_decay(const biascope_options *options) {
  const bool own = bs_rule_option_of(bs_optimizer_rule_of(options->optimizer), BS_OPTION_WEIGHT_DECAY);
  return options->torch && !own ? options->weight_decay : 0.0;
}

bool bs_gradient_is_plain(const biascope_options *options) {
  return options->noise == 0.0 && options->clip == 0.0 && bs_coupled_decay(options) == 0.0 &&
         !options->variance_reduction;
}

/* Gradients shrink, so that clipping ends. Its effect is then that of another starting point. The max margins of gd and
 * full batches do not depend on it; sums over the run, weights at rest and the choice among equilibria do. */
static bool forgets_clipping(const biascope_options *options, uint64_t steps) {
  const bs_limit_kind limit = bs_optimizer_rule_of(options->optimizer)->limit;
  return steps == 0 && !bs_weights_shrink(options) &&
         (limit == BS_LIMIT_L2 || (limit == BS_LIMIT_EQUILIBRIUM && options->batch_size == 0));
}

/* As steps tend to zero, the weights hardly move in an epoch, and the corrected gradient tends to the full one: the
 * limit is the full batch's (Li et al., arXiv 2602.11557, bound the way there). */
static biascope_status require_vanishing_correction(const biascope_options *options, const char *what, uint64_t steps,
                                                    biascope_error *error) {
  const bs_limit_kind limit = bs_optimizer_rule_of(options->optimizer)->limit;
  const bool constant = options->eps == 0.0 && bs_options_in_powers(options).lr_decay == 0.0;
  if (!options->variance_reduction) return BIASCOPE_OK;
  if (steps > 0)
    return bs_fail(error, BIASCOPE_USAGE, "no %s is predicted with variance reduction, only the limit; train it", what);
  if (limit == BS_LIMIT_ACCUMULATED)
    return bs_fail(
        error, BIASCOPE_USAGE,
        "no %s is predicted for %s with variance reduction: its sum of squares remembers the first steps, in "
        "which the corrected gradient is not the full one; train it",
        what, bs_optimizer_rule_of(options->optimizer)->name);
  if (limit == BS_LIMIT_EQUILIBRIUM && constant)
    return bs_fail(error, BIASCOPE_USAGE,
                   "no %s is predicted with variance reduction and a constant step size: over an epoch gradients fade "
                   "by a factor that stays, and the corrected gradient does not tend to the full one. Train it, or "
                   "predict it with lr_decay above 0",
                   what);
  return BIASCOPE_OK;
}

biascope_status bs_require_plain_limit(const biascope_options *options, uint64_t steps, biascope_error *error) {
  const char *what = steps > 0 ? "point after a number of steps" : "limit";
  if (options->noise > 0.0)
    return bs_fail(error, BIASCOPE_USAGE, "no %s is predicted under gradient noise, here %g", what, options->noise);
  if (options->clip > 0.0 && !forgets_clipping(options, steps))
    return bs_fail(error, BIASCOPE_USAGE,
                   "no %s is predicted with clip %g, which bends the first steps: only where it does not depend on "
                   "them, for gd or the full batch, it is that without clip",
                   what, options->clip);
  return require_vanishing_correction(options, what, steps, error);
}
