/* A max margin, as a JSON object and as parts of a table. */
#include "cli/solve.h"

#include <math.h>

/* If the relative gap is larger than this, both bounds are printed, to this accuracy. */
static const double BOUNDS_APART = 1e-3;

enum { ALL_DIGITS = 15 };

json_t *cli_json_solution(const char *norm, const biascope_dataset *data, const biascope_margin *solution) {
  const bool decided = solution->face_dimension != SIZE_MAX;
  return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "norm", norm, "margin",
                   cli_json_number(solution->margin), "upper_bound", cli_json_number(solution->upper_bound), "gap",
                   cli_json_number(solution->gap), "support", cli_json_support(data, solution->dual), "unique",
                   decided ? json_boolean(solution->unique) : json_null(), "face_dimension",
                   decided ? json_integer((json_int_t)solution->face_dimension) : json_null(), "direction",
                   cli_json_weights(data, solution->direction), "dual", cli_json_dual(data, solution->dual));
}

json_t *cli_json_farkas(const biascope_dataset *data, const biascope_margin *solution) {
  return json_pack("{s:s, s:o, s:o}", "kind", "farkas", "dual", cli_json_dual(data, solution->dual), "residual",
                   cli_json_number(solution->upper_bound));
}

biascope_text cli_margin_digits(const biascope_margin *solution, double value) {
  /* the bounds have not met, so each is printed by itself */
  return biascope_digits(value, fmin(solution->gap, BOUNDS_APART) * solution->upper_bound, ALL_DIGITS);
}

double cli_solve_accuracy(const cli_solve_flags *flags, const biascope_margin *solution) {
  return flags->result.data ? biascope_accuracy(flags->result.data, solution->direction) : NAN;
}

void cli_solve_json_test(json_t *object, const cli_solve_flags *flags, const biascope_margin *solution) {
  if (!flags->result.data) return;
  json_object_set_new(object, "test_samples", json_integer((json_int_t)biascope_dataset_samples(flags->result.data)));
  json_object_set_new(object, "test_accuracy", cli_json_number(cli_solve_accuracy(flags, solution)));
}
