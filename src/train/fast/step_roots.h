/* The steps of the rules that divide by a root, m / (sqrt(v) + eps), with some of the roots multiplied out beside the
 * divider (step_loop.h): to the bit the same as the rules' own. */
#ifndef BIASCOPE_TRAIN_FAST_STEP_ROOTS_H
#define BIASCOPE_TRAIN_FAST_STEP_ROOTS_H

#include "rule/optimizer.h"

/* How many of the roots are multiplied out. Which takes less time depends on how far the processor looks ahead. */
typedef enum { BS_FEW_ROOTS, BS_MANY_ROOTS, BS_ROOTS } bs_roots;

/* With these vectors. NULL: there is none for the rule, or on this processor. */
bs_step *bs_step_roots_with(bs_vectors vectors, bs_roots roots, const biascope_options *options);
/* Of these steps over so many features and the rule's own, the one that this core takes the least time for. */
bs_step *bs_step_roots_of(const biascope_options *options, size_t features);

/* For a rule that divides by a root. */
bs_step *bs_step_avx2_for(const bs_optimizer_rule *rule, bs_roots roots);
bs_step *bs_step_avx512_for(const bs_optimizer_rule *rule, bs_roots roots);

#endif
