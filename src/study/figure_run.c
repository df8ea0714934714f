/* Runs the curves of a figure on threads and measures them against the references of their data. */
#include "study/figure.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/team.h"
#include "base/vector.h"
#include "study/trajectory.h"
#include "train/record.h"
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { TRACE_PER_DECADE = 25, SPECTRAL = 3, NUCLEAR = 4 /* references */ };

/* A data set with its references. */
typedef struct {
  biascope_dataset *data, *held_out; /* held_out: NULL unless the kind of data has such samples */
  biascope_problem *solved;
  biascope_prediction proxy;
} reference;

/* One run: its points are points[first .. first + used - 1]. */
typedef struct {
  size_t series, first, used;
  biascope_options training;
} job;

typedef struct {
  const bs_figure *figure;
  const bs_figure_options *options;
  double start; /* on the monotonic clock */
  reference references[BS_FIGURE_DATASETS];
  job *jobs;
  size_t job_count, point_count;
  bs_figure_point *points;
  pthread_mutex_t lock; /* guards the rest */
  size_t done;
  biascope_status status;
  biascope_error error; /* of the first job that failed */
} runner;

/* The paper's generalised Rademacher example: |x_i[k]| is the same for all k. */
static const double RADEMACHER[4][4] = {{1, 1, 1, 1}, {2, 2, 2, -2}, {3, 3, -3, -3}, {4, -4, 4, -4}};

static const biascope_generate_options THREE_CLASSES = {.samples = 40, .features = 10, .classes = 3, .margin = 0.5};

/* A fifth of the digits is held out, in the scale of the others. */
static biascope_status load_digits(const char *path, reference *r, biascope_error *error) {
  biascope_read_options how = {
      .label_column = "-1", .several_classes = true, .scaling = BIASCOPE_SCALE_MAX, .held_out = 0.2};
  biascope_status status = biascope_dataset_read(path, &how, &r->data, error);
  if (status != BIASCOPE_OK) return status;
  const biascope_model model = biascope_dataset_model(r->data, biascope_dataset_outputs(r->data), NULL);
  how.held_out_part = true;
  how.scaling = BIASCOPE_UNSCALED;
  how.like = &model;
  return biascope_dataset_read(path, &how, &r->held_out, error);
}

static biascope_status load(bs_figure_data kind, const bs_figure_options *options, biascope_dataset **out,
                            biascope_error *error) {
  switch (kind) {
  case BS_FIGURE_RADEMACHER:
    return biascope_dataset_from_dense(4, 4, &RADEMACHER[0][0], out, error);
  case BS_FIGURE_REAL:
    return biascope_dataset_read(options->real_path, NULL, out, error);
  case BS_FIGURE_CLASSES:
    return biascope_dataset_generate(BIASCOPE_TEACHER, &THREE_CLASSES, out, error);
  default:
    return biascope_dataset_read(options->gaussian_path, NULL, out, error);
  }
}

static void reference_free(reference *r) {
  biascope_problem_free(r->solved);
  biascope_prediction_free(&r->proxy);
  biascope_dataset_free(r->held_out);
  biascope_dataset_free(r->data);
}

static biascope_status reference_solve(bs_figure_data kind, const bs_figure_options *options, reference *r,
                                       biascope_error *error) {
  const bool digits = kind == BS_FIGURE_DIGITS; /* too many for AdamProxy's limit to be found beside a figure */
  biascope_status status = digits ? load_digits(options->digits_path, r, error) : load(kind, options, &r->data, error);
  if (status == BIASCOPE_OK) status = bs_reference_create(r->data, r->held_out, &r->solved, error);
  if (status == BIASCOPE_OK && !digits) status = biascope_adamproxy_fixed_point(r->data, &r->proxy, NULL, error);
  return status;
}

/* Measures w as the figure asks. */
static void put_measures(const reference *r, const biascope_measurement *measured, const double *w, double *out) {
  out[BS_COSINE_L2] = measured->cosine[BIASCOPE_L2];
  out[BS_COSINE_LINF] = measured->cosine[BIASCOPE_LINF];
  out[BS_COSINE_PROXY] =
      r->proxy.direction ? bs_cosine(r->proxy.outputs * r->proxy.features, r->proxy.direction, w) : NAN;
  out[BS_COSINE_PREDICTED] = measured->cosine_predicted;
  out[BS_FRACTION_LINF] = measured->ratio[BIASCOPE_LINF];
  out[BS_COSINE_SPECTRAL] = measured->cosine[SPECTRAL];
  out[BS_FRACTION_SPECTRAL] = measured->ratio[SPECTRAL];
  out[BS_FRACTION_L2] = measured->ratio[BIASCOPE_L2];
  out[BS_FRACTION_L1] = measured->ratio[BIASCOPE_L1];
  out[BS_FRACTION_NUCLEAR] = measured->ratio[NUCLEAR];
  out[BS_ACCURACY] = measured->test_accuracy;
}

/* The points of a trace; if the step is not the axis, only the end of the run. */
static unsigned records_per_decade(const bs_figure *figure) {
  if (figure->axis != BS_AXIS_STEP) return 0;
  return figure->per_decade ? (unsigned)figure->per_decade : TRACE_PER_DECADE;
}

static bs_figure_point *new_point(runner *run, job *j, uint64_t step, bool predicted) {
  bs_figure_point *point = &run->points[j->first + j->used++];
  *point = (bs_figure_point){.series = j->series, .training = j->training, .step = step, .predicted = predicted};
  return point;
}

/* The predicted limit: a line across the steps of a trace, else a point. Nothing if there is no prediction. */
static biascope_status add_prediction(runner *run, job *j, const reference *r, const biascope_prediction *prediction,
                                      biascope_error *error) {
  const uint64_t steps = run->figure->series[j->series].steps;
  biascope_measurement measured;
  const biascope_status status =
      biascope_problem_measure(r->solved, BIASCOPE_ALL_NORMS, prediction, prediction->direction, &measured, error);
  if (status != BIASCOPE_OK) return status;
  bs_figure_point *point = new_point(run, j, run->figure->axis == BS_AXIS_STEP ? 1 : steps, true);
  put_measures(r, &measured, prediction->direction, point->measure);
  if (run->figure->axis == BS_AXIS_STEP) {
    bs_figure_point *end = new_point(run, j, steps, true);
    memcpy(end->measure, point->measure, sizeof end->measure);
    point = end;
  }
  point->last = true;
  return status;
}

typedef struct {
  runner *run;
  job *job;
  const reference *reference;
} recording;

static void add_point(void *state, const biascope_trainer *trainer, const biascope_measurement *measured) {
  const recording *to = state;
  const uint64_t step = biascope_trainer_step(trainer);
  bs_figure_point *point = new_point(to->run, to->job, step, false);
  point->last = step == to->run->figure->series[to->job->series].steps;
  put_measures(to->reference, measured, biascope_trainer_weights(trainer), point->measure);
}

static biascope_status simulate(runner *run, job *j, const reference *r, const biascope_prediction *prediction,
                                biascope_error *error) {
  biascope_trainer *trainer;
  biascope_status status = biascope_trainer_create(r->data, &j->training, &trainer, error);
  if (status != BIASCOPE_OK) return status;
  const bs_trajectory trajectory = {.reference = r->solved,
                                    .steps = run->figure->series[j->series].steps,
                                    .per_decade = records_per_decade(run->figure),
                                    .record = add_point};
  bs_trajectory_run one = {.trainer = trainer, .prediction = prediction, .state = &(recording){run, j, r}};
  status = bs_trajectories_follow(&trajectory, &one, 1, error);
  biascope_trainer_free(trainer);
  return status == BIASCOPE_OK && one.diverged ? BIASCOPE_NOT_CONVERGED : status;
}

static biascope_status run_job(runner *run, job *j, biascope_error *error) {
  const reference *r = &run->references[run->figure->series[j->series].data];
  const biascope_prediction *prediction;
  biascope_status status = bs_reference_limit(r->solved, &j->training, &prediction, error);
  if (status == BIASCOPE_OK && prediction) status = add_prediction(run, j, r, prediction, error);
  return status == BIASCOPE_OK ? simulate(run, j, r, prediction, error) : status;
}

/* False: the figure must stop. */
static bool tell(const runner *run) {
  const biascope_monitor *monitor = &run->options->monitor;
  const biascope_progress progress = {.what = "runs",
                                      .done = run->done,
                                      .total = run->job_count,
                                      .fraction = (double)run->done / (double)run->job_count,
                                      .seconds = bs_clock(CLOCK_MONOTONIC) - run->start,
                                      .note = run->figure->name};
  return !monitor->tell || monitor->tell(monitor->state, &progress);
}

static void work(void *state, size_t part) {
  runner *run = state;
  pthread_mutex_lock(&run->lock);
  const bool wanted = run->status == BIASCOPE_OK;
  pthread_mutex_unlock(&run->lock);
  if (!wanted) return;
  biascope_error error;
  const biascope_status status = run_job(run, &run->jobs[part], &error);
  pthread_mutex_lock(&run->lock);
  if (status != BIASCOPE_OK && run->status == BIASCOPE_OK) {
    run->status = status;
    run->error = error;
  }
  run->done++;
  if (run->status == BIASCOPE_OK && !tell(run))
    run->status = bs_fail(&run->error, BIASCOPE_CANCELLED, "%s was stopped", run->figure->name);
  pthread_mutex_unlock(&run->lock);
}

static biascope_status run_jobs(runner *run, biascope_error *error) {
  bs_team *team;
  const biascope_status status = bs_team_create(&team, run->options->threads, error);
  if (status != BIASCOPE_OK) return status;
  bs_team_run(team, run->job_count, work, run);
  bs_team_free(team);
  if (run->status != BIASCOPE_OK && error) *error = run->error;
  return run->status;
}

/* The options of the series at one value of the axis; false if the data have no such batch size. */
static bool put_axis_value(bs_figure_axis axis, double value, size_t samples, biascope_options *training) {
  switch (axis) {
  case BS_AXIS_BETA1:
    training->beta1 = value;
    return true;
  case BS_AXIS_BETA2:
    training->beta2 = value;
    return true;
  case BS_AXIS_NOISE:
    training->noise = value;
    return true;
  case BS_AXIS_BATCH_SIZE:
    training->batch_size = (size_t)value;
    return (size_t)value <= samples;
  default:
    return true;
  }
}

/* One job for each series and value of the axis, with space for its points. If jobs is NULL, it only counts. */
static size_t plan(runner *run, job *jobs) {
  const bs_figure *figure = run->figure;
  size_t count = 0;
  run->point_count = 0;
  for (size_t s = 0; s < figure->series_count; s++) {
    const size_t samples = biascope_dataset_samples(run->references[figure->series[s].data].data);
    for (const double *value = figure->axis_values; *value >= 0; value++) {
      job j = {.series = s, .first = run->point_count, .training = figure->series[s].training};
      j.training.seed = run->options->seed;
      if (!put_axis_value(figure->axis, *value, samples, &j.training)) continue;
      if (jobs) jobs[count] = j;
      run->point_count += 2 + bs_record_count(figure->series[s].steps, records_per_decade(figure));
      count++;
    }
  }
  return count;
}

/* The points in the order of the CSV: by series, the prediction first, so that the rows of each curve are together. */
static size_t collect(const runner *run, bs_figure_point *out) {
  size_t used = 0;
  for (size_t s = 0; s < run->figure->series_count; s++) {
    for (int simulated = 0; simulated < 2; simulated++) {
      for (size_t i = 0; i < run->job_count; i++) {
        const job *j = &run->jobs[i];
        for (size_t k = 0; k < j->used && j->series == s; k++) {
          if (run->points[j->first + k].predicted != simulated) out[used++] = run->points[j->first + k];
        }
      }
    }
  }
  return used;
}

static biascope_status prepare(runner *run, biascope_error *error) {
  for (size_t s = 0; s < run->figure->series_count; s++) {
    const bs_figure_data kind = run->figure->series[s].data;
    if (run->references[kind].data) continue;
    const biascope_status status = reference_solve(kind, run->options, &run->references[kind], error);
    if (status != BIASCOPE_OK) return status;
  }
  run->job_count = plan(run, NULL);
  run->jobs = BS_NEW(job, run->job_count);
  run->points = BS_NEW(bs_figure_point, run->point_count);
  if (!run->jobs || !run->points) return bs_fail_memory(error, "a figure's runs");
  plan(run, run->jobs);
  return BIASCOPE_OK;
}

biascope_status bs_figure_run(const bs_figure *figure, const bs_figure_options *options, bs_figure_points *out,
                              biascope_error *error) {
  runner run = {
      .figure = figure, .options = options, .start = bs_clock(CLOCK_MONOTONIC), .lock = PTHREAD_MUTEX_INITIALIZER};
  *out = (bs_figure_points){0};
  biascope_status status = prepare(&run, error);
  if (status == BIASCOPE_OK) status = run_jobs(&run, error);
  if (status == BIASCOPE_OK) {
    out->points = BS_NEW(bs_figure_point, run.point_count);
    if (out->points)
      out->count = collect(&run, out->points);
    else
      status = bs_fail_memory(error, "a figure's points");
  }
  for (int i = 0; i < BS_FIGURE_DATASETS; i++) reference_free(&run.references[i]);
  free(run.points);
  free(run.jobs);
  return status;
}

void bs_figure_points_free(bs_figure_points *points) {
  free(points->points);
  *points = (bs_figure_points){0};
}
