/* adagrad: the gradient over the root of the sum of all squares so far. */
#include "rule/optimizer.h"

INLINE bs_after move_adagrad(bs_before at) {
  const double m = bs_momentum(at), v = at.v + at.product * at.product;
  return (bs_after){.m = m, .v = v, .direction = bs_ratio(m, bs_root_and_eps(v, at)), .content = v};
}

FASTEST(static, bool, step_adagrad, (const bs_update *u, double scale), (u, scale)) {
  return bs_step_each(lanes, u, scale, true, move_adagrad);
}

const bs_optimizer_rule BS_RULE(adagrad) = {
    .name = "adagrad",
    .reads = {{BS_OPTION_EPS, 0.0}},
    .torch = {{BS_OPTION_LR, 1e-2}, {BS_OPTION_EPS, 1e-10}, {BS_OPTION_WEIGHT_DECAY, 0.0}},
    .second = BS_SECOND_SUM,
    .direction = BS_RATIO,
    .norm = BIASCOPE_LINF,
    .step = step_adagrad,
    .limit = BS_LIMIT_ACCUMULATED,
    .fast = BS_FAST_ALONE | BS_FAST_LAZY | BS_FAST_PASSES | BS_FAST_ROOTS};
