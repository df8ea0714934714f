/* The parts of the epoch map: sets of samples whose weights matter only relative to each other. The step in a column
 * does not change when all gradients there are scaled, so weights are compared within a column, in any batch; for a
 * rule without memory, within a batch (normalised steps) or within a batch and a column (signs); for normalised steps
 * with momentum, whose length couples the columns, among all samples. While weights shrink at different rates, each
 * part is decided by the slowest of its own samples. So equilibria have levels: first the samples of the least growth;
 * then, among the samples that touch a part which the first level does not, those of the least growth; and so on. */
#ifndef BIASCOPE_LIMIT_PARTS_H
#define BIASCOPE_LIMIT_PARTS_H

#include "limit/epoch_map.h"

typedef struct {
  size_t samples, count;
  size_t *start;    /* count + 1 */
  uint32_t *sample; /* part p: sample[start[p]] .. sample[start[p + 1] - 1], at least two */
  /* Filled by bs_parts_rank. */
  double *top;  /* of each part: its largest log-weight, */
  size_t *lead; /* and the sample that has it */
  double
      *behind;   /* of each sample: the least distance of its log-weight from the top of a part; INFINITY: in no part */
  size_t *ahead; /* the lead of that part; the sample itself if it is in no part */
} bs_parts;

biascope_status bs_parts_create(const bs_epoch_map *map, const bs_epoch_rule *rule, bs_parts *out,
                                biascope_error *error);
void bs_parts_free(bs_parts *parts);

void bs_parts_rank(bs_parts *parts, const double *log_weights);

/* If a log-weight is lower than the top by this, the sample does not change what its part decides. */
#define BS_FADED 34.5
static inline bool bs_parts_relevant(const bs_parts *parts, size_t sample) {
  return parts->behind[sample] < BS_FADED;
}

/* Log-weight behind a leader within which a sample may belong to the support. */
#define BS_SUPPORTS 18.4
/* By which the log-weights of the others are lowered, so that they decide only what no member does. */
#define BS_ASIDE 500.0
/* Lists the samples behind by less than `reach` in `member`, and returns how many; `trial` (N) gets the log-weights,
 * those of the others lowered by BS_ASIDE. The parts are ranked. */
size_t bs_parts_list_members(const bs_parts *parts, double reach, const double *log_weights, size_t *member,
                             double *trial);

#endif
