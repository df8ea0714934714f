/* One process: built without MPI. */
#include "study/ranks.h"

biascope_ranks biascope_ranks_start(void) {
  return (biascope_ranks){.rank = 0, .count = 1};
}

void biascope_ranks_end(void) {}

bs_ranks bs_ranks_here(void) {
  return (bs_ranks){.rank = 0, .count = 1};
}

biascope_status bs_ranks_check(biascope_status status) {
  return status;
}

biascope_status bs_ranks_agree(biascope_status status, bs_fingerprint **finished, size_t *count) {
  (void)finished;
  (void)count;
  return status;
}

void bs_ranks_divide(bs_ranks *ranks, bs_plan *plan, bs_sink *sink) {
  (void)ranks;
  (void)plan;
  (void)sink;
}

void bs_ranks_finish(const bs_ranks *ranks) {
  (void)ranks;
}
