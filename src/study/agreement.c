#include "study/agreement.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { REFERENCES = 4 };
static const char *const REFERENCE_NAMES[REFERENCES] = {"l2", "linf", "l1", "predicted"};
enum { PREDICTED = 3 };

/* Traces are stored with ten digits. */
static const double ROUNDING = 1e-9;

/* A margin changes by the angle times the largest sample over the margin, which is not in a record. */
static const double SAMPLE_OVER_MARGIN = 100.0;

typedef enum { OTHER, RATIO, COSINE, ACCURACY } kind;

/* Where a value is in the texts. */
typedef struct {
  kind kind;
  int reference;
  bool of_limit; /* of the predicted direction, not of the weights */
} place;

typedef struct {
  double gap[2][REFERENCES]; /* INFINITY: not certified */
  bs_agreement *out;
} comparison;

static bool ends_with(const char *text, const char *end) {
  const size_t length = strlen(text), count = strlen(end);
  return length >= count && !strcmp(text + length - count, end);
}

static place place_inside(place outer, const char *key) {
  place p = outer;
  if (!strcmp(key, "limit")) p.of_limit = true;
  if (strstr(key, "cosine")) p.kind = COSINE;
  if (strstr(key, "ratio")) p.kind = RATIO;
  if (strstr(key, "accuracy")) p.kind = ACCURACY;
  for (int r = 0; r < REFERENCES; r++)
    if (ends_with(key, REFERENCE_NAMES[r])) p.reference = r;
  return p;
}

static double angle_known_to(const comparison *c, int reference) {
  return biascope_angle_known_to(c->gap[0][reference]) + biascope_angle_known_to(c->gap[1][reference]);
}

static double difference_allowed(const comparison *c, place p, double value) {
  const double rounding = ROUNDING * fabs(value);
  const double limit = p.of_limit ? angle_known_to(c, PREDICTED) : 0.0;
  if (p.kind == COSINE) return rounding + biascope_cosine_known_to(value, angle_known_to(c, p.reference) + limit);
  if (p.kind == OTHER || p.kind == ACCURACY) return rounding;
  const double gaps = c->gap[0][p.reference] + c->gap[1][p.reference];
  return rounding + (gaps + SAMPLE_OVER_MARGIN * limit) * fabs(value);
}

/* Whether one of them has nothing to compare with: a reference without a certificate, or a cosine not found. How many
 * samples are as near to the predicted limit's boundary as the limit is uncertain is not in a record. */
static bool is_unknown(const comparison *c, place p, const json_t *first, const json_t *second) {
  if (p.kind == ACCURACY) return p.of_limit;
  if (p.kind == OTHER) return false;
  return json_is_null(first) || json_is_null(second) || !isfinite(c->gap[0][p.reference]) ||
         !isfinite(c->gap[1][p.reference]) ||
         (p.of_limit && !(isfinite(c->gap[0][PREDICTED]) && isfinite(c->gap[1][PREDICTED])));
}

static bool compare_numbers(const comparison *c, place p, const json_t *first, const json_t *second) {
  bs_agreement *out = c->out;
  const bool numbers = json_is_number(first) && json_is_number(second);
  out->first = json_is_number(first) ? json_number_value(first) : NAN;
  out->second = json_is_number(second) ? json_number_value(second) : NAN;
  out->allowed = numbers ? difference_allowed(c, p, out->first) : 0.0;
  return numbers ? fabs(out->first - out->second) <= out->allowed : json_equal(first, second);
}

static bool compare_values(const comparison *c, place p, const char *where, const json_t *first, const json_t *second);

/* Whether every member of one is in the other; the limit may not have been certified there. */
static bool has_members_of(const json_t *object, const json_t *other) {
  const char *key;
  json_t *value;
  json_object_foreach((json_t *)other, key, value) {
    if (!json_object_get(object, key) && strcmp(key, "limit") != 0) return false;
  }
  return true;
}

static bool compare_objects(const comparison *c, place p, const char *where, const json_t *first,
                            const json_t *second) {
  const char *key;
  json_t *value;
  if (!has_members_of(first, second) || !has_members_of(second, first)) return false;
  json_object_foreach((json_t *)first, key, value) {
    char inner[sizeof c->out->where];
    snprintf(inner, sizeof inner, "%.30s%s%.30s", where, *where ? "." : "", key);
    const json_t *other = json_object_get(second, key);
    if (other && !compare_values(c, place_inside(p, key), inner, value, other)) return false;
  }
  return true;
}

static bool compare_values(const comparison *c, place p, const char *where, const json_t *first, const json_t *second) {
  bs_agreement *out = c->out;
  snprintf(out->where, sizeof out->where, "%s", where);
  if (json_is_object(first) && json_is_object(second)) return compare_objects(c, p, where, first, second);
  if (json_is_array(first) && json_is_array(second)) {
    size_t i;
    json_t *value;
    if (json_array_size(first) != json_array_size(second)) return false;
    json_array_foreach(first, i,
                       value) if (!compare_values(c, p, where, value, json_array_get(second, i))) return false;
    return true;
  }
  return is_unknown(c, p, first, second) || compare_numbers(c, p, first, second);
}

/* ---- Certificates --------------------------------------------------------------------------------- */

static void read_gaps(const json_t *certificate, double gap[REFERENCES]) {
  for (int r = 0; r < REFERENCES; r++) {
    const json_t *found = json_object_get(json_object_get(certificate, REFERENCE_NAMES[r]), "gap");
    gap[r] = json_is_number(found) ? fmax(0.0, json_number_value(found)) : INFINITY;
  }
}

/* A reference without a certificate counts as one with no accuracy. */
static double sum_of_gaps(const double gap[REFERENCES]) {
  double sum = 0.0;
  for (int r = 0; r < REFERENCES; r++) sum += fmin(1.0, gap[r]);
  return sum;
}

/* Out of memory, Jansson may report correct text as a syntax error; both are errors. NULL stays NULL. */
static biascope_status parse(const char *text, json_t **out, biascope_error *error) {
  json_error_t reason = {.text = ""};
  *out = text ? json_loads(text, JSON_DECODE_ANY | JSON_ALLOW_NUL, &reason) : json_null();
  if (*out) return BIASCOPE_OK;
  if (json_error_code(&reason) <= json_error_out_of_memory) return bs_fail_memory(error, "a run's record");
  return bs_fail(error, BIASCOPE_BAD_INPUT, "a run's record cannot be read: %s", reason.text);
}

biascope_status bs_runs_agree(const bs_stored_run *first, const bs_stored_run *second, bs_agreement *out,
                              biascope_error *error) {
  const char *const texts[6] = {first->certificate, second->certificate, first->result,
                                second->result,     first->trace,        second->trace};
  json_t *values[6] = {NULL};
  biascope_status status = BIASCOPE_OK;
  for (int i = 0; i < 6 && status == BIASCOPE_OK; i++) status = parse(texts[i], &values[i], error);
  *out = (bs_agreement){.first = NAN, .second = NAN};
  comparison c = {.out = out};
  if (status == BIASCOPE_OK) {
    for (int side = 0; side < 2; side++) read_gaps(values[side], c.gap[side]);
    const place top = {OTHER, 0, false};
    out->agree = compare_values(&c, top, "", values[2], values[3]) && compare_values(&c, top, "", values[4], values[5]);
    out->second_better = sum_of_gaps(c.gap[1]) < sum_of_gaps(c.gap[0]);
  }
  for (int i = 0; i < 6; i++) json_decref(values[i]);
  return status;
}
