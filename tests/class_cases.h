/* Random data of several classes for the max-margin tests. */
#ifndef BIASCOPE_TESTS_CLASS_CASES_H
#define BIASCOPE_TESTS_CLASS_CASES_H

#include "base/memory.h"
#include "data/dataset.h"
#include "margin_cases.h"
#include <stdio.h>
#include <string.h>

/* Gives the data classes; class_of has an entry for each sample, and every class one at least. */
static inline biascope_dataset *classified(biascope_dataset *data, size_t classes, const uint32_t *class_of) {
  data->classes = classes;
  data->unfolded = true;
  data->class = BS_NEW(uint32_t, data->samples);
  data->class_name = BS_NEW(char *, classes);
  data->class_samples = BS_NEW(size_t, classes);
  assert_true(data->class && data->class_name && data->class_samples);
  for (size_t i = 0; i < data->samples; i++) {
    data->class[i] = class_of[i];
    data->class_samples[class_of[i]]++;
  }
  for (size_t j = 0; j < classes; j++) {
    char name[32];
    snprintf(name, sizeof name, "c%zu", j);
    assert_non_null(data->class_name[j] = bs_copy_text(name));
    assert_true(data->class_samples[j] > 0);
  }
  return data;
}

typedef struct {
  size_t classes, samples, features;
  double *x;
  uint32_t *class_of;
} class_case;

/* Standard normal samples labelled by a random teacher, those too near a boundary left out; the first of them are of
 * the classes 0, 1, ... in turn, so that none is empty. */
static inline class_case teacher_case(size_t classes, size_t samples, size_t features, double margin, uint64_t seed) {
  class_case out = {classes, samples, features, calloc(samples * features, sizeof(double)),
                    calloc(samples, sizeof(uint32_t))};
  double *teacher = calloc(classes * features, sizeof *teacher);
  assert_true(out.x && out.class_of && teacher);
  for (size_t at = 0; at < classes * features; at++) teacher[at] = bs_random_normal(seed, BS_STREAM_LABELS, at);
  for (size_t j = 0; j < classes; j++) {
    double length = 0.0;
    for (size_t k = 0; k < features; k++) length += teacher[j * features + k] * teacher[j * features + k];
    for (size_t k = 0; k < features; k++) teacher[j * features + k] /= sqrt(length);
  }
  for (size_t i = 0, drawn = 0; i < samples; drawn++) {
    double best = -INFINITY, second = -INFINITY, *x = out.x + i * features;
    size_t label = 0;
    for (size_t k = 0; k < features; k++)
      x[k] =
          i < classes ? 2.0 * teacher[i * features + k] : bs_random_normal(seed, BS_STREAM_DATA, drawn * features + k);
    for (size_t j = 0; j < classes; j++) {
      double score = 0.0;
      for (size_t k = 0; k < features; k++) score += teacher[j * features + k] * x[k];
      if (score > best) {
        second = best;
        best = score;
        label = j;
      } else if (score > second) {
        second = score;
      }
    }
    if (best - second < margin && i >= classes) continue;
    out.class_of[i++] = (uint32_t)label;
  }
  free(teacher);
  return out;
}

static inline void free_case(class_case *of) {
  free(of->x);
  free(of->class_of);
}

static inline biascope_dataset *data_of(const class_case *of) {
  return classified(dense(of->samples, of->features, of->x), of->classes, of->class_of);
}

/* The rows of (w_y - w_j).x, stored, as data of two classes. */
static inline biascope_dataset *rows_of(const class_case *of) {
  const size_t k = of->classes, d = of->features, width = k * d;
  double *rows = calloc(of->samples * (k - 1) * width, sizeof *rows), *row = rows;
  assert_non_null(rows);
  for (size_t i = 0; i < of->samples; i++) {
    for (size_t j = 0; j < k; j++) {
      if (j == of->class_of[i]) continue;
      for (size_t f = 0; f < d; f++) {
        row[of->class_of[i] * d + f] = of->x[i * d + f];
        row[j * d + f] = -of->x[i * d + f];
      }
      row += width;
    }
  }
  biascope_dataset *data = dense(of->samples * (k - 1), width, rows);
  free(rows);
  return data;
}

#endif
