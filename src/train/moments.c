#include "train/moments.h"

#include "base/memory.h"
#include "base/vector.h"
#include "train/fast.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A gradient this many powers of two above or below its coordinate's exponent still squares within range. */
enum { REACH = 200 };
#define BS_TINY_ROOT 0x1p-150
/* The exponent of an entry of the data, held where powers of it and of a weight's stay in range together. */
enum { LEAST_SIZE = -900, MOST_SIZE = 1000 };

static int size_of(double x) {
  const int exponent = ilogb(x);
  return exponent < LEAST_SIZE ? LEAST_SIZE : exponent > MOST_SIZE ? MOST_SIZE : exponent;
}

/* Sizes of the samples, and which features are there to be seen: a zero column never waits for its first gradient. */
static void survey(bs_moments *moments, const biascope_dataset *data) {
  int largest = LEAST_SIZE;
  for (size_t i = 0; i < data->samples; i++) {
    const bs_row row = bs_row_of(data, i);
    int low = MOST_SIZE, high = LEAST_SIZE;
    for (size_t at = 0; at < row.count; at++) {
      const double x = row.value[at];
      if (x == 0.0) continue;
      moments->unseen[bs_row_column(&row, at)] = true;
      if (size_of(x) < low) low = size_of(x);
      if (size_of(x) > high) high = size_of(x);
    }
    moments->size[i] = high;
    if (high - low > moments->spread) moments->spread = high - low;
    if (high > largest) largest = high;
  }
  for (size_t k = 0; k < data->features; k++) moments->exponent[k] = largest;
}

/* The arrays of `outputs` outputs, in the first. */
static biascope_status create(bs_moments *moments, const biascope_options *options, size_t samples, size_t features,
                              size_t outputs, biascope_error *error) {
  const size_t padded = bs_padded(features);
  const bs_optimizer_rule *rule = bs_optimizer_rule_of(options->optimizer);
  const bs_epoch_rule averages = bs_averages_of(options);
  *moments =
      (bs_moments){.rule = rule,
                   .step = bs_fast_step_of(options, features),
                   .decay = bs_coupled_decay(options),
                   .outputs = outputs,
                   .features = features,
                   .padded = padded,
                   .beta1 = averages.beta1,
                   .beta2 = averages.beta2,
                   .forget = bs_epoch_past(&averages) == 0.0 && averages.beta2 == 0.0 && rule->second != BS_SECOND_SUM,
                   .eps = bs_rule_option_of(rule, BS_OPTION_EPS) ? options->eps : 0.0,
                   .common = true};
  moments->forget = moments->forget && moments->decay == 0.0;
  moments->coupled = moments->decay > 0.0 || bs_direction_couples(rule->direction) ||
                     (options->noise > 0.0 && options->noise_shape == BIASCOPE_NOISE_ISOTROPIC);
  double **arrays[] = {&moments->w, &moments->m, &moments->v, &moments->g, &moments->unit};
  size_t entries = 0;
  bool complete = !__builtin_mul_overflow(outputs, padded, &entries);
  for (size_t i = 0; complete && i < sizeof arrays / sizeof arrays[0]; i++) {
    *arrays[i] = BS_NEW(double, entries);
    complete = *arrays[i] != NULL;
  }
  size_t scratch = 0;
  if (rule->memory) rule->memory(options, outputs, features, &moments->factor_count, &scratch);
  moments->matrix = (bs_matrix_state){.options = options, .rows = outputs, .columns = features};
  if (complete && rule->memory) {
    moments->matrix.factors = BS_NEW(double, moments->factor_count);
    moments->matrix.scratch = BS_NEW(double, scratch);
    complete = moments->matrix.factors && moments->matrix.scratch;
  }
  if (complete) {
    moments->exponent = BS_NEW(int64_t, outputs * features);
    moments->unseen = BS_NEW(bool, outputs *features);
    moments->size = BS_NEW(int, samples);
  }
  if (complete && moments->exponent && moments->unseen && moments->size) return BIASCOPE_OK;
  bs_moments_free(moments);
  return bs_fail_memory(error, "the optimizer's state");
}

biascope_status bs_moments_create_blank(bs_moments *moments, const biascope_options *options, size_t samples,
                                        size_t features, biascope_error *error) {
  return create(moments, options, samples, features, 1, error);
}

/* Another output's, in its slices of the first one's arrays. */
static void slice(const bs_moments *first, size_t output, bs_moments *moments) {
  const size_t offset = output * first->padded;
  *moments = *first;
  moments->w += offset;
  moments->m += offset;
  moments->v += offset;
  moments->g += offset;
  moments->unit += offset;
  moments->exponent += output * first->features;
  moments->unseen += output * first->features;
  memcpy(moments->exponent, first->exponent, first->features * sizeof *first->exponent);
  memcpy(moments->unseen, first->unseen, first->features * sizeof *first->unseen);
}

biascope_status bs_moments_create(bs_moments *moments, const biascope_dataset *data, const biascope_options *options,
                                  biascope_error *error) {
  const size_t outputs = bs_outputs(data);
  const biascope_status status = create(moments, options, data->samples, data->features, outputs, error);
  if (status != BIASCOPE_OK) return status;
  survey(moments, data);
  for (size_t j = 1; j < outputs; j++) slice(moments, j, &moments[j]);
  for (size_t j = 0; j < outputs; j++) bs_moments_refresh(&moments[j]);
  return BIASCOPE_OK;
}

void bs_moments_free(bs_moments *moments) {
  free(moments->w);
  free(moments->m);
  free(moments->v);
  free(moments->g);
  free(moments->unit);
  free(moments->matrix.factors);
  free(moments->matrix.scratch);
  free(moments->exponent);
  free(moments->unseen);
  free(moments->size);
  memset(moments, 0, sizeof *moments);
}

INLINE double unit_of(bool grows, double eps, int64_t exponent) {
  if (grows) return bs_power_of_two(exponent);
  return eps > 0.0 ? fmin(eps * bs_power_of_two(-exponent), 0x1p1000) : 0.0;
}

static void find_most(bs_moments *moments) {
  const bool plain = moments->common && !moments->forget && !moments->coupled && moments->unseen_count == 0;
  moments->most = plain ? moments->lowest + REACH : INT64_MIN;
}

void bs_moments_refresh(bs_moments *moments) {
  const bool grows = bs_direction_grows(moments->rule->direction);
  const double eps = moments->eps;
  int64_t lowest = moments->exponent[0];
  size_t unseen = 0;
  for (size_t k = 0; k < moments->features; k++) {
    const int64_t exponent = moments->exponent[k];
    moments->unit[k] = unit_of(grows, eps, exponent);
    if (exponent < lowest) lowest = exponent;
    unseen += moments->unseen[k];
  }
  moments->lowest = lowest;
  moments->unseen_count = unseen;
  find_most(moments);
}

/* Gives coordinate k a new exponent; its true moments stay as they are, to the last bit that fits. */
static void move(bs_moments *moments, size_t k, int64_t exponent) {
  const int64_t by = moments->exponent[k] - exponent;
  const int clamped = by < -4000 ? -4000 : by > 4000 ? 4000 : (int)by;
  if (moments->m[k] != 0.0) moments->m[k] = ldexp(moments->m[k], clamped);
  if (moments->v[k] != 0.0) moments->v[k] = ldexp(moments->v[k], 2 * clamped);
  moments->exponent[k] = exponent;
}

static void move_all(bs_moments *moments, int64_t exponent) {
  for (size_t k = 0; k < moments->features; k++) move(moments, k, exponent);
}

/* What decides a coordinate's exponent: the root of v where there is one, else m. */
static double content(const bs_moments *moments, size_t k) {
  const bs_second_moment second = moments->rule->second;
  const bool kept = second != BS_NO_SECOND_MOMENT && second != BS_SECOND_PER_SAMPLE && second != BS_SECOND_FACTORS;
  return kept ? sqrt(moments->v[k]) : fabs(moments->m[k]);
}

static void forget_all(bs_moments *moments, int64_t exponent) {
  memset(moments->m, 0, moments->padded * sizeof *moments->m);
  memset(moments->v, 0, moments->padded * sizeof *moments->v);
  for (size_t k = 0; k < moments->features; k++) moments->exponent[k] = exponent;
}

/* Lets coordinate k represent a gradient of this exponent; returns whether that took a new one. */
static bool lift(bs_moments *moments, size_t k, int64_t exponent) {
  const int64_t before = moments->exponent[k];
  if (exponent > before + REACH)
    move(moments, k, exponent);
  else if (moments->unseen[k] && exponent < before - REACH)
    moments->exponent[k] = exponent;
  moments->unseen_count -= moments->unseen[k];
  moments->unseen[k] = false;
  return moments->exponent[k] != before;
}

/* `moved`: whether exponents have been moved since `common` and the units were last brought up to date. */
static void lift_each(bs_moments *moments, const biascope_dataset *data, const bs_weighted_batch *batch, bool moved) {
  for (size_t b = 0; b < batch->count; b++) {
    const bs_row row = bs_row_of(data, batch->sample[b]);
    for (size_t at = 0; at < row.count && batch->weight[b].mantissa != 0.0; at++) {
      const double x = row.value[at];
      if (x != 0.0) moved |= lift(moments, bs_row_column(&row, at), batch->weight[b].exponent + size_of(x));
    }
  }
  for (size_t k = 0; batch->known && k < moments->features; k++)
    if (batch->known->value[k] != 0.0) moved |= lift(moments, k, batch->known->exponent[k]);
  if (!moved) {
    find_most(moments);
    return;
  }
  moments->common = true;
  for (size_t k = 1; k < moments->features; k++)
    moments->common = moments->common && moments->exponent[k] == moments->exponent[0];
  bs_moments_refresh(moments);
}

/* Exponents of the largest and least parts that the gradient is a sum of; high < low for a gradient of zero. */
typedef struct {
  int64_t high, low;
} span;

static __attribute__((noinline)) void include_decay(const bs_moments *moments, span *s) {
  double largest = 0.0;
  for (size_t k = 0; k < moments->features; k++) largest = fmax(largest, fabs(moments->w[k]));
  largest *= moments->decay;
  if (!(largest > 0.0)) return;
  const int64_t exponent = ilogb(largest);
  if (exponent > s->high) s->high = exponent;
  if (exponent < s->low) s->low = exponent;
}

INLINE span span_of(const bs_moments *moments, const bs_weighted_batch *batch) {
  span s = {INT64_MIN, INT64_MAX};
  for (size_t b = 0; b < batch->count; b++) {
    const int64_t exponent = batch->weight[b].exponent + moments->size[batch->sample[b]];
    if (batch->weight[b].mantissa == 0.0) continue;
    if (exponent > s.high) s.high = exponent;
    if (exponent - moments->spread < s.low) s.low = exponent - moments->spread;
  }
  if (batch->known && batch->known->high > s.high) s.high = batch->known->high;
  if (batch->known && batch->known->low < s.low) s.low = batch->known->low;
  if (moments->decay > 0.0) include_decay(moments, &s);
  return s;
}

/* Of what the coordinates are measured together with: all outputs, or one. */
static span joint_span(const bs_moments *moments, const bs_weighted_batch *batch) {
  span joint = {INT64_MIN, INT64_MAX};
  for (size_t j = 0; j < moments->outputs; j++) {
    const bs_weighted_batch own = bs_batch_of_output(batch, j);
    const span s = span_of(&moments[j], &own);
    if (s.high > joint.high) joint.high = s.high;
    if (s.low < joint.low) joint.low = s.low;
  }
  return joint;
}

void bs_moments_add_decay(bs_moments *moments) {
  for (size_t j = 0; j < moments->outputs; j++)
    for (size_t k = 0; k < moments->features; k++)
      moments[j].g[k] += bs_times_power_of_two(moments->decay * moments[j].w[k], -moments->exponent[0]);
}

void bs_moments_add_known(bs_moments *moments, const bs_weighted_batch *batch) {
  for (size_t j = 0; j < moments->outputs; j++) {
    const bs_known_gradient *known = &batch->known[j];
    for (size_t k = 0; k < moments->features; k++)
      moments[j].g[k] += bs_times_power_of_two(known->value[k], known->exponent[k] - moments[j].exponent[k]);
  }
}

bool bs_moments_forget(const bs_moments *moments) {
  return moments->forget;
}

static bool too_wide(const bs_moments *moments, span s) {
  return !moments->coupled && s.high - s.low > REACH;
}

static bool fits(const bs_moments *moments, span s) {
  if (s.high < s.low) return true;
  if (bs_moments_forget(moments)) return moments->common && moments->exponent[0] == s.high && !too_wide(moments, s);
  if (moments->coupled) return s.high <= moments->exponent[0] + REACH;
  return moments->unseen_count == 0 && s.high <= moments->lowest + REACH;
}

bool bs_moments_fit(const bs_moments *moments, const bs_weighted_batch *batch) {
  return fits(moments, span_of(moments, batch));
}

/* One output's. */
INLINE void prepare(bs_moments *moments, const biascope_dataset *data, const bs_weighted_batch *batch, span s) {
  if (fits(moments, s)) return;
  const bool forget = bs_moments_forget(moments);
  if (forget && too_wide(moments, s)) {
    forget_all(moments, s.low - 2L * REACH);
    lift_each(moments, data, batch, true);
  } else if (forget) {
    forget_all(moments, s.high);
    moments->common = true;
    bs_moments_refresh(moments);
  } else if (moments->coupled || (moments->common && moments->unseen_count == 0)) {
    move_all(moments, s.high);
    bs_moments_refresh(moments);
  } else {
    lift_each(moments, data, batch, false);
  }
}

/* What the rule keeps of its own, which had been in the units of `before`, in those of now. */
static void move_factors(bs_moments *moments, int64_t before) {
  const int64_t by = before - moments->exponent[0];
  if (by == 0) return;
  const int clamped = by < -4000 ? -4000 : by > 4000 ? 4000 : (int)by;
  for (size_t k = 0; k < moments->factor_count; k++)
    moments->matrix.factors[k] = ldexp(moments->matrix.factors[k], 2 * clamped);
}

static void prepare_outputs(bs_moments *moments, const biascope_dataset *data, const bs_weighted_batch *batch) {
  const span all = joint_span(moments, batch);
  for (size_t j = 0; j < moments->outputs; j++) {
    const bs_weighted_batch own = bs_batch_of_output(batch, j);
    prepare(&moments[j], data, &own, moments->coupled ? all : span_of(&moments[j], &own));
  }
}

void bs_moments_prepare(bs_moments *moments, const biascope_dataset *data, const bs_weighted_batch *batch) {
  const int64_t before = moments->exponent[0];
  if (moments->outputs == 1)
    prepare(moments, data, batch, span_of(moments, batch));
  else
    prepare_outputs(moments, data, batch);
  if (moments->matrix.factors) move_factors(moments, before);
}

bool bs_moments_scale(const bs_moments *moments, size_t sample, bs_weight weight, double *scale) {
  const int64_t power = weight.exponent - moments->exponent[0];
  *scale = 0.0;
  if (weight.mantissa == 0.0) return true;
  if (!moments->common) return false;
  if (power + moments->size[sample] < BS_LEAST_POWER) return true; /* nothing beside the others */
  *scale = -weight.mantissa * bs_power_of_two(power);
  return power >= BS_LEAST_POWER && power <= -BS_LEAST_POWER;
}

static double largest_content(const bs_moments *moments) {
  double largest = 0.0;
  if (moments->rule->second == BS_SECOND_FACTORS)
    return sqrt(bs_max_abs(moments->factor_count, moments->matrix.factors));
  for (size_t k = 0; k < moments->features; k++) largest = fmax(largest, content(moments, k));
  return largest;
}

/* One output, whose largest content, or that of all outputs where they are measured together, is given. */
static void renormalise(bs_moments *moments, double largest) {
  if (moments->common && largest > 0.0 && largest < BS_TINY_ROOT) {
    move_all(moments, moments->exponent[0] + ilogb(largest));
  } else if (!moments->coupled) {
    for (size_t k = 0; k < moments->features; k++) {
      const double value = content(moments, k);
      if (!(value > 0.0 && value < BS_TINY_ROOT)) continue;
      move(moments, k, moments->exponent[k] + ilogb(value));
      moments->common = moments->common && moments->features == 1;
    }
  }
  bs_moments_refresh(moments);
}

void bs_moments_renormalise(bs_moments *moments) {
  const int64_t before = moments->exponent[0];
  double largest = 0.0;
  for (size_t j = 0; j < moments->outputs && moments->coupled; j++)
    largest = fmax(largest, largest_content(&moments[j]));
  for (size_t j = 0; j < moments->outputs; j++)
    renormalise(&moments[j], moments->coupled ? largest : largest_content(&moments[j]));
  if (moments->matrix.factors) move_factors(moments, before);
}

double bs_moments_gradient_norm(const bs_moments *moments) {
  const double first = bs_norm2(moments->features, moments->g);
  if (moments->outputs == 1) return first;
  double squared = 0.0;
  for (size_t j = 0; j < moments->outputs; j++) {
    const double norm = bs_norm2(moments->features, moments[j].g);
    squared += norm * norm;
  }
  return sqrt(squared);
}

static const double LOG_2 = 0x1.62e42fefa39efp-1;

double bs_moments_log_sum(const bs_moments *moments) {
  double largest = -INFINITY, sum = 0.0;
  for (size_t j = 0; j < moments->outputs; j++) {
    for (size_t k = 0; k < moments->features; k++) {
      if (moments[j].m[k] == 0.0) continue;
      const double entry = log(fabs(moments[j].m[k])) + (double)moments[j].exponent[k] * LOG_2;
      sum = entry > largest ? sum * exp(largest - entry) + 1.0 : sum + exp(entry - largest);
      largest = fmax(largest, entry);
    }
  }
  return largest + log(sum);
}

double bs_moments_log_largest_root(const bs_moments *moments) {
  double largest = -INFINITY;
  for (size_t j = 0; j < moments->outputs; j++)
    for (size_t k = 0; k < moments->features; k++)
      if (moments[j].v[k] > 0.0)
        largest = fmax(largest, 0.5 * log(moments[j].v[k]) + (double)moments[j].exponent[k] * LOG_2);
  return largest;
}
