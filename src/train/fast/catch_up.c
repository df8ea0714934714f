#include "train/fast/catch_up.h"

#include "base/error.h"
#include "base/memory.h"
#include <stdlib.h>

enum { LEAST_LENGTH = 64, MOST_LENGTH = 1 << 18 };

static bs_catch_up_kind kind_of(const biascope_options *options) {
  const bs_epoch_rule averages = bs_averages_of(options);
  if (bs_epoch_past(&averages) == 0.0) return BS_STAYS;
  return bs_optimizer_rule_of(options->optimizer)->direction == BS_SIGN ? BS_PERSISTS : BS_FADES;
}

static bs_double_double ratio_of(const biascope_options *options) {
  const double beta1 = bs_effective_beta1(options), beta2 = bs_effective_beta2(options);
  if (bs_optimizer_rule_of(options->optimizer)->direction != BS_RATIO) return (bs_double_double){beta1, 0.0};
  return beta2 > 0x1p-900 ? bs_dd_over_root(beta1, beta2) : (bs_double_double){INFINITY, 0.0};
}

/* Steps until r^n < 2^-108. */
static double length_of(bs_double_double ratio) {
  return ratio.high < 1.0 ? ceil(75.0 / -log(ratio.high)) : INFINITY;
}

bool bs_catch_up_known(const biascope_options *options) {
  const bs_optimizer_rule *rule = bs_optimizer_rule_of(options->optimizer);
  if (!(rule->fast & BS_FAST_LAZY) || !bs_gradient_is_plain(options) || bs_weights_shrink(options)) return false;
  if (options->bias_correction || options->momentum > 0.0) return false; /* their step sizes are not eta alone */
  const bs_catch_up_kind kind = kind_of(options);
  if (kind == BS_STAYS) return true;
  if (bs_effective_beta1(options) == 0.0) return false; /* the momentum is gone after a step */
  if (kind == BS_PERSISTS) return true;
  if (rule->direction == BS_RATIO && options->eps > 0.0) return false;
  return length_of(ratio_of(options)) <= MOST_LENGTH;
}

biascope_status bs_catch_up_create(bs_catch_up *catch_up, const biascope_options *options, biascope_error *error) {
  *catch_up = (bs_catch_up){.kind = kind_of(options), .options = *options};
  if (catch_up->kind != BS_FADES) return BIASCOPE_OK;
  catch_up->ratio = ratio_of(options);
  catch_up->length = (uint64_t)fmax(LEAST_LENGTH, length_of(catch_up->ratio));
  catch_up->powers = BS_NEW(bs_powers, 1);
  catch_up->tail = BS_NEW(bs_double_double, (size_t)catch_up->length);
  if (!catch_up->powers || !catch_up->tail) {
    bs_catch_up_free(catch_up);
    return bs_fail_memory(error, "the rates of the steps to come");
  }
  catch_up->first = 0 - catch_up->length; /* a table that no step is in */
  bs_powers_fill(catch_up->powers, catch_up->ratio);
  return BIASCOPE_OK;
}

void bs_catch_up_free(bs_catch_up *catch_up) {
  free(catch_up->powers);
  free(catch_up->tail);
  catch_up->powers = NULL;
  catch_up->tail = NULL;
}

/* Backwards from a guess whose error has faded by the time the table begins. */
static void fill(bs_catch_up *catch_up, uint64_t first) {
  const uint64_t end = first + 2 * catch_up->length;
  bs_double_double tail = {
      bs_learning_rate(&catch_up->options, end) * catch_up->ratio.high / (1.0 - catch_up->ratio.high), 0};
  for (uint64_t step = end; step-- > first;) {
    const double eta = bs_learning_rate(&catch_up->options, step);
    tail = bs_dd_multiply(catch_up->ratio, bs_dd_add((bs_double_double){eta, 0.0}, tail));
    if (step - first < catch_up->length) catch_up->tail[step - first] = tail;
  }
  catch_up->first = first;
}

bs_double_double bs_catch_up_mark(bs_catch_up *catch_up, uint64_t step) {
  switch (catch_up->kind) {
  case BS_STAYS:
    return (bs_double_double){0.0, 0.0};
  case BS_FADES:
    if (step - catch_up->first >= catch_up->length) fill(catch_up, step - step % catch_up->length);
    return catch_up->tail[step - catch_up->first];
  default:
    for (; catch_up->step < step; catch_up->step++)
      catch_up->sum =
          bs_dd_add(catch_up->sum, (bs_double_double){bs_learning_rate(&catch_up->options, catch_up->step), 0.0});
    return catch_up->sum;
  }
}

void bs_catch_up_resume(bs_catch_up *catch_up, uint64_t step, bs_double_double mark) {
  catch_up->step = step;
  catch_up->sum = mark;
}
