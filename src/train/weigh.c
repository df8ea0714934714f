/* What each sample of a batch weighs in its gradient. */
#include "train/weigh.h"

#include "base/block.h"
#include "base/padded.h"
#include "loss/classes.h"

double bs_scope_margin(const bs_scope *s, size_t sample) {
  const bs_moments *moments = s->moments;
  if (!s->rows) return bs_row_dot(s->data, sample, moments->w);
  return bs_padded_dot(moments->padded, s->rows + sample * moments->padded, moments->w);
}

void bs_scope_scores(const bs_scope *s, const uint32_t *sample, size_t count, double *out) {
  const bs_moments *moments = s->moments;
  const size_t outputs = moments->outputs;
  if (s->rows) {
    bs_block_products(moments->padded, count, s->rows, sample, outputs, moments->w, out);
    return;
  }
  for (size_t b = 0; b < count; b++)
    for (size_t j = 0; j < outputs; j++) out[b * outputs + j] = bs_row_dot(s->data, sample[b], moments[j].w);
}

/* -dl/ds_j of a batch, outputs x samples. */
static void weigh_classes(biascope_trainer *trainer, const bs_scope *s, const uint32_t *batch, size_t count) {
  const size_t outputs = s->moments->outputs;
  bs_scope_scores(s, batch, count, trainer->score);
  bs_classes_weigh(trainer->loss, outputs, count, trainer->score, s->data->class, batch, trainer->weight, count);
}

/* Before they are divided by the batch's size. False: they are divided. */
static bool weigh_samples(biascope_trainer *trainer, const bs_scope *s, const uint32_t *batch, size_t count) {
  if (bs_fast_serves_batches(&trainer->fast))
    return !bs_fast_weigh(&trainer->fast, s->moments->w, batch, count, trainer->score, trainer->weight);
  for (size_t b = 0; b < count; b++) trainer->score[b] = bs_scope_margin(s, batch[b]);
  trainer->loss->weigh(count, trainer->score, trainer->weight);
  return true;
}

bool bs_weigh_batch(biascope_trainer *trainer, const bs_scope *s, const uint32_t *batch, size_t count) {
  if (s->moments->outputs == 1) return weigh_samples(trainer, s, batch, count);
  weigh_classes(trainer, s, batch, count);
  return true;
}
