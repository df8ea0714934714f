#include "study/run.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "study/json.h"
#include "train/record.h"
#include <stdlib.h>
#include <string.h>

/* The measures of a run at its recorded steps. */
typedef struct {
  uint64_t *step;
  biascope_measurement *measured;
  size_t count;
} trace;

/* ---- Training ------------------------------------------------------------------------------------- */

static void trace_free(trace *t) {
  free(t->step);
  free(t->measured);
}

/* False if out of memory; must be freed even then. */
static bool trace_create(trace *t, const bs_plan_run *run, unsigned per_decade) {
  const size_t points = bs_record_count(run->steps, per_decade);
  *t = (trace){.step = BS_NEW(uint64_t, points), .measured = BS_NEW(biascope_measurement, points)};
  return t->step && t->measured;
}

/* What the texts are made from. */
typedef struct {
  const bs_plan_run *run;
  biascope_problem *reference;
  const biascope_prediction *prediction;
  biascope_trainer *trainer;   /* NULL: the run is forecast */
  biascope_forecast *forecast; /* NULL: it is trained */
  trace trace;
  biascope_measurement last, limit;
} outcome;

static void add_point(outcome *o, uint64_t step, const biascope_measurement *m) {
  o->trace.step[o->trace.count] = step;
  o->trace.measured[o->trace.count++] = *m;
  o->last = *m;
}

static void add_to_trace(void *state, const biascope_trainer *trainer, const biascope_measurement *m) {
  add_point(state, biascope_trainer_step(trainer), m);
}

/* ---- Texts ---------------------------------------------------------------------------------------- */

static void write_member(FILE *stream, const char *separator, const char *key, double value) {
  fprintf(stream, "%s\"%s\":", separator, key);
  bs_json_number(stream, value);
}

/* "cosine":{"l2": ..., ...}, ...: the measures, those of one family together. */
static void write_measures(FILE *stream, const biascope_problem *problem, const biascope_measurement *measured,
                           bool of_limit) {
  const char *family = "", *separator = "";
  for (size_t i = 0; i < biascope_measure_count(); i++) {
    const biascope_measure *measure = biascope_measure_at(i);
    if ((of_limit && !measure->of_limit) || !biascope_problem_has_measure(problem, measure)) continue;
    const bool next = strcmp(family, measure->family) != 0;
    if (next && *family) fputs("}", stream);
    if (next && measure->of) fprintf(stream, "%s\"%s\":{", separator, measure->family);
    write_member(stream, next && measure->of ? "" : separator, measure->of ? measure->of : measure->name,
                 biascope_measure_of(measure, measured));
    family = measure->of ? measure->family : "";
    separator = ",";
  }
  if (*family) fputs("}", stream);
}

static void write_staleness(FILE *stream, const biascope_trainer *trainer) {
  const biascope_staleness stale = biascope_trainer_staleness(trainer);
  fprintf(stream, ",\"stale\":{\"momentum\":%s,\"second_moment\":%s}", stale.momentum_stale ? "true" : "false",
          stale.second_moment_stale ? "true" : "false");
}

static void write_forecast(FILE *stream, const biascope_forecast *forecast) {
  const biascope_forecast_quality quality = biascope_forecast_quality_of(forecast);
  write_member(stream, ",\"forecast\":{", "error_estimate", quality.error_estimate);
  fprintf(stream, ",\"steps_taken\":%llu,\"method\":", (unsigned long long)quality.steps_taken);
  bs_json_string(stream, quality.method);
  fputs("}", stream);
}

static void write_result(FILE *stream, const outcome *o) {
  fprintf(stream, "{\"steps\":%llu,", (unsigned long long)o->run->steps);
  write_measures(stream, o->reference, &o->last, false);
  if (o->forecast)
    write_forecast(stream, o->forecast);
  else
    write_staleness(stream, o->trainer);
  if (o->prediction) { /* where the predicted direction itself lies */
    fputs(",\"limit\":{", stream);
    write_measures(stream, o->reference, &o->limit, true);
    fputs("}", stream);
  }
  fputs("}", stream);
}

static void write_certificate(FILE *stream, biascope_problem *reference, const biascope_prediction *prediction) {
  const biascope_reference_set all = biascope_dataset_references(biascope_problem_data(reference));
  for (size_t n = 0; n < BIASCOPE_REFERENCE_NORMS; n++) {
    const biascope_margin *solution; /* known since the data were loaded */
    if (!(all >> n & 1)) continue;
    biascope_problem_margin(reference, biascope_reference_norm(n), &solution, NULL);
    fprintf(stream, "%s\"%s\":{", n ? "," : "{", biascope_reference_name(n));
    write_member(stream, "", "margin", solution->margin);
    write_member(stream, ",", "upper_bound", solution->upper_bound);
    write_member(stream, ",", "gap", solution->gap);
    fprintf(stream, ",\"unique\":%s", solution->unique ? "true" : "false");
    double accuracy; /* of the margin just asked for: nothing is left that can fail */
    if (biascope_problem_test(reference) &&
        biascope_problem_test_reference(reference, n, &accuracy, NULL) == BIASCOPE_OK)
      write_member(stream, ",", "test_accuracy", accuracy);
    fputs("}", stream);
  }
  if (prediction) {
    write_member(stream, ",\"predicted\":{", "gap", prediction->gap);
    write_member(stream, ",", "rate", prediction->rate);
    fprintf(stream, ",\"support\":%zu,\"unique\":%s", prediction->support, prediction->unique ? "true" : "false");
    write_member(stream, ",", "standard_error", prediction->standard_error);
    fputs(",\"method\":", stream);
    bs_json_string(stream, prediction->method);
    fputs("}", stream);
  }
  fputs("}", stream);
}

/* Columns of equal length, with enough digits to know 1 - cosine to 1e-10. */
enum { TRACE_DIGITS = 10 };

static void write_trace(FILE *stream, const biascope_problem *problem, const trace *t) {
  fputs("{\"step\":[", stream);
  for (size_t i = 0; i < t->count; i++) fprintf(stream, "%s%llu", i ? "," : "", (unsigned long long)t->step[i]);
  for (size_t c = 0; c < biascope_measure_count(); c++) {
    const biascope_measure *measure = biascope_measure_at(c);
    if (!measure->recorded || !biascope_problem_has_measure(problem, measure)) continue;
    fprintf(stream, "],\"%s\":[", measure->name);
    for (size_t i = 0; i < t->count; i++) {
      if (i) fputc(',', stream);
      bs_json_rounded(stream, biascope_measure_of(measure, &t->measured[i]), TRACE_DIGITS);
    }
  }
  fputs("]}", stream);
}

static void write_part(FILE *stream, const outcome *o, int part) {
  if (part == 0) write_result(stream, o);
  if (part == 1) write_certificate(stream, o->reference, o->prediction);
  if (part == 2) write_trace(stream, o->reference, &o->trace);
}

static biascope_status write_texts(const outcome *o, bs_run_record *out, biascope_error *error) {
  char **const parts[] = {&out->result, &out->certificate, &out->trace};
  for (int part = 0; part < 3; part++) {
    size_t size;
    FILE *stream = open_memstream(parts[part], &size);
    if (!stream) return bs_fail_memory(error, "a run's record");
    write_part(stream, o, part);
    /* closing may fail to allocate the text; then only the text is NULL */
    if (fclose(stream) != 0 || !*parts[part]) return bs_fail_memory(error, "a run's record");
  }
  for (int n = 0; n < BIASCOPE_REFERENCE_NORMS; n++) out->cosine[n] = o->last.cosine[n];
  out->predicted = o->last.cosine_predicted;
  return BIASCOPE_OK;
}

/* ---- Runs ----------------------------------------------------------------------------------------- */

static biascope_status outcome_create(const bs_plan *plan, const bs_plan_run *run, biascope_problem *reference,
                                      outcome *out, biascope_error *error) {
  *out = (outcome){.run = run, .reference = reference};
  if (!trace_create(&out->trace, run, plan->spec->record_per_decade)) return bs_fail_memory(error, "a trace");
  biascope_status status = BIASCOPE_OK;
  if (plan->spec->predict == BS_PREDICT_LIMIT)
    status = bs_reference_limit(reference, &run->options, &out->prediction, error);
  if (status == BIASCOPE_OK && out->prediction)
    status = biascope_problem_measure(reference, BIASCOPE_ALL_NORMS, out->prediction, out->prediction->direction,
                                      &out->limit, error);
  if (status != BIASCOPE_OK || plan->spec->predict == BS_PREDICT_RUN) return status;
  return biascope_trainer_create(biascope_problem_data(reference), &run->options, &out->trainer, error);
}

static void outcome_free(outcome *o) {
  biascope_trainer_free(o->trainer);
  biascope_forecast_free(o->forecast);
  trace_free(&o->trace);
}

static biascope_status follow(const bs_plan *plan, outcome *outcomes, size_t count, const atomic_bool *stop,
                              bs_run_record *out, biascope_error *error) {
  const bs_trajectory trajectory = {.reference = outcomes->reference,
                                    .steps = outcomes->run->steps,
                                    .per_decade = plan->spec->record_per_decade,
                                    .stop = stop,
                                    .record = add_to_trace};
  bs_trajectory_run runs[BS_RUNS_TOGETHER];
  for (size_t i = 0; i < count; i++)
    runs[i] = (bs_trajectory_run){
        .trainer = outcomes[i].trainer, .prediction = outcomes[i].prediction, .state = &outcomes[i]};
  biascope_status status = bs_trajectories_follow(&trajectory, runs, count, error);
  for (size_t i = 0; i < count && status == BIASCOPE_OK; i++) {
    if (runs[i].diverged) /* a result of the run, not a failure of the study */
      out[i].status = BIASCOPE_NOT_CONVERGED;
    else if (biascope_trainer_step(outcomes[i].trainer) == trajectory.steps)
      status = write_texts(&outcomes[i], &out[i], error);
  }
  return status;
}

/* The run's recorded steps, forecast one after the other. */
static biascope_status forecast(outcome *o, unsigned per_decade, const atomic_bool *stop, biascope_error *error) {
  const uint64_t last = o->run->steps;
  biascope_status status =
      biascope_forecast_create(biascope_problem_data(o->reference), &o->run->options, last, &o->forecast, error);
  for (uint64_t step = 0; step < last && status == BIASCOPE_OK && !(stop && atomic_load(stop));) {
    biascope_measurement measured = {0};
    step = biascope_record_next(step, last, per_decade);
    status = biascope_forecast_advance(o->forecast, step, error);
    if (status == BIASCOPE_OK)
      status = biascope_problem_measure(o->reference, BIASCOPE_ALL_NORMS, NULL, biascope_forecast_weights(o->forecast),
                                        &measured, error);
    measured.log_loss = biascope_forecast_quality_of(o->forecast).log_loss;
    if (status == BIASCOPE_OK) add_point(o, step, &measured);
  }
  return status;
}

static biascope_status predict(outcome *o, unsigned per_decade, const atomic_bool *stop, bs_run_record *out,
                               biascope_error *error) {
  const biascope_status status = forecast(o, per_decade, stop, error);
  if (status == BIASCOPE_NOT_CONVERGED) out->status = status; /* an outcome, too */
  if (status != BIASCOPE_OK) return status == BIASCOPE_NOT_CONVERGED ? BIASCOPE_OK : status;
  const size_t points = o->trace.count;
  return points > 0 && o->trace.step[points - 1] == o->run->steps ? write_texts(o, out, error) : BIASCOPE_OK;
}

static biascope_status train(const bs_plan *plan, const bs_plan_run *const *runs, size_t count,
                             biascope_problem *reference, const atomic_bool *stop, bs_run_record *out,
                             biascope_error *error) {
  outcome outcomes[BS_RUNS_TOGETHER] = {0};
  size_t created = 0;
  biascope_status status = BIASCOPE_OK;
  do {
    status = outcome_create(plan, runs[created], reference, &outcomes[created], error);
    created++;
  } while (created < count && status == BIASCOPE_OK);
  if (status == BIASCOPE_OK && plan->spec->predict != BS_PREDICT_RUN)
    status = follow(plan, outcomes, count, stop, out, error);
  for (size_t i = 0; i < count && status == BIASCOPE_OK && plan->spec->predict == BS_PREDICT_RUN; i++)
    status = predict(&outcomes[i], plan->spec->record_per_decade, stop, &out[i], error);
  for (size_t i = 0; i < created; i++) outcome_free(&outcomes[i]);
  return status;
}

biascope_status bs_runs_execute(const bs_plan *plan, const bs_plan_run *const *runs, size_t count,
                                biascope_problem *reference, const atomic_bool *stop, bs_run_record *out,
                                biascope_error *error) {
  const double begin = bs_clock(CLOCK_THREAD_CPUTIME_ID);
  for (size_t i = 0; i < count; i++)
    out[i] = (bs_run_record){.id = runs[i]->id,
                             .status = reference ? BIASCOPE_OK : BIASCOPE_NOT_SEPARABLE,
                             .started = bs_clock(CLOCK_REALTIME),
                             .work = bs_plan_work(plan, runs[i])};
  biascope_status status = BIASCOPE_OK;
  if (reference) status = train(plan, runs, count, reference, stop, out, error);
  for (size_t i = 0; i < count && status == BIASCOPE_OK; i++) {
    if (!out[i].trace && out[i].status == BIASCOPE_OK) continue; /* abandoned */
    out[i].spec = bs_plan_describe(plan, runs[i]);
    if (!out[i].spec) status = bs_fail_memory(error, "a run's record");
  }
  const double seconds = bs_clock(CLOCK_THREAD_CPUTIME_ID) - begin;
  for (size_t i = 0; i < count; i++) {
    out[i].seconds = seconds / (double)count;
    if (status != BIASCOPE_OK || !out[i].spec) bs_run_record_free(&out[i]);
  }
  return status;
}

void bs_run_record_free(bs_run_record *record) {
  free(record->spec);
  free(record->result);
  free(record->certificate);
  free(record->trace);
  *record = (bs_run_record){0};
}
