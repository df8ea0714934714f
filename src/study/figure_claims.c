/* Decides whether the measurements support the claims of the paper. */
#include "study/figure.h"

#include "base/file.h"
#include <math.h>

/* By how much the value misses the target; the claim holds at 0 and below. */
static double excess(const bs_claim *claim, double value) {
  switch (claim->relation) {
  case BS_AT_LEAST:
    return claim->target - value;
  case BS_AT_MOST:
    return value - claim->target;
  default:
    return fabs(value - claim->target) - claim->tolerance;
  }
}

double bs_figure_axis_value(bs_figure_axis axis, const biascope_options *training) {
  switch (axis) {
  case BS_AXIS_BATCH_SIZE:
    return (double)training->batch_size;
  case BS_AXIS_BETA1:
    return training->beta1;
  case BS_AXIS_BETA2:
    return training->beta2;
  case BS_AXIS_NOISE:
    return training->noise;
  default:
    return 0.0;
  }
}

static const char *const RELATIONS[] = {[BS_AT_LEAST] = "at least", [BS_AT_MOST] = "at most", [BS_NEAR] = "about"};

biascope_verdict bs_figure_judge(const bs_figure *figure, const bs_claim *claim, const bs_figure_points *points) {
  biascope_verdict verdict = {.figure = figure->name,
                              .claim = claim->text,
                              .relation = RELATIONS[claim->relation],
                              .target = claim->target,
                              .tolerance = claim->tolerance,
                              .value = NAN};
  double worst = -INFINITY;
  for (size_t i = 0; i < points->count; i++) {
    const bs_figure_point *point = &points->points[i];
    const double value = point->measure[claim->measure];
    if (point->predicted || !point->last || point->series < claim->first ||
        point->series >= claim->first + claim->count ||
        (claim->at > 0.0 && bs_figure_axis_value(figure->axis, &point->training) != claim->at))
      continue;
    if (isnan(value)) { /* not measured: not held */
      verdict.value = NAN;
      verdict.held = false;
      return verdict;
    }
    if (excess(claim, value) <= worst) continue;
    worst = excess(claim, value);
    verdict.value = value;
    verdict.held = worst <= 0;
  }
  return verdict;
}

biascope_status bs_figure_write_summary(const biascope_verdict *verdicts, size_t count, const char *path,
                                        biascope_error *error) {
  biascope_output file;
  const biascope_status status = biascope_output_open(&file, path, error);
  if (status != BIASCOPE_OK) return status;
  fputs("| figure | what the paper claims | expected | measured | verdict |\n| --- | --- | --- | --- | --- |\n",
        file.stream);
  for (size_t i = 0; i < count; i++) {
    fprintf(file.stream, "| %s | %s | %s %g | ", verdicts[i].figure, verdicts[i].claim, verdicts[i].relation,
            verdicts[i].target);
    if (isnan(verdicts[i].value))
      fputs("nothing | not measured |\n", file.stream);
    else
      fprintf(file.stream, "%.6f | %s |\n", verdicts[i].value, verdicts[i].held ? "held" : "did not hold");
  }
  return biascope_output_commit(&file, error);
}
