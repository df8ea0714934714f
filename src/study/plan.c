#include "study/plan_internal.h"

#include "base/error.h"
#include "base/memory.h"
#include "rule/optimizer.h"
#include <stdlib.h>
#include <string.h>

enum { MOST_RUNS = 10000000 };

/* ---- Data sets ------------------------------------------------------------------------------------ */

/* Doubles the array if `count` items fill it. */
static bool grow(void **items, size_t count, size_t size) {
  if (count & (count - 1)) return true; /* full only at the powers of two */
  void *larger = realloc(*items, (count ? 2 * count : 1) * size);
  if (larger) *items = larger;
  return larger != NULL;
}

static biascope_status add_data(bs_plan *plan, const bs_plan_data *data, biascope_error *error) {
  if (!grow((void **)&plan->data, plan->data_count, sizeof *plan->data)) return bs_fail_memory(error, "the data sets");
  bs_plan_data *added = &plan->data[plan->data_count];
  *added = *data;
  biascope_dataset *content, *test;
  biascope_error reason;
  const biascope_status status = bs_plan_produce(added, &content, &test, &reason);
  if (status == BIASCOPE_NO_MEMORY) return bs_fail_memory(error, "a study's data");
  if (status != BIASCOPE_OK) return bs_fail_toml(plan->spec->path, data->source->where, error, "%s", reason.message);
  added->fingerprint = bs_dataset_fingerprint(content);
  added->samples = biascope_dataset_samples(content);
  added->features = biascope_dataset_features(content);
  if (test) {
    added->test_fingerprint = bs_dataset_fingerprint(test);
    added->test_samples = biascope_dataset_samples(test);
  }
  biascope_dataset_free(content);
  biascope_dataset_free(test);
  plan->data_count++;
  return BIASCOPE_OK;
}

/* ---- Expansion ------------------------------------------------------------------------------------ */

/* Advances the indices of axes of these sizes (0 counts as 1); false after the last combination. */
static bool next_combination(size_t axes, const size_t *sizes, size_t *at) {
  for (size_t a = axes; a-- > 0;) {
    if (++at[a] < sizes[a]) return true;
    at[a] = 0;
  }
  return false;
}

static biascope_status check_run(const bs_plan *plan, const bs_grid *grid, const size_t *at, const bs_plan_run *run,
                                 biascope_error *error) {
  const bs_plan_data *data = &plan->data[run->data];
  biascope_error reason;
  if (biascope_options_check(&run->options, data->samples, &reason) == BIASCOPE_OK) return BIASCOPE_OK;
  const bs_axis *sizes = grid->axes[BS_OPTION_BATCH_SIZE];
  const bs_toml *where = sizes ? sizes->values[at[BS_OPTION_BATCH_SIZE]].where : grid->where;
  return bs_fail_toml(plan->spec->path, where, error, "data '%s': %s", data->source->name, reason.message);
}

static biascope_status add_run(bs_plan *plan, const bs_grid *grid, const size_t *at, const uint64_t *seed,
                               biascope_error *error) {
  if (!grow((void **)&plan->runs, plan->run_count, sizeof *plan->runs)) return bs_fail_memory(error, "the runs");
  const bs_axis *optimizers = grid->axes[BS_OPTION_OPTIMIZER];
  bs_plan_run *run = &plan->runs[plan->run_count];
  *run = (bs_plan_run){.data = plan->data_count - 1};
  const bs_axis *torch = grid->axes[BS_OPTION_TORCH];
  run->options = bs_usual_options((biascope_optimizer)optimizers->values[at[BS_OPTION_OPTIMIZER]].number,
                                  torch && torch->values[at[BS_OPTION_TORCH]].number != 0.0);
  run->steps = (uint64_t)grid->axes[BS_GRID_STEPS]->values[at[BS_GRID_STEPS]].number;
  for (int a = BS_OPTION_OPTIMIZER + 1; a < BS_OPTIONS; a++) {
    const bs_option option = (bs_option)a;
    if (grid->axes[a] && bs_option_is_read(&run->options, option))
      bs_option_put(&run->options, option, bs_option_of_number(option, grid->axes[a]->values[at[a]].number));
  }
  if (run->options.total_steps == 0 && bs_option_is_read(&run->options, BS_OPTION_TOTAL_STEPS))
    run->options.total_steps = run->steps;
  if (seed) run->options.seed = *seed;
  const biascope_status status = check_run(plan, grid, at, run, error);
  if (status != BIASCOPE_OK) return status;
  plan->run_count++;
  return bs_plan_identify(plan, run, error);
}

/* All combinations of a grid on the data set added last; only with that seed if one is given. */
static biascope_status expand_grid(bs_plan *plan, const bs_grid *grid, const uint64_t *seed, biascope_error *error) {
  size_t sizes[BS_GRID_AXES], at[BS_GRID_AXES] = {0};
  for (int a = 0; a < BS_GRID_AXES; a++) sizes[a] = grid->axes[a] ? grid->axes[a]->count : 0;
  if (seed) sizes[BS_OPTION_SEED] = 0;
  do {
    const biascope_status status = add_run(plan, grid, at, seed, error);
    if (status != BIASCOPE_OK) return status;
  } while (next_combination(BS_GRID_AXES, sizes, at));
  return BIASCOPE_OK;
}

static bool has_seed(const bs_grid *grid, uint64_t seed) {
  const bs_axis *axis = grid->axes[BS_OPTION_SEED];
  if (!axis) return seed == 0;
  for (size_t i = 0; i < axis->count; i++) {
    if ((uint64_t)axis->values[i].number == seed) return true;
  }
  return false;
}

static int compare_seeds(const void *a, const void *b) {
  const uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
  return (left > right) - (left < right);
}

/* The seeds of all grids that use the source, in ascending order, each once. Freed with free(); NULL: out of memory. */
static uint64_t *collect_seeds(const bs_spec *spec, size_t source, size_t *count) {
  size_t most = 1;
  for (size_t g = 0; g < spec->grid_count; g++)
    most += spec->grids[g].axes[BS_OPTION_SEED] ? spec->grids[g].axes[BS_OPTION_SEED]->count : 1;
  uint64_t *seeds = BS_NEW(uint64_t, most);
  size_t used = 0;
  *count = 0;
  if (!seeds) return NULL;
  for (size_t g = 0; g < spec->grid_count; g++) {
    const bs_axis *axis = spec->grids[g].axes[BS_OPTION_SEED];
    if (!spec->grids[g].uses_source[source]) continue;
    if (!axis) seeds[used++] = 0;
    for (size_t i = 0; axis && i < axis->count; i++) seeds[used++] = (uint64_t)axis->values[i].number;
  }
  qsort(seeds, used, sizeof *seeds, compare_seeds);
  for (size_t i = 0; i < used; i++) {
    if (*count == 0 || seeds[*count - 1] != seeds[i]) seeds[(*count)++] = seeds[i];
  }
  return seeds;
}

/* Data generated from the seed of each run, or a file of which this seed chooses the part held out. */
static biascope_status expand_seeds(bs_plan *plan, size_t source, bs_plan_data *data, biascope_error *error) {
  const bs_spec *spec = plan->spec;
  size_t count;
  uint64_t *seeds = collect_seeds(spec, source, &count);
  if (!seeds) return bs_fail_memory(error, "the seeds");
  biascope_status status = BIASCOPE_OK;
  for (size_t i = 0; i < count && status == BIASCOPE_OK; i++) {
    data->generate.seed = seeds[i];
    status = add_data(plan, data, error);
    for (size_t g = 0; g < spec->grid_count && status == BIASCOPE_OK; g++) {
      if (spec->grids[g].uses_source[source] && has_seed(&spec->grids[g], seeds[i]))
        status = expand_grid(plan, &spec->grids[g], &seeds[i], error);
    }
  }
  free(seeds);
  return status;
}

static biascope_status expand_data(bs_plan *plan, size_t source, bs_plan_data *data, biascope_error *error) {
  const bs_spec *spec = plan->spec;
  const bool seeded = !data->source->path || data->test_fraction > 0.0;
  if (seeded && data->source->axes[BS_SOURCE_SEED].count == 0) return expand_seeds(plan, source, data, error);
  biascope_status status = add_data(plan, data, error);
  for (size_t g = 0; g < spec->grid_count && status == BIASCOPE_OK; g++) {
    if (spec->grids[g].uses_source[source]) status = expand_grid(plan, &spec->grids[g], NULL, error);
  }
  return status;
}

static double axis_number(const bs_source *source, bs_source_option option, const size_t *at, double otherwise) {
  const bs_axis *axis = &source->axes[option];
  return axis->count ? axis->values[at[option]].number : otherwise;
}

static biascope_status expand_source(bs_plan *plan, size_t index, biascope_error *error) {
  const bs_source *source = &plan->spec->sources[index];
  size_t sizes[BS_SOURCE_AXES], at[BS_SOURCE_AXES] = {0};
  for (int a = 0; a < BS_SOURCE_AXES; a++) sizes[a] = source->axes[a].count;
  do {
    bs_plan_data data = {.source = source, .test_fraction = axis_number(source, BS_SOURCE_TEST_FRACTION, at, 0.0)};
    data.generate = (biascope_generate_options){
        .samples = (size_t)axis_number(source, BS_SOURCE_SAMPLES, at, 0),
        .features = (size_t)axis_number(source, BS_SOURCE_FEATURES, at, 0),
        .nonzeros = (size_t)axis_number(source, BS_SOURCE_NONZEROS, at, 0),
        .margin = axis_number(source, BS_SOURCE_MARGIN, at, 0.3),
        .delta = axis_number(source, BS_SOURCE_DELTA, at, 0.1),
        .seed = (uint64_t)axis_number(source, BS_SOURCE_SEED, at, 0),
        .classes = (size_t)axis_number(source, BS_SOURCE_CLASSES, at, 0),
        .distance = axis_number(source, BS_SOURCE_DISTANCE, at, 4.0),
    };
    const biascope_status status = expand_data(plan, index, &data, error);
    if (status != BIASCOPE_OK) return status;
  } while (next_combination(BS_SOURCE_AXES, sizes, at));
  return BIASCOPE_OK;
}

/* ---- Equal runs ----------------------------------------------------------------------------------- */

/* Two indices of runs, by identity and then by position. */
static int compare_runs(const void *a, const void *b, void *runs) {
  const size_t left = *(const size_t *)a, right = *(const size_t *)b;
  const int order = strcmp(((bs_plan_run *)runs)[left].id.text, ((bs_plan_run *)runs)[right].id.text);
  return order ? order : (left > right) - (left < right);
}

/* Keeps the first of each set of equal runs, in order. */
static biascope_status merge_equal_runs(bs_plan *plan, biascope_error *error) {
  size_t *sorted = BS_NEW(size_t, plan->run_count);
  if (!sorted) return bs_fail_memory(error, "the runs");
  for (size_t i = 0; i < plan->run_count; i++) sorted[i] = i;
  qsort_r(sorted, plan->run_count, sizeof *sorted, compare_runs, plan->runs);
  for (size_t i = 1; i < plan->run_count; i++) {
    if (!strcmp(plan->runs[sorted[i]].id.text, plan->runs[sorted[i - 1]].id.text))
      plan->runs[sorted[i]].steps = 0; /* marks it */
  }
  free(sorted);
  size_t kept = 0;
  for (size_t i = 0; i < plan->run_count; i++) {
    if (plan->runs[i].steps > 0) plan->runs[kept++] = plan->runs[i];
  }
  plan->run_count = kept;
  return BIASCOPE_OK;
}

/* ---- The whole ------------------------------------------------------------------------------------ */

static double grid_combinations(const bs_grid *grid) {
  double count = 1.0;
  for (int a = 0; a < BS_GRID_AXES; a++) count *= grid->axes[a] ? (double)grid->axes[a]->count : 1.0;
  return count;
}

static double source_combinations(const bs_source *source) {
  double count = 1.0;
  for (int a = 0; a < BS_SOURCE_AXES; a++) count *= source->axes[a].count > 0 ? (double)source->axes[a].count : 1.0;
  return count;
}

/* Checked before any is made, so that an error in a range takes neither time nor memory. */
static biascope_status check_combinations(const bs_spec *spec, biascope_error *error) {
  double runs = 0.0;
  for (size_t g = 0; g < spec->grid_count; g++) {
    const bs_grid *grid = &spec->grids[g];
    for (size_t s = 0; s < spec->source_count; s++)
      if (grid->uses_source[s]) runs += grid_combinations(grid) * source_combinations(&spec->sources[s]);
    if (runs > MOST_RUNS)
      return bs_fail_toml(spec->path, grid->where, error, "more than %d runs; split the study", MOST_RUNS);
  }
  return BIASCOPE_OK;
}

biascope_status bs_plan_make(const bs_spec *spec, bs_plan *out, biascope_error *error) {
  *out = (bs_plan){.spec = spec};
  biascope_status status = check_combinations(spec, error);
  for (size_t s = 0; s < spec->source_count && status == BIASCOPE_OK; s++) status = expand_source(out, s, error);
  out->combinations = out->run_count;
  if (status == BIASCOPE_OK) status = merge_equal_runs(out, error);
  if (status != BIASCOPE_OK) bs_plan_free(out);
  return status;
}

void bs_plan_keep_shard(bs_plan *plan, size_t index, size_t count) {
  size_t kept = 0;
  for (size_t i = 0; i < plan->run_count; i++) {
    if (i % count == index % count) plan->runs[kept++] = plan->runs[i];
  }
  plan->run_count = kept;
}

static int compare_ids(const void *a, const void *b) {
  return strcmp(((const bs_fingerprint *)a)->text, ((const bs_fingerprint *)b)->text);
}

void bs_plan_drop(bs_plan *plan, const bs_fingerprint *finished, size_t count) {
  size_t kept = 0;
  for (size_t i = 0; i < plan->run_count; i++) {
    if (!bsearch(&plan->runs[i].id, finished, count, sizeof *finished, compare_ids)) plan->runs[kept++] = plan->runs[i];
  }
  plan->run_count = kept;
}

/* A step reads its batch, and the update costs about as much as a few samples more. A predicted run takes some
 * thousands of passes over the data, whatever its steps. */
double bs_plan_work(const bs_plan *plan, const bs_plan_run *run) {
  static const double PASSES = 5000.0;
  const bs_plan_data *data = &plan->data[run->data];
  if (plan->spec->predict == BS_PREDICT_RUN) return PASSES * (double)data->features * (double)data->samples;
  return (double)run->steps * (double)data->features * (double)(run->options.batch_size + 4);
}

void bs_plan_free(bs_plan *plan) {
  free(plan->data);
  free(plan->runs);
  *plan = (bs_plan){0};
}
