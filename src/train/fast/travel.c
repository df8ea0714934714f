#include "train/fast/travel.h"

#include "base/error.h"
#include "base/memory.h"
#include <stdlib.h>

enum { LEAST_LENGTH = 64, MOST_LENGTH = 1 << 18 };

static bs_travel_kind kind_of(const biascope_options *options) {
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

bool bs_travel_known(const biascope_options *options) {
  const bs_optimizer_rule *rule = bs_optimizer_rule_of(options->optimizer);
  if (!(rule->fast & BS_FAST_LAZY) || !bs_gradient_is_plain(options) || bs_weights_shrink(options)) return false;
  if (options->bias_correction || options->momentum > 0.0) return false; /* their step sizes are not eta alone */
  const bs_travel_kind kind = kind_of(options);
  if (kind == BS_STAYS) return true;
  if (bs_effective_beta1(options) == 0.0) return false; /* the momentum is gone after a step */
  if (kind == BS_PERSISTS) return true;
  if (rule->direction == BS_RATIO && options->eps > 0.0) return false;
  return length_of(ratio_of(options)) <= MOST_LENGTH;
}

biascope_status bs_travel_create(bs_travel *travel, const biascope_options *options, biascope_error *error) {
  *travel = (bs_travel){.kind = kind_of(options), .options = *options, .first = UINT64_MAX};
  if (travel->kind != BS_FADES) return BIASCOPE_OK;
  travel->ratio = ratio_of(options);
  travel->length = (uint64_t)fmax(LEAST_LENGTH, length_of(travel->ratio));
  travel->powers = BS_NEW(bs_powers, 1);
  travel->tail = BS_NEW(bs_double_double, (size_t)travel->length);
  if (!travel->powers || !travel->tail) {
    bs_travel_free(travel);
    return bs_fail_memory(error, "the rates of the steps to come");
  }
  bs_powers_fill(travel->powers, travel->ratio);
  return BIASCOPE_OK;
}

void bs_travel_free(bs_travel *travel) {
  free(travel->powers);
  free(travel->tail);
  travel->powers = NULL;
  travel->tail = NULL;
}

/* Backwards from a guess whose error has faded by the time the table begins. */
static void fill(bs_travel *travel, uint64_t first) {
  const uint64_t end = first + 2 * travel->length;
  bs_double_double tail = {bs_learning_rate(&travel->options, end) * travel->ratio.high / (1.0 - travel->ratio.high),
                           0};
  for (uint64_t step = end; step-- > first;) {
    const double eta = bs_learning_rate(&travel->options, step);
    tail = bs_dd_multiply(travel->ratio, bs_dd_add((bs_double_double){eta, 0.0}, tail));
    if (step - first < travel->length) travel->tail[step - first] = tail;
  }
  travel->first = first;
}

bs_double_double bs_travel_mark(bs_travel *travel, uint64_t step) {
  switch (travel->kind) {
  case BS_STAYS:
    return (bs_double_double){0.0, 0.0};
  case BS_FADES:
    if (step - step % travel->length != travel->first) fill(travel, step - step % travel->length);
    return travel->tail[step - travel->first];
  default:
    for (; travel->step < step; travel->step++)
      travel->sum = bs_dd_add(travel->sum, (bs_double_double){bs_learning_rate(&travel->options, travel->step), 0.0});
    return travel->sum;
  }
}

void bs_travel_resume(bs_travel *travel, uint64_t step, bs_double_double mark) {
  travel->step = step;
  travel->sum = mark;
}
