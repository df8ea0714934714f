#include "cli/cli.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OPTION_WANT = 4000, OPTION_STEPS };

typedef struct {
  cli_common common;
  cli_optimizer_flags optimizer;
  biascope_goal goal;
} doctor_flags;

static const struct argp_child CHILDREN[] = {
    {&cli_data_argp, 0, 0, 0}, {&cli_optimizer_argp, 0, "Optimizer:", 2}, {&cli_common_argp, 0, 0, 0}, {0}};
static const struct argp_option OPTIONS[] = {
    {"want", OPTION_WANT, "NORM:FRACTION", 0,
     "Recommend options that reach this fraction of the norm's best margin: l2, linf, l1 or, of several classes, "
     "spectral, nuclear (default linf:0.98; l2:0.98 for gd, ngd; of several classes spectral:0.98 for muon, spectral, "
     "shampoo)",
     3},
    {"steps", OPTION_STEPS, "T", 0, "Within so many steps (default 1000000)", 3},
    {0},
};

static void parse_goal(struct argp_state *state, const char *text, biascope_goal *goal) {
  const char *colon = strchr(text, ':');
  char norm[16] = "";
  if (!colon || (size_t)(colon - text) >= sizeof norm)
    argp_error(state, "--want: '%s' is not of the form NORM:FRACTION, as in linf:0.98", text);
  memcpy(norm, text, (size_t)(colon - text));
  const char *names[BIASCOPE_REFERENCE_NORMS + 1] = {0};
  for (size_t n = 0; n < BIASCOPE_REFERENCE_NORMS; n++) names[n] = biascope_reference_name(n);
  goal->norm = biascope_reference_norm((size_t)cli_parse_choice(state, "--want", norm, names));
  goal->fraction = cli_parse_double(state, "--want", colon + 1, 0x1p-40, 1.0 - 0x1p-40);
}

static error_t parse(int key, char *text, struct argp_state *state) {
  doctor_flags *flags = state->input;
  switch (key) {
  case ARGP_KEY_INIT:
    state->child_inputs[0] = state->child_inputs[2] = &flags->common;
    state->child_inputs[1] = &flags->optimizer;
    return 0;
  case OPTION_WANT:
    parse_goal(state, text, &flags->goal);
    return 0;
  case OPTION_STEPS:
    flags->goal.steps = cli_parse_u64(state, "--steps", text, 1, UINT64_C(1) << 62);
    return 0;
  default:
    return ARGP_ERR_UNKNOWN;
  }
}

static const struct argp ARGP = {
    .options = OPTIONS,
    .parser = parse,
    .children = CHILDREN,
    .args_doc = "DATA",
    .doc = "What a run with these options will do, and which options would reach a goal; without training."};

/* Buffers that contain recent gradients after the first percent of the steps do no harm. */
static bool is_stale(double until, uint64_t steps) {
  return until > (double)steps / 100.0;
}

/* ---- Text ----------------------------------------------------------------------------------------- */

static void print_staleness(const char *buffer, const char *beta, double until, uint64_t steps) {
  printf("%-13s ", buffer);
  if (!(until > 0.0))
    puts("keeps up from the start");
  else if (!isfinite(until))
    printf("STALE for ever: at this constant step size gradients fade faster than %s forgets\n", beta);
  else
    printf("%s until about step %.0f: until then gradients fade faster than %s forgets\n",
           is_stale(until, steps) ? "STALE" : "catching up", until, beta);
}

/* A percentage with two decimals at most. */
static biascope_text percent(double fraction, double known_to) {
  return biascope_digits(100.0 * fraction, fmax(0.005, 100.0 * known_to), 15);
}

static void print_limit(const biascope_diagnosis *d, const biascope_dataset *data, double known_to) {
  const biascope_reference_set references = biascope_dataset_references(data);
  printf("goes to       %s\nmargins      ", d->limit.method);
  for (size_t n = 0; n < BIASCOPE_REFERENCE_NORMS; n++)
    if (references >> n & 1)
      printf("%s %s%% of the best %s", n > 0 ? "," : "", percent(d->fraction[n], known_to).text,
             biascope_reference_name(n));
  puts(" margin, in the limit");
  if (isfinite(d->limit.rate))
    printf("rate          margins grow by %s per unit of sum eta\n",
           biascope_digits(d->limit.rate, known_to * fabs(d->limit.rate), 6).text);
}

/* The options that a recommendation sets; those that the optimizer does not read are left out. */
static const char *const RECOMMENDED[] = {"beta1", "beta2", "lr", "lr_decay", "eps", NULL};

static double recommended(const biascope_diagnosis *d, const char *name) {
  char text[64] = "";
  biascope_options_get(d->recommended, name, text, sizeof text, NULL);
  return strtod(text, NULL);
}

static void print_recommended(const biascope_diagnosis *d) {
  printf("recommended  ");
  for (int i = 0; RECOMMENDED[i]; i++) {
    if (!biascope_options_reads(d->recommended, RECOMMENDED[i])) continue;
    printf(" --");
    for (const char *c = RECOMMENDED[i]; *c; c++) putchar(*c == '_' ? '-' : *c);
    printf(" %.6g", recommended(d, RECOMMENDED[i]));
  }
  putchar('\n');
}

static void print_step_size(const biascope_diagnosis *d) {
  if (isnan(d->curvature)) return;
  printf("step size     ");
  if (!(d->descends_from > 0.0))
    printf("descends: --lr is below %.3g, which the loss's curvature at the start, %.3g, allows\n", d->largest_lr,
           d->curvature);
  else if (isfinite(d->descends_from))
    printf("TOO LARGE until about step %.3g: the loss's curvature at the start, %.3g, allows --lr %.3g\n",
           d->descends_from, d->curvature, d->largest_lr);
  else
    printf(
        "TOO LARGE: the loss's curvature at the start, %.3g, allows --lr %.3g; the loss may rise until its slope has "
        "faded\n",
        d->curvature, d->largest_lr);
}

static const char *goal_name(const biascope_goal *goal) {
  size_t n = 0;
  while (biascope_reference_norm(n) != goal->norm) n++;
  return biascope_reference_name(n);
}

static void print_text(const doctor_flags *flags, const biascope_dataset *data, const biascope_diagnosis *d) {
  const double known_to = biascope_angle_known_to(d->limit.gap) + d->limit.standard_error;
  if (d->certified)
    print_limit(d, data, known_to);
  else if (d->limit.confirmed)
    printf("goes to       no direction: %s\n", cli_limit_meaning(d->limit.kind));
  else
    puts("goes to       a direction that cannot be certified");
  printf("misalignment  %s", biascope_digits(d->misalignment, known_to, 4).text);
  if (isfinite(d->guaranteed))
    printf(": theory alone guarantees %s%% of the best linf margin", percent(d->guaranteed, known_to).text);
  putchar('\n');
  print_staleness("momentum", "beta1", d->momentum_stale_until, flags->goal.steps);
  print_staleness("second moment", "beta2", d->second_moment_stale_until, flags->goal.steps);
  print_step_size(d);
  if (isfinite(d->limit.handover_step))
    printf("eps           takes over at about step %.0f; from then on it is gradient descent\n",
           d->limit.handover_step);
  if (isnan(d->expected)) {
    printf("recommended   nothing: the way of these options cannot be followed without training\n");
    return;
  }
  print_recommended(d);
  printf("              %s%% of the best %s margin after %llu steps, %s; %s\n", percent(d->expected, known_to).text,
         goal_name(&flags->goal), (unsigned long long)flags->goal.steps,
         d->expected_is_measured ? "as a run shows" : "by the path of small steps",
         d->expected >= flags->goal.fraction ? "as wanted"
                                             : "short of what is wanted, and the best found for this optimizer, batch "
                                               "size and order");
}

/* ---- JSON ----------------------------------------------------------------------------------------- */

static json_t *recommended_json(const biascope_diagnosis *d) {
  json_t *object = json_object();
  for (int i = 0; RECOMMENDED[i]; i++)
    if (biascope_options_reads(d->recommended, RECOMMENDED[i]))
      json_object_set_new(object, RECOMMENDED[i], cli_json_number(recommended(d, RECOMMENDED[i])));
  return object;
}

static json_t *fractions_json(const biascope_diagnosis *d, const biascope_dataset *data) {
  const biascope_reference_set references = biascope_dataset_references(data);
  json_t *object = json_object();
  for (size_t n = 0; n < BIASCOPE_REFERENCE_NORMS; n++)
    if (references >> n & 1) json_object_set_new(object, biascope_reference_name(n), cli_json_number(d->fraction[n]));
  return object;
}

static int print_json(const doctor_flags *flags, const biascope_dataset *data, const biascope_diagnosis *d) {
  const biascope_goal *goal = &flags->goal;
  json_t *expected = json_pack("{s:s, s:f, s:I, s:o, s:b, s:b}", "norm", goal_name(goal), "wanted", goal->fraction,
                               "steps", (json_int_t)goal->steps, "fraction", cli_json_number(d->expected), "kept",
                               (int)(d->expected >= goal->fraction), "measured", (int)d->expected_is_measured);
  json_t *object = json_pack(
      "{s:b, s:o, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:s, s:b, s:o, s:o}", "stale_momentum",
      (int)is_stale(d->momentum_stale_until, goal->steps), "stale_momentum_until",
      cli_json_number(d->momentum_stale_until), "stale_second_moment",
      (int)is_stale(d->second_moment_stale_until, goal->steps), "stale_second_moment_until",
      cli_json_number(d->second_moment_stale_until), "eps_handover_step", cli_json_number(d->limit.handover_step),
      "misalignment", cli_json_number(d->misalignment), "guaranteed", cli_json_number(d->guaranteed), "fraction",
      fractions_json(d, data), "rate", cli_json_number(d->certified ? d->limit.rate : NAN), "method",
      d->certified ? d->limit.method : "not certified", "recommended", recommended_json(d), "promise", expected,
      "curvature", cli_json_number(d->curvature), "largest_lr", cli_json_number(d->largest_lr), "kind",
      cli_limit_kind(d->limit.kind), "confirmed", (int)d->limit.confirmed, "confirmed_by",
      d->limit.confirmed ? json_string(d->limit.confirmed_by) : json_null(), "increment_cosine",
      cli_json_number(d->limit.increment_cosine));
  cli_json_notes(object, data);
  return cli_print_json(object);
}

static void choose_goal(const biascope_options *options, const biascope_dataset *data, biascope_goal *goal) {
  if (goal->fraction > 0.0) return;
  goal->norm = biascope_options_norm(options, biascope_dataset_outputs(data));
  goal->fraction = 0.98;
}

int cli_doctor(int argc, char **argv) {
  doctor_flags flags = {.goal = {.steps = 1000000}};
  cli_parse(&ARGP, argc, argv, &flags);
  flags.common.read.several_classes = true;
  biascope_dataset *data = NULL;
  biascope_diagnosis diagnosis = {0};
  biascope_error error = {0};
  biascope_status status = cli_set_whole(flags.optimizer.options, "seed", flags.common.seed, &error);
  if (status == BIASCOPE_OK) status = cli_read_data(&flags.common, &data, &error);
  if (status == BIASCOPE_OK) choose_goal(flags.optimizer.options, data, &flags.goal);
  if (status == BIASCOPE_OK) status = biascope_diagnose(data, flags.optimizer.options, &flags.goal, &diagnosis, &error);
  int code = cli_report(status, &error);
  if (status == BIASCOPE_OK && flags.common.json)
    code = print_json(&flags, data, &diagnosis);
  else if (status == BIASCOPE_OK)
    print_text(&flags, data, &diagnosis);
  biascope_diagnosis_free(&diagnosis);
  biascope_dataset_free(data);
  biascope_options_free(flags.optimizer.options);
  return code;
}
