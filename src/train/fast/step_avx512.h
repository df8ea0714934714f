/* The steps of the rules that divide by a root, m / (sqrt(v) + eps), on processors with AVX-512: to the bit the same.
 */
#ifndef BIASCOPE_TRAIN_FAST_STEP_AVX512_H
#define BIASCOPE_TRAIN_FAST_STEP_AVX512_H

#include "rule/optimizer.h"

/* NULL: there is none for the rule, or on this processor. */
bs_step *bs_step_avx512_for(const biascope_options *options);
/* That, where this core takes less time for it than for the rule's own step; else the latter. */
bs_step *bs_step_avx512_of(const biascope_options *options);

#endif
