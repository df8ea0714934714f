#include "train/fast.h"

#include "train/fast/blocks.h"
#include "train/fast/lazy.h"
#include "train/fast/passes.h"
#include "train/fast/step_roots.h"
#include <math.h>

bs_step *bs_fast_step_of(const biascope_options *options, size_t features) {
  return bs_step_roots_of(options, features);
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

bool bs_fast_weigh(bs_fast *fast, const double *w, const uint32_t *batch, size_t count, double *margin,
                   bs_weight *weight) {
  if (fast->blocks)
    bs_blocks_weigh(fast->blocks, batch, count, margin, weight);
  else
    bs_passes_weigh(fast->passes, w, batch, count, margin, weight);
  return fast->blocks != NULL;
}

/* The margins are spent: their place takes the samples' factors. */
bool bs_fast_gradient(bs_fast *fast, const bs_weighted_batch *batch, double *margin, bs_moments *moments) {
  if (fast->blocks) return bs_blocks_gradient(fast->blocks);
  return bs_passes_gradient(fast->passes, batch, margin, moments);
}

/* ---- A step over many coordinates -------------------------------------------------------------------- */

enum { STEP_PARTS = 16, LEAST_SHARED = 1 << 13 };

typedef struct {
  const bs_update *update;
  bs_step *step;
  bool faded[STEP_PARTS];
} shared_step;

static void step_part(void *state, size_t part) {
  shared_step *s = state;
  bs_update u = *s->update;
  const size_t vectors = (u.count + BS_LANES - 1) / BS_LANES;
  const size_t first = vectors * part / STEP_PARTS * BS_LANES, end = vectors * (part + 1) / STEP_PARTS * BS_LANES;
  u.count = (end < u.count ? end : u.count) - first;
  u.padded = end - first;
  u.row += first;
  u.m += first;
  u.v += first;
  u.w += first;
  u.eps += first;
  s->faded[part] = s->step(&u, 1.0);
}

bool bs_fast_step(const bs_fast *fast, const bs_moments *moments, const bs_update *update) {
  bs_team *team = fast->blocks ? fast->blocks->team : fast->passes ? fast->passes->team : NULL;
  if (!team || update->count < LEAST_SHARED || !(moments->rule->fast & BS_FAST_ALONE))
    return moments->step(update, 1.0);
  shared_step s = {.update = update, .step = moments->step};
  bs_team_run(team, STEP_PARTS, step_part, &s);
  bool faded = false;
  for (size_t part = 0; part < STEP_PARTS; part++) faded = faded || s.faded[part];
  return faded;
}
