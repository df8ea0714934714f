/* The steps of the rules that divide by a root, m / (sqrt(v) + eps), with some of the roots multiplied out beside the
 * divider (step_loop.h): to the bit the same as the rules' own. */
#ifndef BIASCOPE_TRAIN_FAST_STEP_ROOTS_H
#define BIASCOPE_TRAIN_FAST_STEP_ROOTS_H

#include "rule/optimizer.h"

/* With these vectors. NULL: there is none for the rule, or on this processor. */
bs_step *bs_step_roots_with(bs_vectors vectors, const biascope_options *options);
/* With the vectors that are used, where this core takes less time for it than for the rule's own step; else the latter.
 */
bs_step *bs_step_roots_of(const biascope_options *options);

/* For a rule that divides by a root. */
bs_step *bs_step_avx2_for(const bs_optimizer_rule *rule);
bs_step *bs_step_avx512_for(const bs_optimizer_rule *rule);

#endif
