/* The measures of weights. Each is a row of one table and has one name in JSON, traces, stores and plots. */
#include "biascope.h"

#include <string.h>

#define AT(member) .offset = offsetof(biascope_measurement, member)
/* NOLINTNEXTLINE(bugprone-macro-parentheses): strings are put together */
#define OF_NORM(what, norm, kind) .name = what "_" norm, .family = (what), .of = (norm), AT(kind)

static const biascope_measure TABLE[] = {
    {OF_NORM("cosine", "l2", cosine[0]), .title = "cosine, ℓ_2", .label = "cosine with the ℓ_2 max-margin direction",
     .recorded = true, .of_limit = true},
    {OF_NORM("cosine", "linf", cosine[1]), .title = "cosine, ℓ_∞", .label = "cosine with the ℓ_∞ max-margin direction",
     .recorded = true, .of_limit = true},
    {OF_NORM("cosine", "l1", cosine[2]), .title = "cosine, ℓ_1", .label = "cosine with the ℓ_1 max-margin direction",
     .recorded = true, .of_limit = true},
    {OF_NORM("cosine", "spectral", cosine[3]), .title = "cosine, spectral",
     .label = "cosine with the spectral max-margin direction", .recorded = true, .of_limit = true, .of_matrices = true},
    {OF_NORM("cosine", "nuclear", cosine[4]), .title = "cosine, nuclear",
     .label = "cosine with the nuclear max-margin direction", .recorded = true, .of_limit = true, .of_matrices = true},
    {OF_NORM("cosine", "predicted", cosine_predicted), .title = "cosine, predicted limit",
     .label = "cosine with the predicted limit", .recorded = true},
    {OF_NORM("ratio", "l2", ratio[0]), .title = "margin ratio, ℓ_2", .label = "fraction of the best ℓ_2 margin",
     .recorded = true, .of_limit = true},
    {OF_NORM("ratio", "linf", ratio[1]), .title = "margin ratio, ℓ_∞", .label = "fraction of the best ℓ_∞ margin",
     .recorded = true, .of_limit = true},
    {OF_NORM("ratio", "l1", ratio[2]), .title = "margin ratio, ℓ_1", .label = "fraction of the best ℓ_1 margin",
     .recorded = true, .of_limit = true},
    {OF_NORM("ratio", "spectral", ratio[3]), .title = "margin ratio, spectral",
     .label = "fraction of the best spectral margin", .recorded = true, .of_limit = true, .of_matrices = true},
    {OF_NORM("ratio", "nuclear", ratio[4]), .title = "margin ratio, nuclear",
     .label = "fraction of the best nuclear margin", .recorded = true, .of_limit = true, .of_matrices = true},
    {OF_NORM("margin", "l2", margin[0]), .title = "margin, ℓ_2", .label = "ℓ_2 margin"},
    {OF_NORM("margin", "linf", margin[1]), .title = "margin, ℓ_∞", .label = "ℓ_∞ margin"},
    {OF_NORM("margin", "l1", margin[2]), .title = "margin, ℓ_1", .label = "ℓ_1 margin"},
    {OF_NORM("margin", "spectral", margin[3]), .title = "margin, spectral", .label = "spectral margin",
     .of_matrices = true},
    {OF_NORM("margin", "nuclear", margin[4]), .title = "margin, nuclear", .label = "nuclear margin",
     .of_matrices = true},
    {.name = "accuracy",
     .family = "accuracy",
     .title = "accuracy",
     .label = "share of samples classified correctly",
     AT(accuracy)},
    {.name = "log_loss",
     .family = "log_loss",
     .title = "log loss",
     .label = "log loss",
     AT(log_loss),
     .recorded = true},
    {.name = "weight_norm",
     .family = "weight_norm",
     .title = "weight norm",
     .label = "weight norm ‖w‖_2",
     AT(weight_norm),
     .recorded = true},
    {.name = "spectral_norm",
     .family = "spectral_norm",
     .title = "spectral norm",
     .label = "largest singular value of W",
     AT(spectral_norm),
     .recorded = true,
     .of_matrices = true},
    {.name = "nuclear_norm",
     .family = "nuclear_norm",
     .title = "nuclear norm",
     .label = "sum of the singular values of W",
     AT(nuclear_norm),
     .recorded = true,
     .of_matrices = true},
    {.name = "effective_rank",
     .family = "effective_rank",
     .title = "effective rank",
     .label = "effective rank of W",
     AT(effective_rank),
     .recorded = true,
     .of_matrices = true},
    {.name = "test_accuracy",
     .family = "test_accuracy",
     .title = "test accuracy",
     .label = "share of test samples classified correctly",
     AT(test_accuracy),
     .recorded = true,
     .of_limit = true,
     .of_test = true},
};

size_t biascope_measure_count(void) {
  return sizeof TABLE / sizeof *TABLE;
}

const biascope_measure *biascope_measure_at(size_t index) {
  return &TABLE[index];
}

bool biascope_problem_has_measure(const biascope_problem *problem, const biascope_measure *measure) {
  const bool several_classes = biascope_dataset_outputs(biascope_problem_data(problem)) > 1;
  return (several_classes || !measure->of_matrices) && (biascope_problem_test(problem) || !measure->of_test);
}

double biascope_measure_of(const biascope_measure *measure, const biascope_measurement *measured) {
  double value;
  memcpy(&value, (const char *)measured + measure->offset, sizeof value);
  return value;
}
