#include "cli/plateaus.h"

#include <math.h>
#include <stdio.h>

/* The number of steps that no training of such a classifier takes. */
static const double LONGEST_TRAINING = 1e9;

biascope_status plateaus_find(biascope_problem *problem, const biascope_options *options,
                              const biascope_prediction *limit, plateaus *out, biascope_error *error) {
  *out = (plateaus){.handover_step = limit->handover_step};
  out->asked = !isnan(limit->handover_step) && limit->kind == BIASCOPE_LIMIT_DIRECTION;
  if (!out->asked) return BIASCOPE_OK;
  biascope_status status =
      biascope_plateaus_find(biascope_problem_data(problem), options, limit->direction, &out->found, &out->why);
  out->known = status == BIASCOPE_OK;
  if (out->known)
    return biascope_problem_measure(problem, BIASCOPE_ALL_NORMS, NULL, out->found.early, &out->early, error);
  if (status == BIASCOPE_USAGE || status == BIASCOPE_NOT_CONVERGED) return BIASCOPE_OK;
  if (error) *error = out->why;
  return status;
}

void plateaus_free(plateaus *p) {
  biascope_plateaus_free(&p->found);
}

json_t *plateaus_json(const plateaus *p, const biascope_dataset *data) {
  if (!p->known) return json_null();
  json_t *cosine = json_object();
  for (int n = 0; n < BIASCOPE_REFERENCE_NORMS; n++)
    if (biascope_dataset_references(data) >> n & 1)
      json_object_set_new(cosine, biascope_reference_name((size_t)n), cli_json_number(p->early.cosine[n]));
  const biascope_plateaus *f = &p->found;
  return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b}", "first", cli_json_weights(data, f->early),
                   "first_cosine", cosine, "between", cli_json_number(f->between), "nearest_first_step",
                   cli_json_number(f->early_step), "nearest_first_cosine", cli_json_number(f->early_cosine), "end_step",
                   cli_json_number(f->late_step), "last_step", cli_json_number(f->last_step), "last_cosine",
                   cli_json_number(f->late_cosine), "end_beyond_training", !(f->late_step <= LONGEST_TRAINING));
}

static void print_end(const biascope_plateaus *f) {
  if (f->late_step <= LONGEST_TRAINING)
    printf("in the end this limit: cosine above %.2f from about step %.2g on\n", BIASCOPE_ARRIVED, f->late_step);
  else if (isfinite(f->late_step))
    printf("in the end this limit, beyond any training: cosine above %.2f only from about step %.2g on\n",
           BIASCOPE_ARRIVED, f->late_step);
  else
    printf("in the end this limit, %s: at step %.2g the cosine is still %.4f\n",
           f->last_step > LONGEST_TRAINING ? "beyond any training" : "after more steps than could be predicted",
           f->last_step, f->late_cosine);
}

void plateaus_print(const plateaus *p) {
  if (!p->asked) return;
  if (isfinite(p->handover_step))
    printf("handover   at about step %.3g, where sqrt(v) has fallen to eps\n", p->handover_step);
  else
    puts("handover   never: sqrt(v) stays above eps");
  if (!p->known) {
    printf("first      not known: %s\n", p->why.message);
    return;
  }
  const double *cosine = p->early.cosine;
  printf("first      toward the limit for eps 0 (cosine l2 %.4f, linf %.4f, l1 %.4f): nearest at about step %.2g, "
         "cosine %.4f\n",
         cosine[BIASCOPE_L2], cosine[BIASCOPE_LINF], cosine[BIASCOPE_L1], p->found.early_step, p->found.early_cosine);
  print_end(&p->found);
}
