/* `solve --norm all`: the max margins of every norm, and the cosines between their directions. */
#include "cli/solve.h"

#include <math.h>
#include <stdio.h>

enum { NORMS = 5, ENTRYWISE = 3 };

static const struct {
  const char *name;
  biascope_norm_kind kind;
} TABLE[NORMS] = {{"l2", BIASCOPE_L2},
                  {"linf", BIASCOPE_LINF},
                  {"l1", BIASCOPE_L1},
                  {"spectral", BIASCOPE_SPECTRAL},
                  {"nuclear", BIASCOPE_NUCLEAR}};

typedef struct {
  const biascope_dataset *data;
  size_t count; /* the number of norms: for two classes without those of matrices, which equal l2 */
  biascope_status status[NORMS];
  biascope_margin solution[NORMS];
  double cosine[NORMS][NORMS]; /* of the direction of one norm with the nearest optimal direction of another */
} references;

static bool has_direction(const references *found, size_t norm) {
  return found->solution[norm].margin > 0.0;
}

/* The worst of the statuses. The message is that of the last one that is not BIASCOPE_OK. */
static biascope_status solve_all(const cli_solve_flags *flags, references *found, biascope_error *error) {
  biascope_status worst = BIASCOPE_OK;
  for (size_t norm = 0; norm < found->count; norm++) {
    const biascope_norm kind = {.kind = TABLE[norm].kind};
    biascope_error own;
    const biascope_status status =
        biascope_margin_solve(found->data, kind, &flags->options, &found->solution[norm], &own);
    found->status[norm] = status;
    if (status == BIASCOPE_OK) continue;
    *error = own;
    worst = status;
    if (status != BIASCOPE_NOT_CONVERGED) return status; /* data that are not separable are so in every norm */
  }
  return worst;
}

static biascope_status compare(references *found, biascope_error *error) {
  for (size_t a = 0; a < found->count; a++) {
    for (size_t b = 0; b < found->count; b++) {
      found->cosine[a][b] = NAN;
      if (!has_direction(found, a) || !has_direction(found, b)) continue;
      const biascope_status status =
          biascope_margin_cosine(found->data, (biascope_norm){.kind = TABLE[b].kind}, &found->solution[b],
                                 found->solution[a].direction, &found->cosine[a][b], NULL, NULL, error);
      if (status == BIASCOPE_NO_MEMORY) return status;
    }
  }
  return BIASCOPE_OK;
}

static json_t *references_json(const cli_solve_flags *flags, const references *found) {
  json_t *norms = json_object(), *cosines = json_object();
  for (size_t a = 0; a < found->count; a++) {
    json_t *row = json_object(), *one = cli_json_solution(TABLE[a].name, found->data, &found->solution[a]);
    cli_solve_json_test(one, flags, &found->solution[a]);
    cli_split_intercept(one, found->data);
    json_object_set_new(norms, TABLE[a].name, one);
    for (size_t b = 0; b < found->count; b++)
      json_object_set_new(row, TABLE[b].name, cli_json_number(found->cosine[a][b]));
    json_object_set_new(cosines, TABLE[a].name, row);
  }
  json_t *object = json_pack("{s:o, s:o}", "norms", norms, "cosine", cosines);
  cli_json_classes(object, found->data);
  cli_json_notes(object, found->data);
  return object;
}

static void print_references(const cli_solve_flags *flags, const references *found) {
  printf("%-9s %-20s %-8s %-8s %s%s\n", "norm", "margin", "gap", "support", "unique",
         flags->result.data ? "       test" : "");
  for (size_t a = 0; a < found->count; a++) {
    const biascope_margin *solution = &found->solution[a];
    printf("%-9s %-20s %-8.1e %-8zu %-*s", TABLE[a].name, cli_margin_digits(solution, solution->margin).text,
           solution->gap, cli_supporting_samples(found->data, solution->dual), flags->result.data ? 12 : 0,
           solution->unique                       ? "yes"
           : solution->face_dimension == SIZE_MAX ? "not decided"
                                                  : "no");
    if (flags->result.data) printf(" %.4g %%", 100.0 * cli_solve_accuracy(flags, solution));
    putchar('\n');
  }
  printf("\n%-9s", "cosine");
  for (size_t b = 0; b < found->count; b++) printf(" %-8s", TABLE[b].name);
  putchar('\n');
  for (size_t a = 0; a < found->count; a++) {
    printf("%-9s", TABLE[a].name);
    for (size_t b = 0; b < found->count; b++) printf(" %-8s", biascope_digits(found->cosine[a][b], 5e-5, 4).text);
    putchar('\n');
  }
}

static int print_farkas(const cli_solve_flags *flags, const references *found) {
  for (size_t norm = 0; norm < found->count && flags->common.json; norm++)
    if (found->status[norm] == BIASCOPE_NOT_SEPARABLE)
      return cli_print_json(
          json_pack("{s:b, s:o}", "separable", 0, "certificate", cli_json_farkas(found->data, &found->solution[norm])));
  return 0;
}

static int print(const cli_solve_flags *flags, const references *found, biascope_status solved) {
  if (solved == BIASCOPE_NOT_SEPARABLE) return print_farkas(flags, found);
  if (flags->common.json) return cli_print_json(references_json(flags, found));
  print_references(flags, found);
  return 0;
}

int cli_solve_every_norm(const cli_solve_flags *flags, const biascope_dataset *data) {
  references found = {.data = data, .count = biascope_dataset_outputs(data) > 1 ? NORMS : ENTRYWISE};
  biascope_error error;
  const biascope_status solved = solve_all(flags, &found, &error);
  int code = cli_report(solved, &error);
  if (solved == BIASCOPE_OK || solved == BIASCOPE_NOT_CONVERGED) {
    const biascope_status compared = compare(&found, &error);
    if (compared != BIASCOPE_OK) code = cli_report(compared, &error);
  }
  if (code != BIASCOPE_BAD_INPUT && code != BIASCOPE_USAGE) {
    const int printed = print(flags, &found, solved);
    if (printed) code = printed;
  }
  for (size_t norm = 0; norm < found.count; norm++) biascope_margin_free(&found.solution[norm]);
  return code;
}
