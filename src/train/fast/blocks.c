#include "train/fast/blocks.h"

#include "base/lanes.h"
#include "base/memory.h"
#include "base/padded.h"
#include <stdlib.h>
#include <string.h>

/* Narrow data go together (together.c), bit for bit as alone. */
enum { LEAST_FEATURES = 128, LEAST_SAMPLES = 16 * BS_BLOCK_PARTS, LEAST_CELLS = 1 << 18 };
/* A block of rows stays in a core's own cache. */
enum { BLOCK_CELLS = 1 << 15 };

static bool is_worth_it(const biascope_dataset *data, const biascope_options *options) {
  if (!data->dense || data->features < LEAST_FEATURES) return false;
  if (bs_batch_size(options, data->samples) < LEAST_SAMPLES) return false;
  if (!bs_gradient_is_plain(options) || !(bs_optimizer_rule_of(options->optimizer)->fast & BS_FAST_PASSES))
    return false;
  return data->samples >= LEAST_CELLS / data->features && bs_batch_is_most(options, data->samples);
}

biascope_status bs_blocks_create(bs_blocks **out, const biascope_dataset *data, const double *rows, bs_moments *moments,
                                 const biascope_options *options, biascope_error *error) {
  *out = NULL;
  if (!is_worth_it(data, options)) return BIASCOPE_OK;
  bs_blocks *blocks = BS_NEW(bs_blocks, 1);
  if (!blocks) return bs_fail_memory(error, "the blocks of rows");
  blocks->rows = rows;
  blocks->padded = moments->padded;
  blocks->height = 1 + BLOCK_CELLS / moments->padded;
  blocks->loss = bs_loss_of(options->loss);
  blocks->moments = moments;
  blocks->partial = BS_NEW(double, BS_BLOCK_PARTS * moments->padded);
  biascope_status status = blocks->partial ? BIASCOPE_OK : bs_fail_memory(error, "the blocks of rows");
  if (status == BIASCOPE_OK) status = bs_team_create(&blocks->team, options->threads, error);
  if (status != BIASCOPE_OK)
    bs_blocks_free(blocks);
  else
    *out = blocks;
  return status;
}

void bs_blocks_free(bs_blocks *blocks) {
  if (!blocks) return;
  bs_team_free(blocks->team);
  free(blocks->partial);
  free(blocks);
}

static const double *row_of(const bs_blocks *blocks, size_t b) {
  return blocks->rows + blocks->batch[b] * blocks->padded;
}

static void weigh_block(const bs_blocks *blocks, size_t first, size_t end) {
  for (size_t b = first; b < end; b++)
    blocks->margin[b] = bs_padded_dot(blocks->padded, row_of(blocks, b), blocks->moments->w);
  blocks->loss->weigh(end - first, blocks->margin + first, blocks->weight + first);
  bs_weights_divide(end - first, blocks->count, blocks->weight + first);
}

/* While a block from `first` to `end` is added up, memory would rest: with every row b, half a row of the first half of
 * the next block is fetched. `last`: where the part ends. */
static void fetch_ahead(const bs_blocks *blocks, size_t first, size_t b, size_t end, size_t last) {
  const size_t ahead = end + (b - first) / 2, middle = blocks->padded / 2 / BS_LANES * BS_LANES;
  if (ahead >= last) return;
  const bool second = (b - first) % 2 != 0;
  const double *row = row_of(blocks, ahead);
  for (size_t k = second ? middle : 0; k < (second ? blocks->padded : middle); k += BS_LANES)
    __builtin_prefetch(row + k, 0, 2);
}

/* Four rows at a time: the sum is read and written a quarter as often. */
static bool add_block(const bs_blocks *blocks, size_t first, size_t end, size_t last, double *g) {
  enum { TOGETHER = 4 };
  double scale[TOGETHER];
  const double *row[TOGETHER];
  size_t count = 0;
  for (size_t b = first; b < end; b++) {
    fetch_ahead(blocks, first, b, end, last);
    if (!bs_moments_scale(blocks->moments, blocks->batch[b], blocks->weight[b], &scale[count])) return false;
    row[count] = row_of(blocks, b);
    if (scale[count] != 0.0) count++;
    if (count < TOGETHER) continue;
    bs_padded_add_four(blocks->padded, scale, row, g);
    count = 0;
  }
  for (size_t i = 0; i < count; i++) bs_padded_add(blocks->padded, scale[i], row[i], g);
  return true;
}

static void run_part(void *state, size_t at) {
  bs_blocks *blocks = state;
  const size_t part = blocks->backwards ? BS_BLOCK_PARTS - 1 - at : at;
  double *g = blocks->partial + part * blocks->padded;
  const size_t end = blocks->count * (part + 1) / BS_BLOCK_PARTS;
  bool plain = true;
  memset(g, 0, blocks->padded * sizeof *g);
  for (size_t first = blocks->count * part / BS_BLOCK_PARTS; first < end; first += blocks->height) {
    const size_t next = end - first < blocks->height ? end : first + blocks->height;
    if (blocks->weigh) weigh_block(blocks, first, next);
    plain = plain && add_block(blocks, first, next, end, g);
  }
  blocks->plain[part] = plain;
}

static bool run_parts(bs_blocks *blocks, bool weigh) {
  blocks->weigh = weigh;
  blocks->backwards = !blocks->backwards;
  bs_team_run(blocks->team, BS_BLOCK_PARTS, run_part, blocks);
  bool plain = true;
  for (size_t part = 0; part < BS_BLOCK_PARTS; part++) plain = plain && blocks->plain[part];
  return plain;
}

void bs_blocks_weigh(bs_blocks *blocks, const uint32_t *batch, size_t count, double *margin, bs_weight *weight) {
  blocks->batch = batch;
  blocks->count = count;
  blocks->margin = margin;
  blocks->weight = weight;
  const bool plain = run_parts(blocks, true);
  blocks->complete = plain && bs_moments_fit(blocks->moments, &(bs_weighted_batch){batch, weight, count, NULL});
}

bool bs_blocks_gradient(bs_blocks *blocks) {
  if (!blocks->complete && !run_parts(blocks, false)) return false;
  double *g = blocks->moments->g;
  memcpy(g, blocks->partial, blocks->padded * sizeof *g);
  for (size_t part = 1; part < BS_BLOCK_PARTS; part++)
    bs_padded_add(blocks->padded, 1.0, blocks->partial + part * blocks->padded, g);
  return true;
}
