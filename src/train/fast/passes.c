#include "train/fast/passes.h"

#include "base/lanes.h"
#include "base/memory.h"
#include <stdlib.h>
#include <string.h>

enum { LEAST_NONZEROS = 1 << 15 };

static bool is_worth_it(const biascope_dataset *data, const biascope_options *options) {
  if (data->dense || data->row_start[data->samples] < LEAST_NONZEROS) return false;
  if (!(bs_optimizer_rule_of(options->optimizer)->fast & BS_FAST_PASSES)) return false;
  return bs_batch_is_most(options, data->samples);
}

biascope_status bs_passes_create(bs_passes **out, const biascope_dataset *data, const biascope_options *options,
                                 biascope_error *error) {
  *out = NULL;
  if (!is_worth_it(data, options)) return BIASCOPE_OK;
  const bs_compressed rows = {data->samples, data->features, data->row_start, data->column, data->value};
  bs_passes *passes = BS_NEW(bs_passes, 1);
  if (!passes) return bs_fail_memory(error, "the passes over the data");
  passes->samples = data->samples;
  passes->loss = bs_loss_of(options->loss);
  passes->distinct = options->batch_size == 0 || options->order != BIASCOPE_REPLACEMENT;
  passes->product = BS_NEW(double, data->samples);
  passes->scale = BS_NEW(double, data->samples);
  biascope_status status = BIASCOPE_OK;
  if (!passes->product || !passes->scale) status = bs_fail_memory(error, "the passes over the data");
  if (status == BIASCOPE_OK) status = bs_team_create(&passes->team, options->threads, error);
  if (status == BIASCOPE_OK) status = bs_tiles_create(&passes->by_sample, &rows, error);
  if (status == BIASCOPE_OK) status = bs_tiles_create_transposed(&passes->by_feature, &rows, error);
  if (status != BIASCOPE_OK)
    bs_passes_free(passes);
  else
    *out = passes;
  return status;
}

void bs_passes_free(bs_passes *passes) {
  if (!passes) return;
  bs_team_free(passes->team);
  bs_tiles_free(&passes->by_sample);
  bs_tiles_free(&passes->by_feature);
  free(passes->product);
  free(passes->scale);
  free(passes);
}

typedef struct {
  const bs_tiles *tiles;
  bool backwards;
  const double *x;
  double *z;
} product;

static void multiply_block(void *state, size_t at) {
  const product *p = state;
  bs_tiles_multiply(&p->tiles->block[p->backwards ? BS_TILE_BLOCKS - 1 - at : at], p->x, p->z);
}

static size_t first_of(const bs_passes *passes, size_t part) {
  return passes->count * part / BS_PASS_PARTS / BS_LANES * BS_LANES;
}

static size_t end_of(const bs_passes *passes, size_t part) {
  return part + 1 < BS_PASS_PARTS ? first_of(passes, part + 1) : passes->count;
}

/* Work that takes less time than waking a thread is the caller's. */
static void run_parts(bs_passes *passes, void (*work)(void *state, size_t part)) {
  enum { LEAST_SHARED = 4096 };
  if (passes->count >= LEAST_SHARED) {
    bs_team_run(passes->team, BS_PASS_PARTS, work, passes);
    return;
  }
  for (size_t part = 0; part < BS_PASS_PARTS; part++) work(passes, part);
}

static void weigh_part(void *state, size_t part) {
  bs_passes *passes = state;
  const size_t first = first_of(passes, part), end = end_of(passes, part);
  for (size_t b = first; b < end; b++) passes->margin[b] = passes->product[passes->batch[b]];
  passes->loss->weigh(end - first, passes->margin + first, passes->weight + first);
}

void bs_passes_weigh(bs_passes *passes, const double *w, const uint32_t *batch, size_t count, double *margin,
                     bs_weight *weight) {
  passes->backwards = !passes->backwards;
  product margins = {&passes->by_sample, passes->backwards, w, passes->product};
  bs_team_run(passes->team, BS_TILE_BLOCKS, multiply_block, &margins);
  passes->batch = batch;
  passes->count = count;
  passes->margin = margin;
  passes->weight = weight;
  run_parts(passes, weigh_part);
}

/* The margins' place takes the samples' factors. */
static void scale_part(void *state, size_t part) {
  bs_passes *passes = state;
  const bs_weighted_batch *batch = passes->weighted;
  bool plain = true;
  for (size_t b = first_of(passes, part); b < end_of(passes, part) && plain; b++) {
    plain = bs_moments_scale(passes->moments, batch->sample[b], batch->weight[b], &passes->margin[b]);
    if (passes->distinct) passes->scale[batch->sample[b]] = 0.0 + passes->margin[b];
  }
  passes->plain[part] = plain;
}

bool bs_passes_gradient(bs_passes *passes, const bs_weighted_batch *batch, double *margin, bs_moments *moments) {
  passes->moments = moments;
  passes->weighted = batch;
  passes->count = batch->count;
  passes->margin = margin;
  if (!passes->distinct || batch->count < passes->samples)
    memset(passes->scale, 0, passes->samples * sizeof *passes->scale);
  run_parts(passes, scale_part);
  for (size_t part = 0; part < BS_PASS_PARTS; part++)
    if (!passes->plain[part]) return false;
  for (size_t b = 0; b < batch->count && !passes->distinct; b++) passes->scale[batch->sample[b]] += margin[b];
  product gradient = {&passes->by_feature, passes->backwards, passes->scale, moments->g};
  bs_team_run(passes->team, BS_TILE_BLOCKS, multiply_block, &gradient);
  return true;
}
