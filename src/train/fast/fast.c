#include "train/fast.h"

#include "train/fast/blocks.h"
#include "train/fast/lazy.h"
#include "train/fast/passes.h"
#include "train/fast/step_avx512.h"
#include <math.h>

bs_step *bs_fast_step_of(const biascope_options *options) {
  return bs_step_avx512_of(options);
}

biascope_status bs_fast_create(bs_fast *fast, const bs_scope *whole, const biascope_options *options,
                               biascope_error *error) {
  *fast = (bs_fast){0};
  if (whole->moments->outputs > 1 || options->variance_reduction) return BIASCOPE_OK;
  biascope_status status = bs_lazy_create(&fast->lazy, whole->data, options, whole->moments, error);
  if (status == BIASCOPE_OK)
    status = bs_blocks_create(&fast->blocks, whole->data, whole->rows, whole->moments, options, error);
  if (status == BIASCOPE_OK && !fast->lazy) status = bs_passes_create(&fast->passes, whole->data, options, error);
  if (fast->lazy) whole->moments->common = false; /* features are at different steps */
  return status;
}

void bs_fast_free(bs_fast *fast) {
  bs_passes_free(fast->passes);
  bs_blocks_free(fast->blocks);
  bs_lazy_free(fast->lazy);
}

/* The batch becomes all samples of a small problem. */
void bs_fast_open(bs_fast *fast, const bs_scope *whole, uint64_t step, const uint32_t **batch, size_t count,
                  bs_scope *scope) {
  bs_lazy *lazy = fast->lazy;
  bs_lazy_open(lazy, whole->data, whole->moments, step, *batch, count);
  *batch = lazy->sample;
  *scope = (bs_scope){&lazy->batch, NULL, &lazy->moments};
}

void bs_fast_close(bs_fast *fast, uint64_t step) {
  bs_lazy_close(fast->lazy, step);
}

void bs_fast_show(const bs_fast *fast, bs_moments *whole, uint64_t step) {
  if (fast->lazy) bs_lazy_show(fast->lazy, whole, step);
}

double bs_fast_reach(const bs_fast *fast, uint64_t step) {
  return fast->lazy ? bs_lazy_reach(fast->lazy, step) : INFINITY;
}

bool bs_fast_margins(bs_fast *fast, const double *w, const uint32_t *batch, size_t count, double *margin) {
  if (!fast->passes) return false;
  bs_passes_margins(fast->passes, w, batch, count, margin);
  return true;
}

bool bs_fast_weigh(bs_fast *fast, const uint32_t *batch, size_t count, double *margin, bs_weight *weight) {
  if (!fast->blocks) return false;
  bs_blocks_weigh(fast->blocks, batch, count, margin, weight);
  return true;
}

/* The margins are spent: their place takes the samples' scales. */
bool bs_fast_gradient(bs_fast *fast, const bs_weighted_batch *batch, double *margin, bs_moments *moments) {
  if (fast->blocks) return bs_blocks_gradient(fast->blocks);
  if (!fast->passes) return false;
  for (size_t b = 0; b < batch->count; b++)
    if (!bs_moments_scale(moments, batch->sample[b], batch->weight[b], &margin[b])) return false;
  bs_passes_gradient(fast->passes, batch->sample, batch->count, margin, moments->g);
  return true;
}
