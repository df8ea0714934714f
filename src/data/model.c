/* Writes a linear classifier: JSON with all that new data need, CSV with the names of the features, or NPY. */
#include "base/file.h"
#include "base/number.h"
#include "data/ending.h"
#include "data/formats.h"

#include <stdlib.h>
#include <string.h>

/* ---- JSON ----------------------------------------------------------------------------------- */

/* Bytes beyond ASCII are copied: names are taken to be UTF-8. */
static void write_text(FILE *stream, const char *text) {
  putc('"', stream);
  for (; *text; text++) {
    const unsigned char byte = (unsigned char)*text;
    if (byte == '"' || byte == '\\')
      fprintf(stream, "\\%c", byte);
    else if (byte < 0x20)
      fprintf(stream, "\\u%04x", byte);
    else
      putc(byte, stream);
  }
  putc('"', stream);
}

static void write_numbers(FILE *stream, const char *key, const double *values, size_t count) {
  fprintf(stream, "%s[", key);
  for (size_t k = 0; k < count; k++) fprintf(stream, "%s%s", k ? "," : "", bs_number_rounded(values[k], 17).text);
  putc(']', stream);
}

static void write_texts(FILE *stream, const char *key, const char *const *texts, size_t count) {
  if (!texts) return;
  fprintf(stream, ",\n\"%s\":[", key);
  for (size_t k = 0; k < count; k++) {
    if (k > 0) putc(',', stream);
    write_text(stream, texts[k]);
  }
  putc(']', stream);
}

static void write_json(const biascope_model *model, FILE *stream) {
  const size_t d = model->features - model->intercept;
  fputs("{\"direction\":", stream);
  for (size_t row = 0; row < model->outputs; row++)
    write_numbers(stream, row > 0 ? ",\n" : model->outputs > 1 ? "[" : "", model->weights + row * model->features, d);
  if (model->outputs > 1) putc(']', stream);
  if (model->intercept) {
    fputs(",\n\"intercept\":", stream);
    for (size_t row = 0; row < model->outputs; row++)
      write_numbers(stream,
                    row > 0              ? ","
                    : model->outputs > 1 ? "["
                                         : "",
                    model->weights + row * model->features + d, 1);
    if (model->outputs > 1) putc(']', stream);
  }
  write_texts(stream, "names", model->feature_name, d);
  write_texts(stream, "classes", model->class_name, model->classes);
  if (model->class_name && model->outputs == 1) write_texts(stream, "positive", model->class_name + model->positive, 1);
  if (model->scale) {
    write_numbers(stream, ",\n\"shift\":", model->shift, d);
    write_numbers(stream, ",\n\"scale\":", model->scale, d);
  }
  if (model->mean) write_numbers(stream, ",\n\"mean\":", model->mean, d);
  if (model->rows_scaled) fputs(",\n\"rows_scaled\":true", stream);
  fputs("}\n", stream);
}

/* ---- CSV and NPY ---------------------------------------------------------------------------- */

static void write_header(const biascope_model *model, FILE *stream) {
  for (size_t k = 0; model->feature_name && k < model->features; k++) {
    const char *name = model->feature_name[k];
    const bool quoted = strpbrk(name, ",\"# ;\t") != NULL;
    fputs(k ? "," : "", stream);
    if (quoted) putc('"', stream);
    for (; *name; name++) {
      if (*name == '"') putc('"', stream);
      putc(*name, stream);
    }
    if (quoted) putc('"', stream);
  }
  if (model->feature_name) putc('\n', stream);
}

static void write_rows(const biascope_model *model, FILE *stream) {
  write_header(model, stream);
  for (size_t at = 0; at < model->outputs * model->features; at++)
    fprintf(stream, "%s%s", bs_number_rounded(model->weights[at], 17).text, (at + 1) % model->features ? "," : "\n");
}

static void write_array(const biascope_model *model, FILE *stream) {
  const biascope_dataset rows = {
      .samples = model->outputs, .features = model->features, .dense = (double *)model->weights};
  bs_npy_write(&rows, stream);
}

static const struct {
  const char *ending;
  void (*write)(const biascope_model *model, FILE *stream);
} WRITERS[] = {{".json", write_json}, {".csv", write_rows}, {".npy", write_array}};

biascope_status biascope_model_write(const biascope_model *model, const char *path, biascope_error *error) {
  for (size_t i = 0; i < sizeof WRITERS / sizeof WRITERS[0]; i++) {
    if (!bs_ends_with(path, strlen(path), WRITERS[i].ending)) continue;
    biascope_output file;
    const biascope_status status = biascope_output_open(&file, path, error);
    if (status != BIASCOPE_OK) return status;
    WRITERS[i].write(model, file.stream);
    return biascope_output_commit(&file, error);
  }
  return bs_fail(error, BIASCOPE_BAD_INPUT, "%s: unknown file ending; expected .json, .csv or .npy", path);
}
