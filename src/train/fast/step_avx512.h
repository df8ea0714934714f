/* The steps of the rules that divide by a root, m / (sqrt(v) + eps), on processors with AVX-512: to the bit the same.
 */
#ifndef BIASCOPE_TRAIN_FAST_STEP_AVX512_H
#define BIASCOPE_TRAIN_FAST_STEP_AVX512_H

#include "rule/optimizer.h"

/* bs_step_of where there is no faster one: on other processors, and where coverage counts one step for all. */
bs_step *bs_step_avx512_of(const biascope_options *options);

#endif
