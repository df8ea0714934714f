#include "train/fast/step_roots.h"

#include "train/fast/race.h"
#include <pthread.h>

static bs_step *step_of_rule(bs_vectors vectors, const bs_optimizer_rule *rule) {
  if (vectors > bs_vectors_used) return NULL;
  return vectors == BS_AVX512 ? bs_step_avx512_for(rule) : vectors == BS_AVX2 ? bs_step_avx2_for(rule) : NULL;
}

bs_step *bs_step_roots_with(bs_vectors vectors, const biascope_options *options) {
  const bs_optimizer_rule *rule = bs_optimizer_rule_of(options->optimizer);
  if (!(rule->fast & BS_FAST_ROOTS) || bs_step_of(options) != rule->step) return NULL;
  return step_of_rule(vectors, rule);
}

/* It is on Zen 4; the divider of Zen 5 is twice as fast. */
static bool is_faster;

static void race(void) {
  const bs_optimizer_rule *adam = bs_optimizer_rule_of(BIASCOPE_ADAM);
  is_faster = bs_race_is_won(step_of_rule(bs_vectors_used, adam), adam->step);
}

bs_step *bs_step_roots_of(const biascope_options *options) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  bs_step *const step = bs_step_roots_with(bs_vectors_used, options);
  if (!step) return bs_step_of(options);
  pthread_once(&once, race);
  return is_faster ? step : bs_step_of(options);
}
