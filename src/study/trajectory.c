#include "study/trajectory.h"

#include "study/record.h"

/* Steps between two looks at whether to stop. */
enum { SLICE = 1 << 14 };

static bool stopped(const bs_trajectory *trajectory) {
  return trajectory->stop && atomic_load(trajectory->stop);
}

static biascope_status advance(const bs_trajectory *trajectory, biascope_trainer *trainer, uint64_t target,
                               biascope_error *error) {
  biascope_status status = BIASCOPE_OK;
  while (status == BIASCOPE_OK && biascope_trainer_step(trainer) < target && !stopped(trajectory)) {
    const uint64_t left = target - biascope_trainer_step(trainer);
    status = biascope_trainer_run(trainer, left < SLICE ? left : SLICE, error);
  }
  return status;
}

biascope_status bs_trajectory_run(const bs_trajectory *trajectory, biascope_trainer *trainer, biascope_error *error) {
  bs_measurement measurement;
  biascope_status status = BIASCOPE_OK;
  while (status == BIASCOPE_OK && biascope_trainer_step(trainer) < trajectory->steps) {
    const uint64_t step = biascope_trainer_step(trainer);
    const uint64_t target = bs_record_next(step, trajectory->steps, trajectory->per_decade);
    status = advance(trajectory, trainer, target, error);
    if (status != BIASCOPE_OK || biascope_trainer_step(trainer) < target) break;
    status = bs_reference_measure(trajectory->reference, trajectory->prediction, biascope_trainer_weights(trainer),
                                  &measurement, error);
    if (status == BIASCOPE_OK) trajectory->record(trajectory->state, trainer, &measurement);
  }
  return status;
}
