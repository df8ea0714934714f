/* A run in slices short enough to say how far it is, and to stop soon. */
#include "base/clock.h"
#include "base/error.h"
#include <math.h>

/* Seconds: below the first a slice grows, above the second it shrinks. */
static const double SHORT = 0.05, LONG = 0.2;

biascope_status biascope_trainer_run_to(biascope_trainer *trainer, uint64_t step, const biascope_monitor *monitor,
                                        biascope_error *error) {
  const uint64_t first = biascope_trainer_step(trainer);
  const double start = bs_clock(CLOCK_MONOTONIC);
  uint64_t slice = monitor && monitor->tell ? 1 : UINT64_MAX;
  double now = start;
  for (uint64_t done = first; done < step; done = biascope_trainer_step(trainer)) {
    const double before = now;
    const biascope_status status = biascope_trainer_run(trainer, step - done < slice ? step - done : slice, error);
    if (status != BIASCOPE_OK) return status;
    if (slice == UINT64_MAX) continue;
    now = bs_clock(CLOCK_MONOTONIC);
    if (now - before < SHORT && slice < UINT64_C(1) << 32) slice *= 2;
    if (now - before > LONG && slice > 1) slice /= 2;
    done = biascope_trainer_step(trainer);
    const biascope_progress progress = {
        .what = "steps", .done = done, .total = step, .fraction = (double)done / (double)step, .seconds = now - start};
    if (!monitor->tell(monitor->state, &progress))
      return bs_fail(error, BIASCOPE_CANCELLED, "the run was stopped at step %llu", (unsigned long long)done);
  }
  return BIASCOPE_OK;
}
