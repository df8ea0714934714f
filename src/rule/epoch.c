#include "rule/epoch.h"

bool bs_direction_couples(bs_direction direction) {
  return !bs_epoch_mean_of(direction)->apply;
}

bool bs_direction_is_preconditioned(bs_direction direction) {
  return direction == BS_PRECONDITIONED || direction == BS_PRECONDITIONED_LEFT;
}

bool bs_direction_grows(bs_direction direction) {
  return direction == BS_IDENTITY || direction == BS_SPECTRAL_SIZED;
}

const bs_epoch_mean *bs_epoch_mean_of(bs_direction direction) {
  static const bs_epoch_mean *const MEANS[] = {[BS_IDENTITY] = &bs_mean_identity,
                                               [BS_NORMALISED] = &bs_mean_normalised,
                                               [BS_SIGN] = &bs_mean_sign,
                                               [BS_RATIO] = &bs_mean_ratio,
                                               [BS_SPECTRAL] = &bs_mean_normalised,
                                               [BS_SPECTRAL_SIZED] = &bs_mean_normalised,
                                               [BS_PRECONDITIONED] = &bs_mean_preconditioned,
                                               [BS_PRECONDITIONED_LEFT] = &bs_mean_preconditioned};
  return MEANS[direction];
}

bool bs_epoch_memoryless(const bs_epoch_rule *rule) {
  const bool averages = rule->direction == BS_RATIO || bs_direction_is_preconditioned(rule->direction);
  return bs_epoch_past(rule) == 0.0 && !averages;
}

bs_comparison bs_epoch_comparison(const bs_epoch_rule *rule) {
  const bs_epoch_mean *mean = bs_epoch_mean_of(rule->direction);
  return bs_epoch_memoryless(rule) ? mean->without_memory : mean->with_memory;
}

double bs_epoch_direction_stays(const bs_epoch_rule *rule) {
  return rule->beta1 > 0.0 ? 1.0 : 0.0;
}
