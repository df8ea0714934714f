#include "cli/cli.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  cli_common common;
  const char *direction, *out;
} apply_flags;

enum { OUT = 5600 };

static const struct argp_child CHILDREN[] = {{&cli_data_argp, 0, 0, 0}, {&cli_common_argp, 0, 0, 0}, {0}};

static const struct argp_option OPTIONS[] = {
    {"out", OUT, "FILE", 0, "Write the class that each sample is given, and its margin, as CSV", 1},
    {0},
};

static error_t parse(int key, char *text, struct argp_state *state) {
  apply_flags *flags = state->input;
  if (key == ARGP_KEY_INIT) {
    state->child_inputs[0] = state->child_inputs[1] = &flags->common;
    return 0;
  }
  if (key == OUT) {
    flags->out = text;
    return 0;
  }
  if (key != ARGP_KEY_ARG || flags->direction) return ARGP_ERR_UNKNOWN; /* the second argument is DATA */
  flags->direction = text;
  return 0;
}

static const struct argp ARGP = {
    .options = OPTIONS,
    .parser = parse,
    .children = CHILDREN,
    .args_doc = "DIRECTION DATA",
    .doc = "Classify new data by a direction that solve, train or predict wrote with --out."
           "\vA .json file carries the features' names, classes, scale and intercept of the data it was found for; new "
           "data are treated alike, their columns found by name. A .csv or .npy file has the weights alone. New data "
           "need no labels; without them there is no accuracy."};

/* ---- Reading a direction -------------------------------------------------------------------- */

/* The memory that the arrays of a model point to. */
typedef struct {
  biascope_model model;
  double *weights, *shift, *scale, *mean;
  const char **feature_name, **class_name; /* points into `file` */
  json_t *file;
  biascope_dataset *rows; /* from a .csv or .npy file */
} direction;

static void free_direction(direction *d) {
  free(d->weights);
  free(d->shift);
  free(d->scale);
  free(d->mean);
  free(d->feature_name);
  free(d->class_name);
  json_decref(d->file);
  biascope_dataset_free(d->rows);
}

static biascope_status fail(const char *path, const char *what, biascope_error *error) {
  snprintf(error->message, sizeof error->message, "%s: %s; expected what --out wrote as .json", path, what);
  return error->status = BIASCOPE_BAD_INPUT;
}

static biascope_status fail_memory(biascope_error *error) {
  snprintf(error->message, sizeof error->message, "out of memory while allocating a direction");
  return error->status = BIASCOPE_NO_MEMORY;
}

/* `count` numbers; false if the array has another length. */
static bool take_numbers(const json_t *array, double *to, size_t count) {
  if (!json_is_array(array) || json_array_size(array) != count) return false;
  for (size_t k = 0; k < count; k++) {
    if (!json_is_number(json_array_get(array, k))) return false;
    to[k] = json_number_value(json_array_get(array, k));
  }
  return true;
}

/* Texts that belong to the JSON; *texts is NULL if there are none. */
static bool take_texts(const json_t *array, size_t count, const char ***texts) {
  if (!array) return true;
  if (!json_is_array(array) || json_array_size(array) != count) return false;
  *texts = calloc(count + 1, sizeof **texts);
  for (size_t k = 0; *texts && k < count; k++) {
    (*texts)[k] = json_string_value(json_array_get(array, k));
    if (!(*texts)[k]) return false;
  }
  return *texts != NULL;
}

/* The weights: d for two classes, else a list of d for each class; then the intercepts. */
static bool take_weights(direction *d, const json_t *rows, const json_t *intercept) {
  const bool several = json_is_array(json_array_get(rows, 0));
  biascope_model *model = &d->model;
  const size_t outputs = several ? json_array_size(rows) : 1;
  const size_t own = json_array_size(several ? json_array_get(rows, 0) : rows);
  model->outputs = outputs;
  model->intercept = intercept != NULL;
  model->features = own + model->intercept;
  if (own == 0 || (several && outputs < 2)) return false;
  d->weights = calloc(outputs * model->features, sizeof *d->weights);
  for (size_t row = 0; d->weights && row < outputs; row++) {
    double *to = d->weights + row * model->features;
    const json_t *constant = several ? json_array_get(intercept, row) : intercept;
    if (!take_numbers(several ? json_array_get(rows, row) : rows, to, own)) return false;
    if (intercept && !take_numbers(constant, to + own, 1)) return false;
  }
  model->weights = d->weights;
  return d->weights != NULL;
}

static bool take_scale(direction *d, const json_t *shift, const json_t *scale) {
  if (!shift && !scale) return true;
  const size_t own = d->model.features - d->model.intercept;
  d->shift = calloc(own + 1, sizeof *d->shift);
  d->scale = calloc(own + 1, sizeof *d->scale);
  if (!d->shift || !d->scale || !take_numbers(shift, d->shift, own) || !take_numbers(scale, d->scale, own))
    return false;
  for (size_t k = 0; k < own; k++)
    if (d->scale[k] == 0.0) return false;
  d->model.shift = d->shift;
  d->model.scale = d->scale;
  return true;
}

static bool take_means(direction *d, const json_t *mean) {
  const size_t own = d->model.features - d->model.intercept;
  if (!mean) return true;
  d->mean = calloc(own + 1, sizeof *d->mean);
  d->model.mean = d->mean;
  return d->mean && take_numbers(mean, d->mean, own);
}

static bool take_classes(direction *d) {
  biascope_model *model = &d->model;
  const json_t *classes = json_object_get(d->file, "classes");
  model->classes = json_array_size(classes);
  if (!take_texts(classes, model->classes, &d->class_name)) return false;
  model->class_name = d->class_name;
  if (model->outputs > 1) return model->classes == model->outputs;
  const char *positive = json_string_value(json_array_get(json_object_get(d->file, "positive"), 0));
  if (!d->class_name) return true;
  while (model->positive < model->classes && positive && strcmp(d->class_name[model->positive], positive) != 0)
    model->positive++;
  return positive && model->positive < model->classes;
}

static biascope_status read_json(const char *path, direction *d, biascope_error *error) {
  json_error_t where;
  FILE *file = fopen(path, "rbe");
  if (!file) return cli_fail(error, BIASCOPE_BAD_INPUT, "%s: cannot be read: %s", path, strerror(errno));
  d->file = json_loadf(file, 0, &where);
  fclose(file);
  if (!d->file) {
    snprintf(error->message, sizeof error->message, "%s:%d:%d: %s", path, where.line, where.column, where.text);
    return error->status = BIASCOPE_BAD_INPUT;
  }
  const json_t *names = json_object_get(d->file, "names");
  if (!take_weights(d, json_object_get(d->file, "direction"), json_object_get(d->file, "intercept")))
    return fail(path, "\"direction\" or \"intercept\" are no numbers", error);
  if (!take_texts(names, d->model.features - d->model.intercept, &d->feature_name))
    return fail(path, "\"names\" are not those of the features", error);
  if (!take_classes(d)) return fail(path, "\"classes\" and \"positive\" are not names of classes", error);
  if (!take_scale(d, json_object_get(d->file, "shift"), json_object_get(d->file, "scale")))
    return fail(path, "\"shift\" and \"scale\" are not numbers that can scale the features", error);
  if (!take_means(d, json_object_get(d->file, "mean")))
    return fail(path, "\"mean\" is not a number for each feature", error);
  d->model.feature_name = d->feature_name;
  d->model.rows_scaled = json_is_true(json_object_get(d->file, "rows_scaled"));
  return BIASCOPE_OK;
}

/* A row of weights, with names if the file is text with a header. */
static biascope_status read_row(const char *path, direction *d, biascope_error *error) {
  const biascope_status status = biascope_dataset_read(path, NULL, &d->rows, error);
  if (status != BIASCOPE_OK) return status;
  if (biascope_dataset_samples(d->rows) != 1 || biascope_dataset_is_sparse(d->rows))
    return fail(path, "more than one row of weights", error);
  const size_t features = biascope_dataset_features(d->rows);
  d->weights = calloc(features, sizeof *d->weights);
  if (!d->weights) return fail_memory(error);
  biascope_dataset_row(d->rows, 0, d->weights);
  d->model = biascope_dataset_model(d->rows, 1, d->weights);
  return BIASCOPE_OK;
}

static biascope_status read_direction(const char *path, direction *d, biascope_error *error) {
  const size_t length = strlen(path);
  return length > 5 && !strcmp(path + length - 5, ".json") ? read_json(path, d, error) : read_row(path, d, error);
}

/* ---- What is printed ------------------------------------------------------------------------ */

static json_t *application_json(const biascope_application *application, const biascope_dataset *data) {
  json_t *confusion = application->classes > 0 ? json_array() : json_null();
  for (size_t i = 0; i < application->classes; i++) {
    json_t *row = json_array();
    for (size_t j = 0; j < application->classes; j++)
      json_array_append_new(row, json_integer((json_int_t)application->confusion[i * application->classes + j]));
    json_array_append_new(confusion, row);
  }
  json_t *labels = application->label ? json_array() : json_null();
  for (size_t i = 0; application->label && i < application->samples; i++)
    json_array_append_new(labels, application->label[i] ? cli_json_text(application->label[i]) : json_null());
  json_t *object =
      json_pack("{s:o, s:o, s:o, s:o}", "accuracy", cli_json_number(application->accuracy), "margins",
                cli_json_array(application->samples, application->margins), "confusion", confusion, "labels", labels);
  cli_json_classes(object, data);
  cli_json_notes(object, data);
  return object;
}

static void print_table(const biascope_application *application, const biascope_dataset *data) {
  double least = INFINITY;
  for (size_t i = 0; i < application->samples; i++)
    if (application->margins[i] < least) least = application->margins[i];
  if (isnan(application->accuracy))
    printf("samples    %zu, without labels to compare with; --out FILE or --json lists the classes they are given\n",
           application->samples);
  else
    printf("accuracy   %.4g %% of %zu samples\n", 100.0 * application->accuracy, application->samples);
  printf("margin     %.6g, the least\n", least);
  const bool named = application->classes == biascope_dataset_classes(data);
  for (size_t i = 0; i < application->classes; i++) {
    const char *name = named ? biascope_dataset_class_name(data, i) : i ? "positive" : "others";
    printf("%s %-20s", i ? "          " : "confusion ", name);
    for (size_t j = 0; j < application->classes; j++)
      printf(" %8zu", application->confusion[i * application->classes + j]);
    putchar('\n');
  }
}

/* A name as a field of CSV. */
static void write_name(const char *name, FILE *stream) {
  const bool quoted = strpbrk(name, ",\"\r\n") != NULL;
  if (quoted) putc('"', stream);
  for (; *name; name++) {
    if (*name == '"') putc('"', stream);
    putc(*name, stream);
  }
  if (quoted) putc('"', stream);
}

static biascope_status write_labels(const char *path, const biascope_application *application, biascope_error *error) {
  if (!path) return BIASCOPE_OK;
  biascope_output file;
  const biascope_status status = biascope_output_open(&file, path, error);
  if (status != BIASCOPE_OK) return status;
  fputs(application->label ? "label,margin\n" : "margin\n", file.stream);
  for (size_t i = 0; i < application->samples; i++) {
    if (application->label && application->label[i]) write_name(application->label[i], file.stream);
    fprintf(file.stream, "%s%.17g\n", application->label ? "," : "", application->margins[i]);
  }
  return biascope_output_commit(&file, error);
}

static biascope_status keep_files_apart(const apply_flags *flags, biascope_error *error) {
  cli_files files = {0};
  cli_reads(&files, "DIRECTION", flags->direction);
  cli_reads_data(&files, &flags->common);
  cli_writes(&files, "--out", flags->out);
  return cli_keep_apart(&files, error);
}

static int apply(const apply_flags *flags, direction *d) {
  biascope_error error;
  biascope_dataset *data = NULL;
  biascope_application application = {0};
  biascope_status status = keep_files_apart(flags, &error);
  if (status == BIASCOPE_OK) status = read_direction(flags->direction, d, &error);
  biascope_read_options read = flags->common.read;
  read.several_classes = d->model.outputs > 1;
  read.like = &d->model;
  if (status == BIASCOPE_OK) status = biascope_dataset_read(flags->common.data_path, &read, &data, &error);
  if (status == BIASCOPE_OK) status = biascope_model_apply(&d->model, data, &application, &error);
  if (status == BIASCOPE_OK) status = write_labels(flags->out, &application, &error);
  int code = cli_report(status, &error);
  if (code == 0 && flags->common.json)
    code = cli_print_json(application_json(&application, data));
  else if (code == 0)
    print_table(&application, data);
  biascope_application_free(&application);
  biascope_dataset_free(data);
  return code;
}

int cli_apply(int argc, char **argv) {
  apply_flags flags = {0};
  cli_parse(&ARGP, argc, argv, &flags);
  direction d = {0};
  const int code = apply(&flags, &d);
  free_direction(&d);
  return code;
}
