#include "cli/solve.h"

#include <stdio.h>
#include <stdlib.h>

static const struct argp_child CHILDREN[] = {{&cli_data_argp, 0, 0, 0}, {&cli_common_argp, 0, 0, 0}, {0}};

static error_t parse(int key, char *text, struct argp_state *state) {
  (void)text;
  if (key != ARGP_KEY_INIT) return ARGP_ERR_UNKNOWN;
  state->child_inputs[0] = state->child_inputs[1] = state->input;
  return 0;
}

static const struct argp ARGP = {
    .parser = parse,
    .children = CHILDREN,
    .args_doc = "DATA",
    .doc = "What a data set holds, and whether it is separable: whether some w has x_i.w > 0 for every sample."
           "\vThe certificate is a direction with its margin where the data are separable, and weights that combine "
           "the samples to zero where they are not; the exit code is then 3, and 4 where neither was found. Then "
           "the parts tell the samples that can be separated, all others left at margin zero, from those that cannot."};

/* Everything that `info` reports about a data set. */
typedef struct {
  const biascope_dataset *data;
  size_t samples, features, nonzeros;
  bool sparse;
  biascope_dataset_facts facts;
  biascope_status decision; /* BIASCOPE_OK: separable; _NOT_SEPARABLE; _NOT_CONVERGED: undecided */
  biascope_margin margin;
  bool has_parts; /* of data that are not separable */
  biascope_parts parts;
  biascope_error no_parts;        /* else why they were not found */
  bool left_out;                  /* of many classes, the decision on all of them together is: it takes too long */
  biascope_status *pairs;         /* of several classes, unless these are separable: for every two; NULL: too many */
  biascope_status with_intercept; /* the same decision with an intercept; _USAGE: not asked */
} data_info;

static bool has_several_classes(const data_info *info) {
  return !biascope_dataset_is_folded(info->data);
}

/* Many classes and large problems: of n samples of d features in k classes, n (k - 1) rows of k d weights each, which
 * are factored in the square of the weights; and as many problems of two classes as there are pairs. Both take some
 * seconds at these sizes. */
static const double MOST_FACTORED = 3e8, MOST_SAMPLES_OF_PAIRS = 1e8;
enum { FEW_CLASSES = 50 }; /* are always decided on */

static bool takes_long(const data_info *info) {
  const double k = (double)biascope_dataset_classes(info->data), weights = k * (double)info->features;
  return has_several_classes(info) && k > FEW_CLASSES &&
         (double)info->samples * (k - 1.0) * weights * weights > MOST_FACTORED;
}

static size_t pairs_of(const data_info *info) {
  const size_t k = biascope_dataset_classes(info->data);
  return k * (k - 1) / 2;
}

static bool pairs_take_long(const data_info *info) {
  return (double)pairs_of(info) * (double)info->samples > MOST_SAMPLES_OF_PAIRS;
}

static json_t *decision_json(biascope_status decision) {
  return decision == BIASCOPE_NOT_CONVERGED ? json_null() : json_boolean(decision == BIASCOPE_OK);
}

static json_t *certificate_json(const data_info *info) {
  const biascope_margin *margin = &info->margin;
  if (info->decision == BIASCOPE_OK)
    return json_pack("{s:s, s:o, s:o, s:o}", "kind", "margin", "margin", cli_json_number(margin->margin), "upper_bound",
                     cli_json_number(margin->upper_bound), "direction",
                     cli_json_weights(info->data, margin->direction));
  if (info->decision == BIASCOPE_NOT_SEPARABLE && !info->left_out) return cli_json_farkas(info->data, margin);
  return json_null();
}

static bool are_inseparable(const data_info *info, size_t a, size_t b) {
  return info->pairs[a * biascope_dataset_classes(info->data) + b] == BIASCOPE_NOT_SEPARABLE;
}

static bool asks_pairs(const data_info *info) {
  return has_several_classes(info) && (info->left_out || info->decision == BIASCOPE_NOT_SEPARABLE);
}

/* The names of every two classes that no weights separate; null if there are too many pairs to ask. */
static json_t *pairs_json(const data_info *info) {
  if (!info->pairs) return json_null();
  json_t *pairs = json_array();
  for (size_t a = 0; a < biascope_dataset_classes(info->data); a++)
    for (size_t b = a + 1; b < biascope_dataset_classes(info->data); b++)
      if (are_inseparable(info, a, b))
        json_array_append_new(pairs, json_pack("[o, o]", cli_json_text(biascope_dataset_class_name(info->data, a)),
                                               cli_json_text(biascope_dataset_class_name(info->data, b))));
  return pairs;
}

static json_t *info_json(const data_info *info) {
  json_t *object = json_pack("{s:I, s:I, s:I, s:o, s:o}", "samples", (json_int_t)info->samples, "features",
                             (json_int_t)info->features, "nonzeros", (json_int_t)info->nonzeros, "separable",
                             decision_json(info->decision), "certificate", certificate_json(info));
  if (info->has_parts) json_object_set_new(object, "parts", cli_json_parts(&info->parts));
  cli_json_classes(object, info->data);
  if (asks_pairs(info)) json_object_set_new(object, "inseparable_classes", pairs_json(info));
  if (info->with_intercept != BIASCOPE_USAGE)
    json_object_set_new(object, "separable_with_intercept", decision_json(info->with_intercept));
  cli_json_notes(object, info->data);
  return object;
}

static void print_note(size_t count, const char *one, const char *many) {
  if (count > 0) printf("note       %zu %s\n", count, count == 1 ? one : many);
}

static void print_pairs(const data_info *info) {
  enum { SHOWN = 20 };
  size_t found = 0;
  for (size_t a = 0; a < biascope_dataset_classes(info->data); a++)
    for (size_t b = a + 1; b < biascope_dataset_classes(info->data); b++)
      if (are_inseparable(info, a, b) && found++ < SHOWN)
        printf("%s %s and %s cannot be told apart\n", found > 1 ? "          " : "pairs     ",
               biascope_dataset_class_name(info->data, a), biascope_dataset_class_name(info->data, b));
  if (found > SHOWN) printf("           nor can %zu other pairs (--json lists all)\n", found - SHOWN);
  if (found == 0)
    printf("pairs      no two classes are proved inseparable by themselves%s\n",
           info->decision == BIASCOPE_NOT_SEPARABLE ? "; all of them together are" : "");
}

static void print_table(const data_info *info, const biascope_error *undecided) {
  const biascope_margin *margin = &info->margin;
  printf("samples    %zu\n", info->samples);
  printf("features   %zu (%s)\n", info->features,
         info->samples > info->features ? "fewer than samples" : "at least as many as samples");
  printf("nonzeros   %zu (%.3g%%, %s)\n", info->nonzeros,
         100.0 * (double)info->nonzeros / (double)info->samples / (double)info->features,
         info->sparse ? "sparse" : "dense");
  for (size_t k = 0; k < biascope_dataset_classes(info->data); k++)
    printf("%s    %s (%zu samples)\n", k ? "       " : "classes", biascope_dataset_class_name(info->data, k),
           biascope_dataset_class_samples(info->data, k));
  if (info->decision == BIASCOPE_OK)
    printf("separable  yes: a direction has l2 margin %s (no direction has more than %s)\n",
           biascope_digits(margin->margin, 0.0, 6).text, biascope_digits(margin->upper_bound, 0.0, 6).text);
  else if (info->decision == BIASCOPE_NOT_SEPARABLE && info->left_out)
    puts("separable  no: there are two classes that no weights separate");
  else if (info->decision == BIASCOPE_NOT_SEPARABLE)
    printf("separable  no: a weighted mean of %zu %s%s is zero (relative residual %.1e)\n", margin->support,
           has_several_classes(info) ? "row" : "sample", margin->support == 1 ? "" : "s", margin->upper_bound);
  else
    printf("separable  undecided: %s\n", undecided->message);
  if (info->pairs)
    print_pairs(info);
  else if (asks_pairs(info))
    printf("pairs      not looked at: there are %zu of them\n", pairs_of(info));
  if (info->has_parts)
    cli_print_parts(&info->parts);
  else if (info->decision == BIASCOPE_NOT_SEPARABLE && !has_several_classes(info))
    printf("parts      not told apart: %s\n", info->no_parts.message);
  if (info->decision != BIASCOPE_OK && info->with_intercept == BIASCOPE_OK)
    puts("intercept  makes them separable (--intercept)");
  print_note(info->facts.zero_samples, "sample is all zeros: no direction separates it",
             "samples are all zeros: no direction separates them");
  print_note(info->facts.repeated_samples, "sample repeats another", "samples repeat others");
  print_note(info->facts.zero_features, "feature is zero in every sample", "features are zero in every sample");
}

/* Separable or not: a direction of any margin separates, whatever its gap. */
static biascope_status decide(const biascope_dataset *data, biascope_margin *margin, biascope_error *error) {
  static const biascope_solve_options ANY_MARGIN = {.tolerance = 1.0};
  return biascope_margin_solve(data, (biascope_norm){.kind = BIASCOPE_L2}, &ANY_MARGIN, margin, error);
}

static bool is_decision(biascope_status status) {
  return status == BIASCOPE_OK || status == BIASCOPE_NOT_SEPARABLE || status == BIASCOPE_NOT_CONVERGED;
}

/* Whether an intercept makes non-separable data separable; not asked if there is one, or if no class is known. */
static biascope_status decide_with_intercept(const data_info *info, biascope_error *error) {
  const biascope_dataset *data = info->data;
  if (biascope_dataset_classes(data) < 2 || biascope_dataset_model(data, 1, NULL).intercept) return BIASCOPE_USAGE;
  if (info->decision == BIASCOPE_OK) return BIASCOPE_OK;
  biascope_dataset *wider;
  biascope_margin margin = {0};
  biascope_status status = biascope_dataset_with_intercept(data, &wider, error);
  if (status != BIASCOPE_OK) return status;
  status = decide(wider, &margin, error);
  biascope_margin_free(&margin);
  biascope_dataset_free(wider);
  return status;
}

static biascope_status decide_pairs(data_info *info, biascope_error *error) {
  const size_t classes = biascope_dataset_classes(info->data);
  if (pairs_take_long(info)) return BIASCOPE_OK;
  info->pairs = calloc(classes * classes, sizeof *info->pairs);
  if (!info->pairs) return cli_fail(error, BIASCOPE_NO_MEMORY, "out of memory for the pairs of classes");
  return biascope_classes_decide(info->data, info->pairs, error);
}

/* In place of the decision on all classes together: two that are inseparable decide it. */
static biascope_status decide_by_pairs(data_info *info, biascope_error *error) {
  info->left_out = true;
  info->decision = info->with_intercept = BIASCOPE_NOT_CONVERGED;
  const biascope_status status = decide_pairs(info, error);
  const size_t classes = biascope_dataset_classes(info->data);
  for (size_t a = 0; info->pairs && a < classes; a++)
    for (size_t b = a + 1; b < classes; b++)
      if (are_inseparable(info, a, b)) info->decision = BIASCOPE_NOT_SEPARABLE;
  if (status == BIASCOPE_OK)
    cli_fail(error, info->decision, "left out, as it takes long for %zu classes; 'biascope solve --norm l2' decides it",
             classes);
  return status;
}

static biascope_status find_out(data_info *info, biascope_error *error) {
  const biascope_dataset *data = info->data;
  biascope_status status = biascope_dataset_describe(data, &info->facts, error);
  if (status != BIASCOPE_OK) return status;
  if (takes_long(info)) return decide_by_pairs(info, error);
  biascope_error ignored;
  info->decision = decide(data, &info->margin, error);
  if (!is_decision(info->decision)) return info->decision;
  info->with_intercept = decide_with_intercept(info, &ignored);
  if (!is_decision(info->with_intercept) && info->with_intercept != BIASCOPE_USAGE) {
    *error = ignored;
    return info->with_intercept;
  }
  if (info->decision != BIASCOPE_NOT_SEPARABLE) return BIASCOPE_OK;
  if (has_several_classes(info)) return decide_pairs(info, error);
  info->has_parts = biascope_parts_find(data, &info->parts, &info->no_parts) == BIASCOPE_OK;
  return BIASCOPE_OK;
}

static int describe(const biascope_dataset *data, bool json) {
  data_info info = {.data = data,
                    .samples = biascope_dataset_samples(data),
                    .features = biascope_dataset_features(data),
                    .nonzeros = biascope_dataset_nonzeros(data),
                    .sparse = biascope_dataset_is_sparse(data)};
  biascope_error error;
  const biascope_status status = find_out(&info, &error);
  int code = status == BIASCOPE_OK ? (int)info.decision : cli_report(status, &error);
  if (status == BIASCOPE_OK && !json)
    print_table(&info, &error);
  else if (status == BIASCOPE_OK && cli_print_json(info_json(&info)) != 0)
    code = BIASCOPE_BAD_INPUT;
  biascope_margin_free(&info.margin);
  free(info.pairs);
  if (info.has_parts) biascope_parts_free(&info.parts);
  return code;
}

int cli_info(int argc, char **argv) {
  cli_common common = {0};
  cli_parse(&ARGP, argc, argv, &common);
  common.read.several_classes = true;
  biascope_dataset *data;
  biascope_error error;
  const biascope_status status = cli_read_data(&common, &data, &error);
  if (status != BIASCOPE_OK) return cli_report(status, &error);
  const int code = describe(data, common.json);
  biascope_dataset_free(data);
  return code;
}
