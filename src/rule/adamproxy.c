/* adamproxy: grad L / sqrt(sum_i g_i^2), grad L = sum_i g_i (Baek, Song and Yun, Proposition 4.1). The trainer adds the
 * samples' own squares to v. */
#include "rule/optimizer.h"

INLINE bs_after move_adamproxy(bs_before at) {
  const double m = bs_momentum(at);
  return (bs_after){.m = m, .direction = bs_ratio(m, bs_root_and_eps(at.v, at)), .content = at.v};
}

FASTEST(static, bool, step_adamproxy, (const bs_update *u, double scale), (u, scale)) {
  return bs_step_each(lanes, u, scale, false, move_adamproxy);
}

const bs_optimizer_rule BS_RULE(adamproxy) = {.name = "adamproxy",
                                              .second = BS_SECOND_PER_SAMPLE,
                                              .direction = BS_RATIO,
                                              .norm = BIASCOPE_LINF,
                                              .full_batch = true,
                                              .step = step_adamproxy,
                                              .limit = BS_LIMIT_EQUILIBRIUM,
                                              .fast = BS_FAST_ROOTS};
