/* A max margin, as a JSON object and as parts of a table. */
#include "cli/solve.h"

#include <math.h>

/* If the relative gap is larger than this, both bounds are printed, to this accuracy. */
static const double BOUNDS_APART = 1e-3;

enum { ALL_DIGITS = 15 };

static size_t rows_of_each(const biascope_margin *solution) {
  return solution->rows / solution->samples;
}

static bool supports(const biascope_margin *solution, size_t sample) {
  const size_t each = rows_of_each(solution);
  for (size_t at = 0; at < each; at++)
    if (solution->dual[sample * each + at] > 0.0) return true;
  return false;
}

size_t cli_supporting_samples(const biascope_margin *solution) {
  size_t count = 0;
  for (size_t i = 0; i < solution->samples; i++) count += supports(solution, i);
  return count;
}

static json_t *support_json(const biascope_margin *solution) {
  json_t *array = json_array();
  for (size_t i = 0; i < solution->samples; i++)
    if (supports(solution, i)) json_array_append_new(array, json_integer((json_int_t)i));
  return array;
}

/* One number for each sample, or one list for each sample with an entry for each class, 0 at its own class. */
static json_t *dual_json(const biascope_dataset *data, const biascope_margin *solution) {
  if (solution->outputs == 1) return cli_json_array(solution->samples, solution->dual);
  const uint32_t *class_of = biascope_dataset_labels(data);
  const double *dual = solution->dual;
  json_t *rows = json_array();
  for (size_t i = 0; i < solution->samples; i++) {
    json_t *row = json_array();
    for (size_t j = 0; j < solution->outputs; j++)
      json_array_append_new(row, json_real(j == class_of[i] ? 0.0 : *dual++));
    json_array_append_new(rows, row);
  }
  return rows;
}

json_t *cli_json_solution(const char *norm, const biascope_dataset *data, const biascope_margin *solution) {
  const bool decided = solution->face_dimension != SIZE_MAX;
  return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "norm", norm, "margin",
                   cli_json_number(solution->margin), "upper_bound", cli_json_number(solution->upper_bound), "gap",
                   cli_json_number(solution->gap), "support", support_json(solution), "unique",
                   decided ? json_boolean(solution->unique) : json_null(), "face_dimension",
                   decided ? json_integer((json_int_t)solution->face_dimension) : json_null(), "direction",
                   cli_json_weights(data, solution->direction), "dual", dual_json(data, solution));
}

json_t *cli_json_farkas(const biascope_dataset *data, const biascope_margin *solution) {
  return json_pack("{s:s, s:o, s:o}", "kind", "farkas", "dual", dual_json(data, solution), "residual",
                   cli_json_number(solution->upper_bound));
}

biascope_text cli_margin_digits(const biascope_margin *solution, double value) {
  /* the bounds have not met, so each is printed by itself */
  return biascope_digits(value, fmin(solution->gap, BOUNDS_APART) * solution->upper_bound, ALL_DIGITS);
}
