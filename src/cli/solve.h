/* What `solve` prints for one norm's max margin, and for all norms. */
#ifndef BIASCOPE_CLI_SOLVE_H
#define BIASCOPE_CLI_SOLVE_H

#include "cli/cli.h"

typedef struct {
  cli_common common;
  biascope_norm norm;
  bool every_norm; /* --norm all */
  cli_result result;
  const char *norm_name, *metric_path;
  biascope_solve_options options;
} cli_solve_flags;

/* The solution, or the certificate that none exists. */
json_t *cli_json_solution(const char *norm, const biascope_dataset *data, const biascope_margin *solution);
json_t *cli_json_farkas(const biascope_dataset *data, const biascope_margin *solution);
/* The certain digits of the margin. */
biascope_text cli_margin_digits(const biascope_margin *solution, double value);

/* The share of the test samples that the solution classifies correctly, NaN without test data; and as a member. */
double cli_solve_accuracy(const cli_solve_flags *flags, const biascope_margin *solution);
void cli_solve_json_test(json_t *object, const cli_solve_flags *flags, const biascope_margin *solution);

/* Solves in every norm that applies to the data; returns an exit code. */
int cli_solve_every_norm(const cli_solve_flags *flags, const biascope_dataset *data);

#endif
