/* Runs and draws the paper's figures, decides the claims, and writes a summary of all verdicts. */
#include "base/file.h"
#include "base/memory.h"
#include "biascope_study.h"
#include "study/figure.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *biascope_figure_name(size_t index) {
  return index < BS_FIGURE_COUNT ? BS_FIGURES[index].name : NULL;
}

static bool is_selected(const char *name, const bs_figure *figure) {
  return !name || !strcmp(name, figure->name);
}

/* Runs and draws one figure and decides its claims; the verdicts are appended to the list. */
static biascope_status reproduce_figure(const bs_figure *figure, const bs_figure_options *options,
                                        const char *directory, biascope_verdict *verdicts, size_t *count,
                                        biascope_error *error) {
  bs_figure_points points;
  biascope_status status = bs_figure_run(figure, options, &points, error);
  if (status == BIASCOPE_OK) status = bs_figure_draw(figure, &points, directory, error);
  for (size_t i = 0; status == BIASCOPE_OK && i < figure->claim_count; i++)
    verdicts[(*count)++] = bs_figure_judge(figure, &figure->claims[i], &points);
  bs_figure_points_free(&points);
  return status;
}

static biascope_status write_summary(const char *directory, const biascope_verdict *verdicts, size_t count,
                                     biascope_error *error) {
  char path[4096];
  if (snprintf(path, sizeof path, "%s/summary.md", directory) >= (int)sizeof path)
    return bs_fail(error, BIASCOPE_BAD_INPUT, "%s: the name is too long", directory);
  return bs_figure_write_summary(verdicts, count, path, error);
}

biascope_status biascope_reproduce(const char *name, const biascope_reproduce_options *options, biascope_verdict **out,
                                   size_t *count, biascope_error *error) {
  const bs_figure_options runs = {.gaussian_path = options->gaussian_path,
                                  .real_path = options->real_path,
                                  .digits_path = options->digits_path,
                                  .seed = options->seed,
                                  .threads = options->threads,
                                  .monitor = options->monitor};
  size_t claims = 0, figures = 0;
  for (size_t i = 0; i < BS_FIGURE_COUNT; i++) {
    if (!is_selected(name, &BS_FIGURES[i])) continue;
    figures++;
    claims += BS_FIGURES[i].claim_count;
  }
  *count = 0;
  *out = NULL;
  if (figures == 0) return bs_fail(error, BIASCOPE_USAGE, "there is no figure '%s'", name);
  *out = BS_NEW(biascope_verdict, claims);
  biascope_status status = *out ? BIASCOPE_OK : bs_fail_memory(error, "the verdicts");
  if (status == BIASCOPE_OK) status = bs_figure_check_gnuplot(error);
  if (status == BIASCOPE_OK) status = bs_make_directory(options->directory, error);
  for (size_t i = 0; status == BIASCOPE_OK && i < BS_FIGURE_COUNT; i++) {
    if (is_selected(name, &BS_FIGURES[i]))
      status = reproduce_figure(&BS_FIGURES[i], &runs, options->directory, *out, count, error);
  }
  if (status == BIASCOPE_OK) status = write_summary(options->directory, *out, *count, error);
  if (status == BIASCOPE_OK) return status;
  biascope_verdicts_free(*out);
  *out = NULL;
  return status;
}

void biascope_verdicts_free(biascope_verdict *verdicts) {
  free(verdicts);
}
