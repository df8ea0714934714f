/* Steps of dense data in small batches, of one run or of several that take turns phase by phase: first the margins of
 * all, then their weights, then the updates. A run waits for nothing but its own margin, so that the processor works on
 * the others meanwhile; the exponentials of all go into one vector. Each run keeps its own rows, order and state, and
 * gets the same bits as alone. A batch of one sample is never copied: the step reads its row. */
#ifndef BIASCOPE_TRAIN_FAST_TOGETHER_H
#define BIASCOPE_TRAIN_FAST_TOGETHER_H

#include "biascope.h"
#include <stddef.h>

enum { BS_MOST_TOGETHER = 16 };

/* Whether these functions take a run's steps. */
bool bs_together_serves(const biascope_trainer *trainer);
/* Whether runs of these options on one dense data set gain by going together. */
bool bs_together_share(size_t features, const biascope_options *a, const biascope_options *b);
/* `steps` steps of each of `count` runs, with as many features each. */
void bs_together_take_steps(biascope_trainer *const *runs, size_t count, uint64_t steps);

#endif
