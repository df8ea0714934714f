#include "train/fast/passes.h"

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
  passes->margin = BS_NEW(double, data->samples);
  passes->scale = BS_NEW(double, data->samples);
  biascope_status status = BIASCOPE_OK;
  if (!passes->margin || !passes->scale) status = bs_fail_memory(error, "the passes over the data");
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
  free(passes->margin);
  free(passes->scale);
  free(passes);
}

typedef struct {
  const bs_tiles *tiles;
  const double *x;
  double *z;
} product;

static void multiply_block(void *state, size_t block) {
  const product *p = state;
  bs_tiles_multiply(&p->tiles->block[block], p->x, p->z);
}

void bs_passes_margins(bs_passes *passes, const double *w, const uint32_t *batch, size_t count, double *margin) {
  product margins = {&passes->by_sample, w, passes->margin};
  bs_team_run(passes->team, BS_TILE_BLOCKS, multiply_block, &margins);
  for (size_t b = 0; b < count; b++) margin[b] = passes->margin[batch[b]];
}

void bs_passes_gradient(bs_passes *passes, const uint32_t *batch, size_t count, const double *scale, double *g) {
  memset(passes->scale, 0, passes->samples * sizeof *passes->scale);
  for (size_t b = 0; b < count; b++) passes->scale[batch[b]] += scale[b];
  product gradient = {&passes->by_feature, passes->scale, g};
  bs_team_run(passes->team, BS_TILE_BLOCKS, multiply_block, &gradient);
}
