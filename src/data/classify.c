/* Applies a linear classifier to samples. */
#include "data/dataset.h"

#include "base/memory.h"
#include <math.h>
#include <stdlib.h>

/* ---- One sample ----------------------------------------------------------------------------- */

/* The class other than `except` with the largest x.w_j, the first of equals; a score that is not finite is NaN. */
static size_t best_class(const biascope_model *model, const biascope_dataset *data, size_t row, size_t except,
                         double *score) {
  size_t best = except;
  for (size_t j = 0; j < model->outputs; j++) {
    if (j == except) continue;
    const double own = bs_row_dot(data, row, model->weights + j * model->features);
    if (!isfinite(own)) {
      *score = NAN;
      return j;
    }
    if (best != except && !(own > *score)) continue;
    best = j;
    *score = own;
  }
  return best;
}

/* The lead of the sample's class over the best other one, which is returned. */
static size_t best_other(const biascope_model *model, const biascope_dataset *data, size_t row, size_t class,
                         double *margin) {
  double score = 0.0;
  const size_t other = best_class(model, data, row, class, &score);
  *margin = bs_row_dot(data, row, model->weights + class * model->features) - score;
  return other;
}

double bs_margin_of_sample(const biascope_dataset *data, size_t sample, const double *w) {
  if (!data->unfolded) return bs_row_dot(data, sample, w);
  const biascope_model model = {.features = data->features, .outputs = data->classes, .weights = w};
  double margin;
  best_other(&model, data, sample, data->class[sample], &margin);
  return margin;
}

double biascope_accuracy(const biascope_dataset *data, const double *weights) {
  size_t correct = 0;
  for (size_t i = 0; i < data->samples; i++) correct += bs_margin_of_sample(data, i, weights) > 0.0;
  return (double)correct / (double)data->samples;
}

/* ---- All samples ---------------------------------------------------------------------------- */

static biascope_status check(const biascope_model *model, const biascope_dataset *data, biascope_error *error) {
  if (model->features != data->features)
    return bs_fail(error, BIASCOPE_BAD_INPUT, "%zu features; expected %zu, as the classifier has", data->features,
                   model->features);
  if (model->outputs > 1 && data->class && (data->classes != model->classes || !data->unfolded))
    return bs_fail(error, BIASCOPE_BAD_INPUT, "a classifier of %zu classes needs data with labels of these classes",
                   model->classes);
  return BIASCOPE_OK;
}

/* The margin of a sample, its own class, and the class that it is given; where one of more classes is told from the
 * others, 1 is this class and 0 any other. A sample without a label counts as one of the class that it is given. */
static void classify(const biascope_model *model, const biascope_dataset *data, size_t row, double *margin,
                     size_t place[2]) {
  if (model->outputs > 1) {
    double largest = 0.0;
    place[0] = data->class ? data->class[row] : best_class(model, data, row, model->outputs, &largest);
    place[1] = best_other(model, data, row, place[0], margin);
    if (*margin > 0.0 || !data->class) place[1] = place[0];
    return;
  }
  *margin = bs_row_dot(data, row, model->weights);
  const bool binary = (data->class ? data->classes : model->classes) == 2;
  const size_t positive = binary ? model->positive : 1;
  if (!data->class)
    place[0] = place[1] = *margin > 0.0 ? positive : 1 - positive;
  else {
    place[0] = binary ? data->class[row] : data->class[row] == data->positive;
    place[1] = *margin > 0.0 ? place[0] : 1 - place[0];
  }
}

/* The name of a class that a sample is given; NULL for one of several that are not the positive one. */
static const char *name_of(const biascope_model *model, const biascope_dataset *data, size_t place) {
  const char *const *names = model->class_name ? model->class_name : (const char *const *)data->class_name;
  const size_t classes = model->class_name ? model->classes : data->classes;
  const size_t positive = model->class_name ? model->positive : data->positive;
  if (model->outputs > 1 || classes == 2) return names[place];
  return place == 1 && positive < classes ? names[positive] : NULL;
}

static biascope_status allocate(const biascope_model *model, const biascope_dataset *data, biascope_application *out,
                                biascope_error *error) {
  const bool named = model->class_name || data->class_name;
  out->margins = BS_NEW(double, data->samples);
  out->confusion = BS_NEW(size_t, out->classes * out->classes);
  if (named) out->label = BS_NEW(const char *, data->samples);
  if (out->margins && out->confusion && (out->label || !named)) return BIASCOPE_OK;
  biascope_application_free(out);
  return bs_fail_memory(error, "the samples' margins");
}

biascope_status biascope_model_apply(const biascope_model *model, const biascope_dataset *data,
                                     biascope_application *out, biascope_error *error) {
  const size_t classes = !data->class ? 0 : model->outputs > 1 ? data->classes : 2;
  *out = (biascope_application){.samples = data->samples, .classes = classes};
  biascope_status status = check(model, data, error);
  if (status == BIASCOPE_OK) status = allocate(model, data, out, error);
  size_t correct = 0;
  for (size_t i = 0; status == BIASCOPE_OK && i < data->samples; i++) {
    size_t place[2];
    classify(model, data, i, &out->margins[i], place);
    if (!isfinite(out->margins[i])) {
      biascope_application_free(out);
      return bs_fail(error, BIASCOPE_BAD_INPUT,
                     "the margin of sample %zu leaves the range of numbers; expected smaller weights or features", i);
    }
    correct += out->margins[i] > 0.0;
    if (out->label) out->label[i] = name_of(model, data, place[1]);
    if (classes > 0) out->confusion[place[0] * classes + place[1]]++;
  }
  const bool unlabelled = !data->class && (model->class_name || model->outputs > 1);
  out->accuracy = unlabelled ? NAN : (double)correct / (double)data->samples;
  return status;
}

void biascope_application_free(biascope_application *application) {
  free(application->margins);
  free(application->label);
  free(application->confusion);
  *application = (biascope_application){0};
}
