/* Which samples make up step t's batch: a function of (order, seed, t) alone. */
#ifndef BIASCOPE_TRAIN_SAMPLER_H
#define BIASCOPE_TRAIN_SAMPLER_H

#include "base/rng.h"
#include "rule/option.h"

typedef struct {
  size_t samples, batch_size, batches; /* batches in an epoch */
  biascope_order order;
  uint64_t seed;
  uint64_t step, epoch; /* the next one, as far as is known, and its epoch; */
  size_t first;         /* where its batch begins in it */
  uint64_t held;        /* the epoch whose permutation is held */
  bs_random_row drawn_ahead;
  uint32_t *permutation; /* N; the identity unless the order is shuffle */
  uint32_t *drawn;       /* batch_size; order replacement */
} bs_sampler;

biascope_status bs_sampler_create(bs_sampler *sampler, const biascope_options *options, size_t samples,
                                  biascope_error *error);
void bs_sampler_free(bs_sampler *sampler);
/* The indices of step `step`'s batch, owned by the sampler until the next call; their number in *count. */
const uint32_t *bs_sampler_batch(bs_sampler *sampler, uint64_t step, size_t *count);

/* The same, in less time where it is the next batch of an epoch that has begun. */
static inline const uint32_t *bs_sampler_next(bs_sampler *sampler, uint64_t step, size_t *count) {
  const size_t first = sampler->first, end = first + sampler->batch_size;
  if (step != sampler->step || first == 0 || end >= sampler->samples) return bs_sampler_batch(sampler, step, count);
  sampler->step = step + 1;
  sampler->first = end;
  *count = sampler->batch_size;
  return sampler->permutation + first;
}

/* For batches of one sample: those of the steps from `step` on that are left in its epoch, their number in *count. */
const uint32_t *bs_sampler_rest(bs_sampler *sampler, uint64_t step, size_t *count);

#endif
