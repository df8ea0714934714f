/* A study's specification of any bytes: refused in words, or a study whose small data sets make a plan. */
#include "memory_file.h"
#include "study/plan.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check(bool holds) {
  if (!holds) abort();
}

/* Expanding a study generates its data and lists its runs: large ones are what was asked for, and no finding. */
static bool is_small(const bs_spec *spec) {
  double work = 1.0;
  for (size_t s = 0; s < spec->source_count; s++) {
    if (spec->sources[s].path) return false;
    for (int a = 0; a < BS_SOURCE_AXES; a++) {
      const bs_axis *axis = &spec->sources[s].axes[a];
      work *= axis->count > 0 ? (double)axis->count : 1.0;
      for (size_t i = 0; i < axis->count && a <= BS_SOURCE_FEATURES; i++) work *= axis->values[i].number;
    }
  }
  for (size_t g = 0; g < spec->grid_count; g++) {
    for (int a = 0; a < BS_GRID_AXES; a++)
      work *= spec->grids[g].axes[a] && spec->grids[g].axes[a]->count ? (double)spec->grids[g].axes[a]->count : 1.0;
  }
  return work < 1000.0;
}

static void check_plan(const bs_spec *spec) {
  biascope_error error = {.message = ""};
  bs_plan plan;
  const biascope_status status = bs_plan_make(spec, &plan, &error);
  if (status == BIASCOPE_OK) {
    check(plan.run_count > 0 && plan.run_count <= plan.combinations);
    char *description = bs_plan_describe(&plan, &plan.runs[plan.run_count - 1]);
    check(description && strlen(description) > 0);
    free(description);
  } else {
    check(error.status == status && strlen(error.message) > 0);
  }
  bs_plan_free(&plan);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  static int descriptor;
  char path[64];
  biascope_error error = {.message = ""};
  bs_spec spec;
  const biascope_status status = bs_spec_read(memory_file(&descriptor, bytes, size, path), &spec, &error);
  if (status == BIASCOPE_OK) {
    if (is_small(&spec)) check_plan(&spec);
  } else {
    check(error.status == status && strlen(error.message) > 0);
  }
  bs_spec_free(&spec);
  return 0;
}
