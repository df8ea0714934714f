/* kernel.h's update for the rules that divide by a root, on processors with AVX-512: to the bit the same. */
#ifndef BIASCOPE_TRAIN_FAST_KERNEL_AVX512_H
#define BIASCOPE_TRAIN_FAST_KERNEL_AVX512_H

#include "train/kernel.h"
#include <stdbool.h>

/* Not where it is not compiled: on other architectures, and where coverage counts one kernel for all. */
bool bs_kernel_avx512_runs(void);
unsigned bs_kernel_avx512_update(bs_second_moment second, const bs_update *update);

#endif
