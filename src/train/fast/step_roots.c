#include "train/fast/step_roots.h"

#include "train/fast/race.h"
#include <pthread.h>

static bs_step *step_of_rule(bs_vectors vectors, bs_roots roots, const bs_optimizer_rule *rule) {
  if (vectors > bs_vectors_used) return NULL;
  return vectors == BS_AVX512 ? bs_step_avx512_for(rule, roots)
         : vectors == BS_AVX2 ? bs_step_avx2_for(rule, roots)
                              : NULL;
}

bs_step *bs_step_roots_with(bs_vectors vectors, bs_roots roots, const biascope_options *options) {
  const bs_optimizer_rule *rule = bs_optimizer_rule_of(options->optimizer);
  if (!(rule->fast & BS_FAST_ROOTS) || bs_step_of(options) != rule->step) return NULL;
  return step_of_rule(vectors, roots, rule);
}

/* On Zen 4 few roots are, on Emerald Rapids many; the divider of Zen 5 is twice as fast. BS_ROOTS: the rule's own step.
 */
static bs_roots fastest;

static void race(void) {
  const bs_optimizer_rule *adam = bs_optimizer_rule_of(BIASCOPE_ADAM);
  bs_step *const steps[] = {[BS_FEW_ROOTS] = step_of_rule(bs_vectors_used, BS_FEW_ROOTS, adam),
                            [BS_MANY_ROOTS] = step_of_rule(bs_vectors_used, BS_MANY_ROOTS, adam),
                            [BS_ROOTS] = adam->step};
  fastest = (bs_roots)bs_race(BS_ROOTS + 1, steps);
}

bs_step *bs_step_roots_of(const biascope_options *options, size_t features) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  if (!bs_step_roots_with(bs_vectors_used, BS_FEW_ROOTS, options)) return bs_step_of(options);
  /* Over few features a step leaves all roots to the divider. It does without vectors of eight, as the dot product does
   * (base/padded.c): while some of these wait, Emerald Rapids takes 30 cycles longer for an exponential. */
  if (features <= (size_t)2 * BS_LANES) return bs_step_roots_with(BS_AVX2, BS_FEW_ROOTS, options);
  pthread_once(&once, race);
  return fastest < BS_ROOTS ? bs_step_roots_with(bs_vectors_used, fastest, options) : bs_step_of(options);
}
