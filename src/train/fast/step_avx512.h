/* The steps of the rules that divide by a root, m / (sqrt(v) + eps), on processors with AVX-512: to the bit the same.
 */
#ifndef BIASCOPE_TRAIN_FAST_STEP_AVX512_H
#define BIASCOPE_TRAIN_FAST_STEP_AVX512_H

#include "rule/optimizer.h"

/* The rule's own step where there is no faster one: on other processors, and where coverage counts one step for all. */
bs_step *bs_step_avx512_of(const bs_optimizer_rule *rule);

#endif
