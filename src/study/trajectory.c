#include "study/trajectory.h"

#include "train/record.h"

/* The number of steps between two checks whether to stop. */
enum { SLICE = 1 << 14 };

/* Runs that have not diverged, all at the same step. */
typedef struct {
  bs_trajectory_run *run[BS_RUNS_TOGETHER];
  size_t count;
  uint64_t step;
} going;

static bool stopped(const bs_trajectory *trajectory) {
  return trajectory->stop && atomic_load(trajectory->stop);
}

static void drop_diverged(going *g, biascope_error *error) {
  size_t kept = 0;
  for (size_t i = 0; i < g->count; i++) {
    g->run[i]->diverged = biascope_trainer_run(g->run[i]->trainer, 0, error) != BIASCOPE_OK;
    if (!g->run[i]->diverged) g->run[kept++] = g->run[i];
  }
  g->count = kept;
}

static biascope_status advance(const bs_trajectory *trajectory, going *g, uint64_t target, biascope_error *error) {
  biascope_status status = BIASCOPE_OK;
  while (status == BIASCOPE_OK && g->count > 0 && g->step < target && !stopped(trajectory)) {
    const uint64_t left = target - g->step, slice = left < SLICE ? left : SLICE;
    biascope_trainer *trainers[BS_RUNS_TOGETHER];
    for (size_t i = 0; i < g->count; i++) trainers[i] = g->run[i]->trainer;
    status = biascope_trainers_run(trainers, g->count, slice, error);
    g->step += slice;
    if (status == BIASCOPE_OK) drop_diverged(g, error);
  }
  return status;
}

static biascope_status measure(const bs_trajectory *trajectory, const going *g, biascope_error *error) {
  biascope_status status = BIASCOPE_OK;
  for (size_t i = 0; i < g->count && status == BIASCOPE_OK; i++) {
    const bs_trajectory_run *run = g->run[i];
    biascope_measurement measurement;
    status = biascope_problem_measure(trajectory->reference, BIASCOPE_ALL_NORMS, run->prediction,
                                      biascope_trainer_weights(run->trainer), &measurement, error);
    measurement.log_loss = biascope_trainer_log_loss(run->trainer);
    if (status == BIASCOPE_OK) trajectory->record(run->state, run->trainer, &measurement);
  }
  return status;
}

biascope_status bs_trajectories_follow(const bs_trajectory *trajectory, bs_trajectory_run *runs, size_t count,
                                       biascope_error *error) {
  going g = {.count = count, .step = biascope_trainer_step(runs[0].trainer)};
  for (size_t i = 0; i < count; i++) {
    runs[i].diverged = false;
    g.run[i] = &runs[i];
  }
  biascope_status status = BIASCOPE_OK;
  while (status == BIASCOPE_OK && g.count > 0 && g.step < trajectory->steps) {
    const uint64_t target = biascope_record_next(g.step, trajectory->steps, trajectory->per_decade);
    status = advance(trajectory, &g, target, error);
    if (g.step < target) break;
    if (status == BIASCOPE_OK) status = measure(trajectory, &g, error);
  }
  return status;
}
