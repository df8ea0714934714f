#include "cli/predict_run.h"

#include "cli/train.h"
#include <math.h>
#include <string.h>
#include <unistd.h>

/* --until checks so many times in each decade of steps, up to so many steps. */
enum { LOOKS = 50 };
static const uint64_t MOST_STEPS = UINT64_C(1000000000000000);

typedef struct {
  const predict_run_flags *flags;
  cli_result *result;
  train_run run; /* what the forecast is compared with, and its trace */
  biascope_forecast *forecast;
  biascope_forecast_quality quality;
  double reached; /* --until: the step, NaN for never */
} work;

void predict_run_parse_until(struct argp_state *state, const char *text, predict_run_flags *flags) {
  static const char *const NORMS[] = {"l2", "linf", "l1", NULL};
  char norm[8] = "";
  const char *colon = strchr(text, ':');
  if (!strncmp(text, "cosine=", 7)) {
    flags->until = UNTIL_COSINE;
    flags->fraction = cli_parse_double(state, "--until cosine", text + 7, -1.0, 1.0);
  } else if (!strncmp(text, "margin=", 7) && colon && (size_t)(colon - text - 7) < sizeof norm) {
    flags->until = UNTIL_MARGIN;
    memcpy(norm, text + 7, (size_t)(colon - text - 7));
    flags->norm = cli_parse_choice(state, "--until margin", norm, NORMS);
    flags->fraction = cli_parse_double(state, "--until margin", colon + 1, -1e300, 1.0);
  } else {
    argp_error(state, "--until: '%s' is not of the form cosine=C or margin=NORM:F, as in margin=linf:0.9", text);
  }
}

bool predict_run_wanted(const predict_run_flags *flags) {
  return flags->steps > 0 || flags->trace || flags->until != UNTIL_NOTHING;
}

static biascope_status keep(work *w, uint64_t step, biascope_error *error) {
  const train_row row = {.step = step,
                         .log_loss = biascope_forecast_quality_of(w->forecast).log_loss,
                         .misalignment = NAN,
                         .stale = {.momentum_excess = NAN, .second_moment_excess = NAN},
                         .weights = biascope_forecast_weights(w->forecast)};
  return train_keep_row(&w->run, &row, error);
}

/* The forecast after the steps, with its trace. */
static biascope_status follow(work *w, const biascope_options *options, uint64_t steps, biascope_error *error) {
  const unsigned per_decade = w->run.trace ? w->flags->per_decade : 0;
  biascope_status status = biascope_forecast_create(w->run.data, options, steps, &w->forecast, error);
  for (uint64_t step = 0; step < steps && status == BIASCOPE_OK;) {
    step = biascope_record_next(step, steps, per_decade);
    status = biascope_forecast_advance(w->forecast, step, error);
    if (status == BIASCOPE_OK && w->run.trace) status = keep(w, step, error);
  }
  if (status == BIASCOPE_OK) w->quality = biascope_forecast_quality_of(w->forecast);
  return status;
}

/* ---- Until -------------------------------------------------------------------------------------- */

/* The measure minus its goal; NaN if there is nothing to compare with. */
static biascope_status find_excess(work *w, double *excess, biascope_error *error) {
  biascope_measurement measured;
  const biascope_status status = train_measure(&w->run, biascope_forecast_weights(w->forecast), &measured, error);
  const double value = w->flags->until == UNTIL_COSINE ? measured.cosine_predicted : measured.ratio[w->flags->norm];
  *excess = value - w->flags->fraction;
  return status;
}

/* The first crossing, by linear interpolation in log t between two checks. */
static biascope_status wait(work *w, const biascope_options *options, biascope_error *error) {
  const uint64_t last = w->flags->steps ? w->flags->steps : MOST_STEPS;
  double before = NAN;
  w->reached = NAN;
  biascope_status status = train_compare(&w->run, error);
  if (status == BIASCOPE_OK) status = biascope_forecast_create(w->run.data, options, last, &w->forecast, error);
  for (uint64_t step = 0, previous = 0; step < last && status == BIASCOPE_OK && isnan(w->reached); previous = step) {
    double excess = NAN;
    step = biascope_record_next(step, last, LOOKS);
    status = biascope_forecast_advance(w->forecast, step, error);
    if (status == BIASCOPE_OK) status = find_excess(w, &excess, error);
    if (status == BIASCOPE_OK && isnan(excess))
      status = cli_fail(error, BIASCOPE_NOT_CONVERGED, "--until: there is no %s to compare with",
                        w->flags->until == UNTIL_COSINE ? "certified limit" : "certified margin");
    if (excess >= 0.0) {
      const double share = before < 0.0 ? -before / (excess - before) : 1.0;
      w->reached = previous ? ceil((double)previous * pow((double)step / (double)previous, share)) : (double)step;
    }
    before = excess;
  }
  if (status == BIASCOPE_OK) w->quality = biascope_forecast_quality_of(w->forecast);
  return status;
}

/* ---- The result --------------------------------------------------------------------------------- */

static json_t *by_norm(const work *w, const double *values) {
  json_t *object = json_object();
  for (size_t n = 0; n < BIASCOPE_REFERENCE_NORMS; n++)
    if (biascope_dataset_references(w->run.data) >> n & 1)
      json_object_set_new(object, biascope_reference_name(n), cli_json_number(values[n]));
  return object;
}

static int print_json(const work *w) {
  const biascope_forecast_quality *q = &w->quality;
  const biascope_measurement *m = &w->run.last;
  json_t *direction = cli_json_weights(w->run.data, w->run.direction), *cosine = by_norm(w, m->cosine);
  json_object_set_new(cosine, "predicted", cli_json_number(m->cosine_predicted));
  const double steps = w->flags->until == UNTIL_NOTHING ? (double)w->flags->steps : w->reached;
  json_t *object =
      json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:I, s:I, s:o, s:o}", "steps",
                isfinite(steps) ? json_integer((json_int_t)steps) : json_null(), "direction", direction, "weight_norm",
                cli_json_number(q->weight_norm), "log_loss", cli_json_number(q->log_loss), "margin",
                by_norm(w, m->margin), "accuracy", cli_json_number(q->accuracy), "error_estimate",
                cli_json_number(q->error_estimate), "method", q->method, "steps_taken", (json_int_t)q->steps_taken,
                "evaluations", (json_int_t)q->evaluations, "ratio", by_norm(w, m->ratio), "cosine", cosine);
  if (biascope_dataset_outputs(w->run.data) > 1) cli_json_classes(object, w->run.data);
  cli_json_test(object, w->result);
  cli_split_intercept(object, w->run.data);
  return cli_print_json(object);
}

static void print_text(const work *w) {
  const biascope_forecast_quality *q = &w->quality;
  const biascope_measurement *m = &w->run.last;
  if (w->flags->until == UNTIL_NOTHING)
    printf("steps      %llu\n", (unsigned long long)w->flags->steps);
  else if (isfinite(w->reached))
    printf("steps      %.3g: from then on it is reached\n", w->reached);
  else
    puts("steps      never");
  printf("method     %s\n", q->method);
  printf("steps taken %llu, and %zu passes over the data\n", (unsigned long long)q->steps_taken, q->evaluations);
  if (q->error_estimate > 0.0) printf("error      about %.1e in the direction (radians)\n", q->error_estimate);
  printf("log loss   %.6g\n", q->log_loss);
  if (q->weight_norm == 0.0)
    puts("weights    0");
  else
    printf("log ||w||  %.6g\n", log(q->weight_norm));
  printf("accuracy   %.6g\n", q->accuracy);
  for (size_t n = 0; n < BIASCOPE_REFERENCE_NORMS; n++)
    if (isfinite(m->cosine[n]))
      printf("%-10s cosine %.6f, margin ratio %.6f\n", biascope_reference_name(n), m->cosine[n], m->ratio[n]);
    else if (isfinite(m->ratio[n])) /* the nearest of several optimal directions is not known */
      printf("%-10s cosine -, margin ratio %.6f\n", biascope_reference_name(n), m->ratio[n]);
  if (isfinite(m->cosine_predicted)) printf("limit      cosine %.6f\n", m->cosine_predicted);
  cli_print_test("test       ", w->result);
}

static biascope_status answer(work *w, const biascope_options *options, biascope_output *trace, biascope_error *error) {
  biascope_status status = BIASCOPE_OK;
  if (w->flags->trace) status = biascope_output_open(trace, w->flags->trace, error);
  w->run.trace = trace->stream;
  if (trace->stream) train_trace_head(&w->run);
  if (status == BIASCOPE_OK)
    status = w->flags->until == UNTIL_NOTHING ? follow(w, options, w->flags->steps, error) : wait(w, options, error);
  if (status == BIASCOPE_OK && trace->stream) status = train_trace_rows(&w->run, error);
  if (status == BIASCOPE_OK && trace->stream) status = biascope_output_commit(trace, error);
  if (status == BIASCOPE_OK) status = train_compare(&w->run, error);
  if (status == BIASCOPE_OK)
    status = train_measure(&w->run, biascope_forecast_weights(w->forecast), &w->run.last, error);
  if (status != BIASCOPE_OK) biascope_output_abandon(trace);
  return status;
}

/* Classifies the test data and writes the direction, if asked for. */
static biascope_status finish(work *w, biascope_error *error) {
  const size_t d = biascope_dataset_outputs(w->run.data) * biascope_dataset_features(w->run.data);
  const double *weights = biascope_forecast_weights(w->forecast), norm = w->quality.weight_norm;
  const biascope_reference_set references = w->run.separable ? w->run.wanted : 0;
  biascope_status status = cli_test(w->result, w->run.problem, references, w->run.prediction, weights, error);
  if (status != BIASCOPE_OK) return status;
  w->run.direction = cli_copy_numbers(d, weights);
  if (!w->run.direction) return cli_fail(error, BIASCOPE_NO_MEMORY, "out of memory for the direction");
  for (size_t k = 0; k < d && norm > 0.0; k++) w->run.direction[k] /= norm;
  return cli_write_weights(w->result, w->run.data, w->run.direction, error);
}

/* The references that were asked for, and what --until needs. */
static void choose_references(train_run *run, const predict_run_flags *flags) {
  run->chosen = flags->references_given;
  run->named = flags->references & BIASCOPE_ALL_NORMS;
  if (flags->until == UNTIL_MARGIN) run->named |= 1u << flags->norm;
}

int predict_run(const cli_common *common, const biascope_options *options, const predict_run_flags *flags,
                cli_result *result, biascope_dataset *data, bool *followed) {
  work w = {.flags = flags, .result = result, .reached = NAN};
  biascope_output trace = {0};
  biascope_error error = {0};
  w.run.options = options;
  w.run.data = data;
  w.run.separable = true;
  choose_references(&w.run, flags);
  biascope_status status = biascope_problem_create(data, &w.run.problem, &error);
  if (status == BIASCOPE_OK) status = cli_set_test(result, w.run.problem, &error);
  if (status == BIASCOPE_OK) status = answer(&w, options, &trace, &error);
  if (status == BIASCOPE_OK) status = finish(&w, &error);
  if (followed) *followed = status != BIASCOPE_NOT_CONVERGED;
  int code = followed && !*followed ? (int)status : cli_report(status, &error);
  if (status == BIASCOPE_OK && common->json)
    code = print_json(&w);
  else if (status == BIASCOPE_OK)
    print_text(&w);
  if (code == 0 && !w.run.separable) code = cli_report(BIASCOPE_NOT_SEPARABLE, &w.run.not_separable);
  if (code == 0 && flags->until != UNTIL_NOTHING && isnan(w.reached)) code = BIASCOPE_NOT_CONVERGED;
  biascope_forecast_free(w.forecast);
  train_compared_free(&w.run);
  return code;
}
