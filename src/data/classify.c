/* Applies a linear classifier to samples. */
#include "data/dataset.h"

#include "base/memory.h"
#include <stdlib.h>

/* The class with the largest x.w_j (the first of equals), and the lead of the sample's own class over the best
 * other. */
static size_t predict_class(const biascope_model *model, const biascope_dataset *data, size_t row, size_t own,
                            double *margin) {
  size_t best = 0;
  double largest = 0.0, other = 0.0, score_of_own = 0.0;
  bool any_other = false;
  for (size_t j = 0; j < model->outputs; j++) {
    const double score = bs_row_dot(data, row, model->weights + j * model->features);
    if (j == 0 || score > largest) {
      largest = score;
      best = j;
    }
    if (j == own) {
      score_of_own = score;
    } else if (!any_other || score > other) {
      other = score;
      any_other = true;
    }
  }
  *margin = score_of_own - other;
  return best;
}

double bs_margin_of_sample(const biascope_dataset *data, size_t sample, const double *w) {
  if (!data->unfolded) return bs_row_dot(data, sample, w);
  const biascope_model model = {.features = data->features, .outputs = data->classes, .weights = w};
  double margin;
  predict_class(&model, data, sample, data->class[sample], &margin);
  return margin;
}

static biascope_status check(const biascope_model *model, const biascope_dataset *data, biascope_error *error) {
  if (model->features != data->features)
    return bs_fail(error, BIASCOPE_BAD_INPUT, "%zu features; expected %zu, as the classifier has", data->features,
                   model->features);
  if (model->outputs > 1 && (!data->class || data->classes != model->classes || !data->unfolded))
    return bs_fail(error, BIASCOPE_BAD_INPUT, "a classifier of %zu classes needs data with labels of these classes",
                   model->classes);
  return BIASCOPE_OK;
}

/* One sample: its margin, and its place in the confusion table, [true][predicted]. */
static bool classify(const biascope_model *model, const biascope_dataset *data, size_t row, double *margin,
                     size_t place[2]) {
  const size_t own = data->class ? data->class[row] : 0;
  if (model->outputs > 1) {
    place[0] = own;
    place[1] = predict_class(model, data, row, own, margin);
    return place[0] == place[1];
  }
  *margin = bs_row_dot(data, row, model->weights);
  const bool correct = *margin > 0.0;
  place[0] = data->classes == 2 ? own : own == data->positive;
  place[1] = correct ? place[0] : 1 - place[0];
  return correct;
}

biascope_status biascope_model_apply(const biascope_model *model, const biascope_dataset *data,
                                     biascope_application *out, biascope_error *error) {
  const size_t classes = !data->class ? 0 : model->outputs > 1 ? data->classes : 2;
  *out = (biascope_application){.samples = data->samples, .classes = classes};
  const biascope_status status = check(model, data, error);
  if (status != BIASCOPE_OK) return status;
  out->margins = BS_NEW(double, data->samples);
  out->confusion = BS_NEW(size_t, classes * classes);
  if (!out->margins || !out->confusion) {
    biascope_application_free(out);
    return bs_fail_memory(error, "the samples' margins");
  }
  size_t correct = 0;
  for (size_t i = 0; i < data->samples; i++) {
    size_t place[2];
    correct += classify(model, data, i, &out->margins[i], place);
    if (classes > 0) out->confusion[place[0] * classes + place[1]]++;
  }
  out->accuracy = (double)correct / (double)data->samples;
  return BIASCOPE_OK;
}

void biascope_application_free(biascope_application *application) {
  free(application->margins);
  free(application->confusion);
  *application = (biascope_application){0};
}
