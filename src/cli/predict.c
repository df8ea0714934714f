#include "cli/cli.h"
#include "cli/plateaus.h"
#include "cli/predict_run.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TOLERANCE = 4000, SAMPLE_LENGTH, STEPS, STARTS, CONFIRM, TRACE, RECORD, UNTIL, REFERENCES, THREADS };
enum { DEFAULT_STARTS = 8, MOST_STARTS = 10000 };
enum { COSINE_DIGITS = 8, RATE_DIGITS = 10 };

/* Relative: the accuracy of a margin along the path of training (src/limit/path.c). */
static const double PATH_KNOWN_TO = 1e-3;

/* The same for a direction that a run has shown; and a gap beyond which one of several optimal directions is such. */
static const double RUN_KNOWN_TO = 1e-2, LARGEST_SOLVED = 1e-8;
/* Beyond which a direction still turns so much that no digit of what depends on it is known. */
static const double TURNS = 0.3;
static const biascope_reference_set ALL_REFERENCES = BIASCOPE_ALL_NORMS | 1u << BIASCOPE_PROXY;

typedef struct {
  cli_common common;
  cli_optimizer_flags optimizer;
  cli_result result;
  biascope_predict_options options;
  bool starts_given;
  size_t threads;
  predict_run_flags run;
  biascope_reference_set references;
  plateaus two; /* found: with eps > 0 */
} predict_flags;

static const struct argp_child CHILDREN[] = {{&cli_data_argp, 0, 0, 0},
                                             {&cli_optimizer_argp, 0, 0, 0},
                                             {&cli_common_argp, 0, 0, 0},
                                             {&cli_result_argp, 0, 0, 0},
                                             {0}};

static const struct argp_option OPTIONS[] = {
    {"tolerance", TOLERANCE, "GAP", 0, "Equilibrium gap to certify (default 1e-10)", 3},
    {"sample-length", SAMPLE_LENGTH, "STEPS", 0,
     "shuffle, replacement: length of the random sequence (default: chosen)", 3},
    {"steps", STEPS, "T", 0, "The run after T steps, not the limit", 3},
    {"trace", TRACE, "FILE", 0, "With --steps: write the run on the way there as CSV, as train does", 3},
    {"record", RECORD, "log:K", 0, "Rows of the trace in each decade of steps (default log:20)", 3},
    {"until", UNTIL, "cosine=C|margin=NORM:F", 0,
     "The number of steps until that cosine with the limit, or that share of the best margin", 3},
    {"starts", STARTS, "K", 0, "cyclic: look for other equilibria from K random points (default 8)", 3},
    {"confirm", CONFIRM, "HOW", 0,
     "Make sure that training goes there: run (default; of up to some millions of small steps), flow, none", 3},
    {"references", REFERENCES, "all|none|LIST", 0,
     "What to compare with: of l2, linf, l1, of several classes spectral and nuclear (max margins), and proxy "
     "(AdamProxy's "
     "limit), as in l2,linf (default all)",
     3},
    {"threads", THREADS, "K", 0,
     "Threads for random orders and large data; the result is the same for any number (default: one for each "
     "processor)",
     3},
    {0},
};

/* By biascope_confirm. */
static const char *const CONFIRMATIONS[] = {"flow", "run", "none", NULL};

static error_t parse(int key, char *text, struct argp_state *state) {
  predict_flags *flags = state->input;
  switch (key) {
  case ARGP_KEY_INIT:
    state->child_inputs[0] = state->child_inputs[2] = &flags->common;
    state->child_inputs[1] = &flags->optimizer;
    state->child_inputs[3] = &flags->result;
    return 0;
  case TOLERANCE:
    flags->options.tolerance = cli_parse_double(state, "--tolerance", text, 1e-300, 1.0);
    return 0;
  case SAMPLE_LENGTH:
    flags->options.sample_length = (size_t)cli_parse_u64(state, "--sample-length", text, 1, UINT32_MAX);
    return 0;
  case STEPS:
    flags->run.steps = cli_parse_u64(state, "--steps", text, 1, UINT64_C(1) << 62);
    return 0;
  case TRACE:
    flags->run.trace = text;
    return 0;
  case RECORD:
    flags->run.per_decade = cli_parse_record(state, text);
    return 0;
  case UNTIL:
    predict_run_parse_until(state, text, &flags->run);
    return 0;
  case ARGP_KEY_END:
    if (flags->run.trace && !flags->run.steps) argp_error(state, "--trace: --steps is missing");
    if (flags->run.trace && flags->run.until != UNTIL_NOTHING)
      argp_error(state, "--trace and --until exclude each other");
    return 0;
  case STARTS:
    flags->options.starts = (size_t)cli_parse_u64(state, "--starts", text, 0, MOST_STARTS);
    flags->starts_given = true;
    return 0;
  case CONFIRM:
    flags->options.confirm = (biascope_confirm)cli_parse_choice(state, "--confirm", text, CONFIRMATIONS);
    return 0;
  case THREADS:
    flags->threads = (size_t)cli_parse_u64(state, "--threads", text, 1, 1024);
    return 0;
  case REFERENCES:
    flags->references = cli_parse_references(state, text, ALL_REFERENCES);
    flags->run.references_given = true;
    return 0;
  default:
    return ARGP_ERR_UNKNOWN;
  }
}

static const struct argp ARGP = {.parser = parse,
                                 .options = OPTIONS,
                                 .children = CHILDREN,
                                 .args_doc = "DATA",
                                 .doc = "The direction training converges to, without training, with a certificate."};

/* The n-th direction of the answer: the limit itself, then the others, then where the confirming run was going, or
 * NULL.
 */
static const double *direction_of(const biascope_prediction *prediction, size_t n) {
  if (n == 0) return prediction->direction;
  if (n == prediction->others + 1) return prediction->run_direction;
  return prediction->other_directions + (n - 1) * prediction->outputs * prediction->features;
}

/* The cosines of each direction; freed by the caller. */
static biascope_status compare(const predict_flags *flags, biascope_problem *problem,
                               const biascope_prediction *prediction, biascope_measurement **out,
                               biascope_error *error) {
  biascope_measurement *measured = *out = calloc(prediction->others + 2, sizeof *measured);
  biascope_status status =
      measured ? BIASCOPE_OK : cli_fail(error, BIASCOPE_NO_MEMORY, "out of memory for the cosines");
  for (size_t n = 0; n <= prediction->others + 1 && status == BIASCOPE_OK; n++) {
    const double *direction = direction_of(prediction, n);
    if (direction) status = biascope_problem_measure(problem, flags->references, NULL, direction, &measured[n], error);
  }
  return status;
}

/* The first `count` references' values, of those asked for. */
static json_t *by_reference(const predict_flags *flags, size_t count, const double *values) {
  json_t *object = json_object();
  for (size_t r = 0; r < count; r++)
    if (flags->references >> r & 1) json_object_set_new(object, biascope_reference_name(r), cli_json_number(values[r]));
  return object;
}

static json_t *cosines_json(const predict_flags *flags, const biascope_measurement *measured) {
  return by_reference(flags, BIASCOPE_REFERENCES, measured->cosine);
}

static json_t *others_json(const predict_flags *flags, const biascope_dataset *data,
                           const biascope_prediction *prediction, const biascope_measurement *measured) {
  json_t *others = json_array();
  for (size_t n = 1; n <= prediction->others; n++)
    json_array_append_new(others,
                          json_pack("{s:o, s:o}", "direction", cli_json_weights(data, direction_of(prediction, n)),
                                    "cosine", cosines_json(flags, &measured[n])));
  return others;
}

static json_t *prediction_json(const predict_flags *flags, const biascope_dataset *data,
                               const biascope_prediction *prediction, const biascope_measurement *measured) {
  json_t *others = others_json(flags, data, prediction, measured);
  return json_pack("{s:o, s:o, s:o, s:o, s:s, s:b, s:o, s:o, s:o, s:o, s:o, s:I, s:O, s:o}", "direction",
                   cli_json_weights(data, prediction->direction), "gap", cli_json_number(prediction->gap), "rate",
                   cli_json_number(prediction->rate), "support", cli_json_support(data, prediction->dual), "method",
                   prediction->method, "unique", prediction->unique, "standard_error",
                   cli_json_number(prediction->standard_error), "log_loss", cli_json_number(prediction->log_loss),
                   "eps_handover_step", cli_json_number(prediction->handover_step), "cosine",
                   cosines_json(flags, measured), "dual", cli_json_dual(data, prediction->dual), "starts",
                   (json_int_t)prediction->starts, "others", others, "alternatives", others);
}

static bool is_limit(const predict_flags *flags) {
  return flags->run.steps == 0;
}

/* What a forecast prints too; how far the path of small steps is from the run is not estimated. */
static json_t *point_json(const predict_flags *flags, const biascope_prediction *prediction) {
  return json_pack("{s:I, s:o, s:n}", "steps", (json_int_t)flags->run.steps, "weight_norm",
                   cli_json_number(prediction->weight_norm), "error_estimate");
}

/* What was confirmed, and what the confirming run did. */
static json_t *confirmation_json(const predict_flags *flags, const biascope_dataset *data,
                                 const biascope_prediction *prediction, const biascope_measurement *measured) {
  const bool asked = flags->options.confirm != BIASCOPE_CONFIRM_NONE;
  json_t *run = json_null();
  if (prediction->run_direction)
    run = json_pack("{s:o, s:o, s:I, s:o, s:o}", "direction", cli_json_weights(data, prediction->run_direction),
                    "settled", cli_json_number(prediction->run_settled), "steps", (json_int_t)prediction->run_steps,
                    "cosine", cosines_json(flags, &measured[prediction->others + 1]), "ratio",
                    by_reference(flags, BIASCOPE_REFERENCE_NORMS, measured[prediction->others + 1].ratio));
  return json_pack("{s:o, s:o, s:o, s:s, s:o}", "confirmed", asked ? json_boolean(prediction->confirmed) : json_null(),
                   "confirmed_by", prediction->confirmed_by ? json_string(prediction->confirmed_by) : json_null(),
                   "increment_cosine", cli_json_number(prediction->increment_cosine), "kind",
                   cli_limit_kind(prediction->kind), "run", run);
}

/* The angle to which the answer's directions are known. */
static double direction_known_to(const predict_flags *flags, const biascope_prediction *prediction) {
  if (flags->run.steps > 0) return PATH_KNOWN_TO;
  const bool chosen_by_run = !prediction->unique && prediction->confirmed && prediction->gap > LARGEST_SOLVED;
  if (isnan(prediction->gap) || chosen_by_run) return fmax(RUN_KNOWN_TO, acos(fmin(1.0, prediction->run_settled)));
  return biascope_angle_known_to(prediction->gap) + prediction->standard_error;
}

static void print_cosines(const predict_flags *flags, const char *label, const biascope_measurement *m,
                          double known_to) {
  if (!flags->references) return;
  const char *separator = " ";
  printf("%-10s", label);
  for (size_t r = 0; r < BIASCOPE_REFERENCES; r++) {
    if (!(flags->references >> r & 1)) continue;
    const double cosine = m->cosine[r], error = biascope_cosine_known_to(cosine, m->known_to[r] + known_to);
    printf("%s%s %s", separator, biascope_reference_name(r), biascope_digits(cosine, error, COSINE_DIGITS).text);
    separator = "   ";
  }
  putchar('\n');
}

static void print_others(const predict_flags *flags, const biascope_prediction *prediction,
                         const biascope_measurement *measured, double known_to) {
  if (prediction->others == 0) {
    printf("others     none from %zu random starts\n", prediction->starts);
    return;
  }
  printf("others     %zu more, found from %zu random starts or from w = 0\n", prediction->others, prediction->starts);
  for (size_t n = 1; n <= prediction->others; n++) print_cosines(flags, "", &measured[n], known_to);
}

static void print_confirmation(const predict_flags *flags, const biascope_prediction *prediction) {
  printf("kind       %s: %s\n", cli_limit_kind(prediction->kind), cli_limit_meaning(prediction->kind));
  if (flags->options.confirm == BIASCOPE_CONFIRM_NONE) {
    puts("confirmed  not asked for");
    return;
  }
  printf("confirmed  %s", prediction->confirmed ? "yes, by " : "no");
  if (prediction->confirmed) fputs(prediction->confirmed_by, stdout);
  if (isfinite(prediction->increment_cosine))
    printf(": increments over the last half of %llu steps at cosine %.8f with the direction, %.8f with those before",
           (unsigned long long)prediction->run_steps, prediction->increment_cosine, prediction->run_settled);
  putchar('\n');
}

/* What a run did that goes to no limit that was found: an answer for the steps that it took. */
static void print_run(const predict_flags *flags, const biascope_prediction *prediction,
                      const biascope_measurement *measured) {
  const biascope_measurement *m = &measured[prediction->others + 1];
  printf("training   after %llu small steps its direction %s: increments at cosine %.6f with those before\n",
         (unsigned long long)prediction->run_steps,
         prediction->run_settled >= 1.0 - BIASCOPE_RUN_SETTLED ? "has settled, away from any that was found"
                                                               : "still changes",
         prediction->run_settled);
  if (!flags->references) return;
  print_cosines(flags, "there", m, RUN_KNOWN_TO);
  printf("%-10s", "margins");
  const char *separator = " ";
  for (size_t r = 0; r < BIASCOPE_REFERENCE_NORMS; r++)
    if (flags->references >> r & 1) {
      printf("%s%s %s%%", separator, biascope_reference_name(r), biascope_digits(100.0 * m->ratio[r], 0.05, 15).text);
      separator = "   ";
    }
  puts("   of the best");
}

/* A point, or a limit, and what it is compared with. */
static void print_point(const predict_flags *flags, const biascope_dataset *data, const biascope_prediction *prediction,
                        const biascope_measurement *measured, double known_to) {
  if (isfinite(prediction->rate) && known_to <= TURNS)
    printf("rate       %s per unit of sum eta\n",
           biascope_digits(prediction->rate, known_to * fabs(prediction->rate), RATE_DIGITS).text);
  if (prediction->support > 0) cli_print_support("support    ", data, prediction->dual);
  if (prediction->standard_error > 0.0) printf("std error  %.1e radians\n", prediction->standard_error);
  if (isfinite(prediction->log_loss))
    printf("log loss   %s\n",
           biascope_digits(prediction->log_loss, known_to * fabs(prediction->log_loss), RATE_DIGITS).text);
  plateaus_print(&flags->two);
  if (!prediction->unique) puts("unique     no: one of several optimal directions");
  if (known_to <= TURNS) print_cosines(flags, "cosine", measured, known_to);
}

static void print_table(const predict_flags *flags, const biascope_dataset *data, const biascope_prediction *prediction,
                        const biascope_measurement *measured) {
  const double known_to = direction_known_to(flags, prediction);
  const bool unsettled = prediction->kind == BIASCOPE_LIMIT_UNSETTLED && is_limit(flags);
  const bool ran = unsettled && prediction->run_direction, nothing = ran && !(prediction->gap <= LARGEST_SOLVED);
  if (is_limit(flags)) print_confirmation(flags, prediction);
  printf("method     %s\n", prediction->method);
  if (!is_limit(flags)) puts("error      not estimated");
  if (prediction->kind == BIASCOPE_LIMIT_RUNAWAY || (isinf(prediction->gap) && !ran)) return; /* no direction */
  if (isfinite(prediction->gap)) printf("gap        %.1e%s\n", prediction->gap, nothing ? " at the best point" : "");
  if (!nothing) print_point(flags, data, prediction, measured, known_to);
  if (ran) print_run(flags, prediction, measured);
  if (prediction->starts > 0) print_others(flags, prediction, measured, known_to);
}

static int print_prediction(const predict_flags *flags, const biascope_dataset *data,
                            const biascope_prediction *prediction, const biascope_measurement *measured) {
  if (flags->common.json) {
    json_t *object = prediction_json(flags, data, prediction, measured);
    if (biascope_dataset_outputs(data) > 1) cli_json_classes(object, data);
    cli_json_test(object, &flags->result);
    cli_split_intercept(object, data);
    cli_json_notes(object, data);
    json_object_set_new(object, "plateaus", plateaus_json(&flags->two, data));
    json_object_update_new(object, is_limit(flags) ? confirmation_json(flags, data, prediction, measured)
                                                   : point_json(flags, prediction));
    return cli_print_json(object);
  }
  print_table(flags, data, prediction, measured);
  cli_print_test("test       ", &flags->result);
  return 0;
}

/* Classifies the test data and writes the direction, if asked for. */
static biascope_status finish(predict_flags *flags, biascope_problem *problem, const biascope_prediction *prediction,
                              biascope_error *error) {
  const biascope_status status =
      cli_test(&flags->result, problem, flags->references, NULL, prediction->direction, error);
  if (status != BIASCOPE_OK) return status;
  return cli_write_weights(&flags->result, biascope_problem_data(problem), prediction->direction, error);
}

/* Prints the prediction with what it is compared with. Returns an exit code. */
static int present(predict_flags *flags, biascope_problem *problem, const biascope_prediction *prediction,
                   bool certified) {
  const biascope_dataset *data = biascope_problem_data(problem);
  biascope_measurement *measured;
  biascope_error error = {0};
  int code = cli_report(compare(flags, problem, prediction, &measured, &error), &error);
  if (code == 0 && certified)
    code = cli_report(plateaus_find(problem, flags->optimizer.options, prediction, &flags->two, &error), &error);
  if (code == 0 && certified) code = cli_report(finish(flags, problem, prediction, &error), &error);
  if (!certified) cli_free_test(&flags->result);
  if (code == 0) code = print_prediction(flags, data, prediction, measured);
  free(measured);
  plateaus_free(&flags->two);
  return code;
}

/* With a run, biascope_predict does this itself. */
static biascope_status require_confirmed(const predict_flags *flags, const biascope_prediction *prediction,
                                         biascope_error *error) {
  if (!is_limit(flags) || flags->options.confirm == BIASCOPE_CONFIRM_NONE || prediction->confirmed) return BIASCOPE_OK;
  return cli_fail(
      error, BIASCOPE_NOT_CONVERGED,
      "the equilibrium found is not confirmed: the differential equation that small steps follow from w = 0 "
      "was not seen to come to it; --confirm run asks training itself");
}

static biascope_status keep_files_apart(const predict_flags *flags, biascope_error *error) {
  cli_files files = {0};
  cli_reads_data(&files, &flags->common);
  cli_uses_result(&files, &flags->result);
  cli_writes(&files, "--trace", flags->run.trace);
  return cli_keep_apart(&files, error);
}

/* Options that were given and would have no effect. */
static biascope_status check_flags(const predict_flags *flags, biascope_error *error) {
  char order[64] = "";
  const biascope_status status = biascope_options_get(flags->optimizer.options, "order", order, sizeof order, error);
  if (status != BIASCOPE_OK) return status;
  const bool cyclic = strcmp(order, "cyclic") == 0;
  if (flags->options.sample_length > 0 && cyclic)
    return cli_fail(error, BIASCOPE_USAGE,
                    "--sample-length is for the random orders, shuffle and replacement, not for %s", order);
  if (flags->starts_given && flags->options.starts > 0 && !cyclic)
    return cli_fail(error, BIASCOPE_USAGE, "--starts is for the cyclic order, not for %s", order);
  if (flags->starts_given && flags->options.starts > 0 && flags->run.steps > 0)
    return cli_fail(error, BIASCOPE_USAGE, "--starts is for the limit, not for the point after --steps");
  return BIASCOPE_OK;
}

static int predict_limit(predict_flags *flags, const biascope_dataset *data) {
  biascope_predict_options options = flags->options;
  biascope_problem *problem = NULL;
  options.steps = flags->run.steps;
  biascope_prediction prediction = {0};
  biascope_error error;
  biascope_status status = biascope_problem_create(data, &problem, &error);
  if (status == BIASCOPE_OK) status = cli_set_test(&flags->result, problem, &error);
  if (status == BIASCOPE_OK) status = biascope_predict(data, flags->optimizer.options, &options, &prediction, &error);
  if (status == BIASCOPE_OK) status = require_confirmed(flags, &prediction, &error);
  int code = cli_report(status, &error);
  if (status == BIASCOPE_OK || status == BIASCOPE_NOT_CONVERGED) {
    const int presented = present(flags, problem, &prediction, status == BIASCOPE_OK);
    if (presented) code = presented;
  }
  biascope_prediction_free(&prediction);
  biascope_problem_free(problem);
  return code;
}

/* Whether the path of vanishing steps says where the run is, if nothing else does. */
static bool has_path(const predict_flags *flags) {
  return !flags->run.trace && flags->run.until == UNTIL_NOTHING &&
         biascope_options_follow_path(flags->optimizer.options);
}

/* The limit; or the run after some steps, by the averaged equation, and where it cannot be followed by the path. */
static int predict(predict_flags *flags, biascope_dataset *data) {
  if (!predict_run_wanted(&flags->run)) return predict_limit(flags, data);
  bool followed = true;
  flags->run.references = flags->references;
  const int code = predict_run(&flags->common, flags->optimizer.options, &flags->run, &flags->result, data,
                               has_path(flags) ? &followed : NULL);
  return followed ? code : predict_limit(flags, data);
}

int cli_predict(int argc, char **argv) {
  predict_flags flags = {.options = {.starts = DEFAULT_STARTS, .confirm = BIASCOPE_CONFIRM_RUN},
                         .run.per_decade = 20,
                         .references = ALL_REFERENCES};
  cli_parse(&ARGP, argc, argv, &flags);
  flags.common.read.several_classes = true;
  biascope_dataset *data = NULL;
  biascope_error error;
  biascope_status status = keep_files_apart(&flags, &error);
  if (status == BIASCOPE_OK) status = check_flags(&flags, &error);
  if (status == BIASCOPE_OK) status = cli_set_whole(flags.optimizer.options, "seed", flags.common.seed, &error);
  const size_t threads = flags.threads > 0 ? flags.threads : cli_processors();
  if (status == BIASCOPE_OK) status = cli_set_whole(flags.optimizer.options, "threads", threads, &error);
  if (status == BIASCOPE_OK && flags.run.steps > 0)
    status = cli_set_total_steps(flags.optimizer.options, flags.run.steps, &error);
  if (status == BIASCOPE_OK) status = cli_read_data_and_test(&flags.common, &flags.result, &data, &error);
  if (status == BIASCOPE_OK) status = cli_fit_references(data, ALL_REFERENCES, &flags.references, &error);
  int code = cli_report(status, &error);
  if (status == BIASCOPE_OK) code = predict(&flags, data);
  cli_free_test(&flags.result);
  biascope_dataset_free(data);
  biascope_options_free(flags.optimizer.options);
  return code;
}
