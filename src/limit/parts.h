/* The parts of the epoch map: sets of samples whose weights count relative to each other and to no other's. What a step
 * does in a column does not change when all gradients there are scaled, so weights are compared within a column,
 * whatever the batch; by a rule without memory within a batch (normalised steps) or within a batch and a column
 * (signs); by normalised steps with momentum, whose length couples the columns, among all samples. While weights fade
 * at different rates each part is decided by the slowest of its own samples, so equilibria come in levels: the samples
 * of the least growth; then, among those that touch a part the first level does not, the least growth; and so on. */
#ifndef BIASCOPE_LIMIT_PARTS_H
#define BIASCOPE_LIMIT_PARTS_H

#include "limit/epoch_map.h"

typedef struct {
  size_t samples, count;
  size_t *start;    /* count + 1 */
  uint32_t *sample; /* part p: sample[start[p]] .. sample[start[p + 1] - 1], two at least */
  /* Filled by bs_parts_rank. */
  double *top;  /* of each part: its largest log-weight, */
  size_t *lead; /* and the sample that has it */
  double
      *behind; /* of each sample: log-weights below the top of the part in which that is least; INFINITY: in no part */
  size_t *ahead; /* and that part's lead; the sample itself where it is in no part */
} bs_parts;

biascope_status bs_parts_create(const bs_epoch_map *map, const bs_epoch_rule *rule, bs_parts *out,
                                biascope_error *error);
void bs_parts_free(bs_parts *parts);

void bs_parts_rank(bs_parts *parts, const double *log_weights);

/* Below this difference of log-weights a sample moves nothing that its part decides. */
#define BS_FADED 34.5
static inline bool bs_parts_relevant(const bs_parts *parts, size_t sample) {
  return parts->behind[sample] < BS_FADED;
}

#endif
