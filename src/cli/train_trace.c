/* The recorded states of a run, and the trace that is made from them when there is something to compare with. */
#include "cli/train.h"

#include <math.h>
#include <stdlib.h>

/* If more weights than this are kept, they are compared and written at once, although this delays the run. */
static const double MOST_KEPT_BYTES = 0x1p29;

/* ---- Recording ---------------------------------------------------------------------------------- */

static void note_staleness(train_run *run, uint64_t step, biascope_staleness stale) {
  if (stale.momentum_stale) {
    run->momentum_stale_until = step;
    run->momentum_excess = stale.momentum_excess;
  }
  if (stale.second_moment_stale) {
    run->second_stale_until = step;
    run->second_excess = stale.second_moment_excess;
  }
}

static biascope_status make_room(train_run *run, biascope_error *error) {
  if (run->row_count < run->row_capacity) return BIASCOPE_OK;
  const size_t capacity = 2 * run->row_capacity + 64;
  train_row *rows = realloc(run->rows, capacity * sizeof *rows);
  if (!rows) return cli_fail(error, BIASCOPE_NO_MEMORY, "out of memory for the trace");
  run->rows = rows;
  run->row_capacity = capacity;
  return BIASCOPE_OK;
}

biascope_status train_keep_row(train_run *run, const train_row *row, biascope_error *error) {
  const size_t d = biascope_dataset_outputs(run->data) * biascope_dataset_features(run->data);
  biascope_status status = make_room(run, error);
  double *weights = status == BIASCOPE_OK ? cli_copy_numbers(d, row->weights) : NULL;
  if (!weights)
    return status == BIASCOPE_OK ? cli_fail(error, BIASCOPE_NO_MEMORY, "out of memory for the trace") : status;
  train_row kept = *row;
  kept.weights = weights;
  run->rows[run->row_count++] = kept;
  if ((double)(run->row_count * d * sizeof *weights) > MOST_KEPT_BYTES) status = train_trace_rows(run, error);
  return status;
}

static biascope_status keep_state(train_run *run, biascope_staleness stale, biascope_error *error) {
  biascope_alignment alignment;
  const biascope_status status = biascope_trainer_alignment(run->trainer, NULL, &alignment, error);
  if (status != BIASCOPE_OK) return status;
  const train_row row = {.step = biascope_trainer_step(run->trainer),
                         .log_loss = biascope_trainer_log_loss(run->trainer),
                         .misalignment = alignment.misalignment,
                         .stale = stale,
                         .weights = biascope_trainer_weights(run->trainer)};
  return train_keep_row(run, &row, error);
}

biascope_status train_record(train_run *run, uint64_t steps, biascope_error *error) {
  const uint64_t step = biascope_trainer_step(run->trainer);
  const biascope_staleness stale = biascope_trainer_staleness(run->trainer);
  note_staleness(run, step, stale);
  if (step <= steps / 2) {
    biascope_measurement half;
    const double *w = biascope_trainer_weights(run->trainer);
    const biascope_status status = biascope_problem_measure(run->problem, 0, NULL, w, &half, error);
    if (status != BIASCOPE_OK) return status;
    run->half_step = step;
    run->half_margin = half.margin[BIASCOPE_L2] * half.weight_norm;
  }
  return run->trace ? keep_state(run, stale, error) : BIASCOPE_OK;
}

void train_compared_free(train_run *run) {
  for (size_t r = 0; r < run->row_count; r++) free((void *)run->rows[r].weights);
  free(run->rows);
  free(run->direction);
  biascope_problem_free(run->problem);
}

/* ---- Writing ------------------------------------------------------------------------------------ */

void train_trace_head(const train_run *run) {
  fputs("step,epoch,lr", run->trace);
  for (size_t i = 0; i < biascope_measure_count(); i++)
    if (biascope_problem_has_measure(run->problem, biascope_measure_at(i)))
      fprintf(run->trace, ",%s", biascope_measure_at(i)->name);
  fputs(",momentum_excess,second_moment_excess,misalignment,guaranteed_linf\n", run->trace);
}

/* A field that is not a number stays empty. */
static void put(FILE *trace, double value) {
  if (isfinite(value))
    fprintf(trace, ",%.17g", value);
  else
    fputc(',', trace);
}

/* For sign updates, the fraction of the best linf margin that is guaranteed at this misalignment. */
static double guaranteed_of(const train_run *run, double misalignment) {
  const biascope_margin *linf = train_reference(run, BIASCOPE_LINF);
  return linf ? biascope_options_guaranteed(run->options, misalignment, linf->upper_bound) : NAN;
}

static void write_row(const train_run *run, const train_row *row, const biascope_measurement *m) {
  const size_t batches = biascope_options_epoch(run->options, biascope_dataset_samples(run->data));
  fprintf(run->trace, "%llu", (unsigned long long)row->step);
  put(run->trace, (double)row->step / (double)batches);
  put(run->trace, biascope_options_learning_rate(run->options, row->step));
  for (size_t i = 0; i < biascope_measure_count(); i++) {
    const biascope_measure *measure = biascope_measure_at(i);
    if (biascope_problem_has_measure(run->problem, measure)) put(run->trace, biascope_measure_of(measure, m));
  }
  put(run->trace, row->stale.momentum_excess);
  put(run->trace, row->stale.second_moment_excess);
  put(run->trace, row->misalignment);
  put(run->trace, guaranteed_of(run, row->misalignment));
  fputc('\n', run->trace);
}

biascope_status train_trace_rows(train_run *run, biascope_error *error) {
  biascope_status status = train_compare(run, error);
  for (size_t r = 0; r < run->row_count && status == BIASCOPE_OK; r++) {
    biascope_measurement measured;
    status = train_measure(run, run->rows[r].weights, &measured, error);
    measured.log_loss = run->rows[r].log_loss;
    if (status == BIASCOPE_OK) write_row(run, &run->rows[r], &measured);
  }
  for (size_t r = 0; r < run->row_count; r++) free((void *)run->rows[r].weights);
  run->row_count = 0;
  return status;
}
