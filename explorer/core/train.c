/* Runs: the trainer step by step, and the forecast that takes no steps. */
#include "explorer.h"

/* Begins a run at w = 0. */
EXPORTED(explorer_start) const char *explorer_start(explorer *e) {
  biascope_trainer_free(e->trainer);
  e->trainer = NULL;
  biascope_status status = explorer_require_data(e);
  if (status == BIASCOPE_OK) status = biascope_trainer_create(e->data, e->options, &e->trainer, &e->error);
  return explorer_answer(e, status);
}

/* Where the run is, and why it ended if its weights left the range of doubles. */
EXPORTED(explorer_where) const char *explorer_where(explorer *e, int with_weights) {
  if (!e->trainer) return explorer_start(e);
  explorer_begin(e, biascope_trainer_run(e->trainer, 0, &e->error));
  json_number(&e->reply, "step", (double)biascope_trainer_step(e->trainer));
  json_number(&e->reply, "log_loss", biascope_trainer_log_loss(e->trainer));
  if (with_weights) json_numbers(&e->reply, "weights", explorer_weights(e), biascope_trainer_weights(e->trainer));
  return json_finish(&e->reply);
}

/* Takes so many steps. Returns the status. */
EXPORTED(explorer_steps) int explorer_steps(explorer *e, double steps) {
  return e->trainer ? (int)biascope_trainer_run(e->trainer, (uint64_t)steps, &e->error) : BIASCOPE_USAGE;
}

/* The first recorded step after `step`; see biascope_record_next. */
EXPORTED(explorer_record_next) double explorer_record_next(double step, double last, unsigned per_decade) {
  return (double)biascope_record_next((uint64_t)step, (uint64_t)last, per_decade);
}

/* Prepares a forecast up to so many steps. */
EXPORTED(explorer_start_forecast) const char *explorer_start_forecast(explorer *e, double steps) {
  biascope_forecast_free(e->forecast);
  e->forecast = NULL;
  biascope_status status = explorer_require_data(e);
  if (status == BIASCOPE_OK)
    status = biascope_forecast_create(e->data, e->options, (uint64_t)steps, &e->forecast, &e->error);
  return explorer_answer(e, status);
}

/* The forecast at a step, no smaller than the last one. */
EXPORTED(explorer_forecast) const char *explorer_forecast(explorer *e, double step) {
  if (!e->forecast) return explorer_start_forecast(e, step);
  const biascope_status status = biascope_forecast_advance(e->forecast, (uint64_t)step, &e->error);
  explorer_begin(e, status);
  const biascope_forecast_quality quality = biascope_forecast_quality_of(e->forecast);
  json_number(&e->reply, "step", step);
  json_number(&e->reply, "log_loss", quality.log_loss);
  json_number(&e->reply, "error_estimate", quality.error_estimate);
  json_numbers(&e->reply, "weights", explorer_weights(e), biascope_forecast_weights(e->forecast));
  return json_finish(&e->reply);
}
