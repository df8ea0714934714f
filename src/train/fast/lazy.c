#include "train/fast/lazy.h"

#include "base/memory.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A touched coordinate costs as much as this many that the ordinary step walks over. */
enum { COST = 48 };
enum { LEAST_CAPACITY = 256 };
/* Coordinates asked of memory before their turn. */
enum { AHEAD = 16 };
/* Moments below this power of two are none. */
static const int64_t LEAST_EXPONENT = -(INT64_C(1) << 61);

/* Most nonzeros in a batch; 0 where its memory would be out of proportion to the data's. */
static size_t most_nonzeros(const biascope_dataset *data, const biascope_options *options) {
  const size_t all = data->row_start[data->samples];
  size_t longest = 0, most;
  for (size_t i = 0; i < data->samples; i++) {
    const size_t length = data->row_start[i + 1] - data->row_start[i];
    longest = length > longest ? length : longest;
  }
  if (!__builtin_mul_overflow(longest, bs_batch_size(options, data->samples), &most) && most <= all) return most;
  return options->order == BIASCOPE_REPLACEMENT ? 0 : all;
}

static bool is_worth_it(const biascope_dataset *data, const biascope_options *options) {
  if (data->dense || !bs_catch_up_known(options) || most_nonzeros(data, options) == 0) return false;
  const double share = (double)bs_batch_size(options, data->samples) / (double)data->samples;
  return share * (double)data->row_start[data->samples] * COST < (double)data->features;
}

static biascope_status allocate(bs_lazy *lazy, const biascope_dataset *data, const biascope_options *options,
                                biascope_error *error) {
  const size_t nonzeros = most_nonzeros(data, options), size = bs_batch_size(options, data->samples);
  size_t capacity = nonzeros < LEAST_CAPACITY ? LEAST_CAPACITY : nonzeros;
  capacity = capacity < data->features ? capacity : data->features;
  lazy->features = data->features;
  lazy->capacity = capacity;
  lazy->at = BS_NEW(bs_coordinate, data->features);
  lazy->powers1 = BS_NEW(bs_powers, 1);
  lazy->powers2 = BS_NEW(bs_powers, 1);
  lazy->touched = BS_NEW(uint32_t, capacity);
  lazy->direction = BS_NEW(double, bs_padded(capacity));
  lazy->sample = BS_NEW(uint32_t, size);
  lazy->batch.row_start = BS_NEW(size_t, size + 1);
  lazy->batch.column = BS_NEW(uint32_t, nonzeros);
  lazy->batch.value = BS_NEW(double, nonzeros);
  if (!lazy->at || !lazy->powers1 || !lazy->powers2 || !lazy->touched || !lazy->direction || !lazy->sample ||
      !lazy->batch.row_start || !lazy->batch.column || !lazy->batch.value)
    return bs_fail_memory(error, "the coordinates");
  for (size_t b = 0; b < size; b++) lazy->sample[b] = (uint32_t)b;
  const biascope_status status = bs_catch_up_create(&lazy->catch_up, options, error);
  return status == BIASCOPE_OK ? bs_moments_create_blank(&lazy->moments, options, size, capacity, error) : status;
}

biascope_status bs_lazy_create(bs_lazy **out, const biascope_dataset *data, const biascope_options *options,
                               const bs_moments *whole, biascope_error *error) {
  *out = NULL;
  if (!is_worth_it(data, options)) return BIASCOPE_OK;
  bs_lazy *lazy = BS_NEW(bs_lazy, 1);
  const biascope_status status = lazy ? allocate(lazy, data, options, error) : bs_fail_memory(error, "the coordinates");
  if (status != BIASCOPE_OK) {
    bs_lazy_free(lazy);
    return status;
  }
  lazy->moments.spread = whole->spread;
  bs_powers_fill(lazy->powers1, (bs_double_double){whole->beta1, 0.0});
  bs_powers_fill(lazy->powers2, (bs_double_double){whole->beta2, 0.0});
  const bs_double_double mark = bs_catch_up_mark(&lazy->catch_up, 0);
  for (size_t k = 0; k < lazy->features; k++)
    lazy->at[k] = (bs_coordinate){.exponent = whole->exponent[k], .mark = mark, .unseen = whole->unseen[k]};
  *out = lazy;
  return BIASCOPE_OK;
}

void bs_lazy_free(bs_lazy *lazy) {
  if (!lazy) return;
  bs_catch_up_free(&lazy->catch_up);
  bs_moments_free(&lazy->moments);
  free(lazy->at);
  free(lazy->powers1);
  free(lazy->powers2);
  free(lazy->touched);
  free(lazy->direction);
  free(lazy->sample);
  free(lazy->batch.row_start);
  free(lazy->batch.column);
  free(lazy->batch.value);
  free(lazy);
}

/* ---- Catching up ------------------------------------------------------------------------------------ */

/* Into the next slot, as it was left. */
static uint32_t load(bs_lazy *lazy, size_t k) {
  bs_moments *m = &lazy->moments;
  const bs_coordinate *c = &lazy->at[k];
  const size_t slot = m->features++;
  lazy->touched[slot] = (uint32_t)k;
  m->w[slot] = c->w;
  m->m[slot] = c->m;
  m->v[slot] = c->v;
  m->exponent[slot] = c->exponent;
  m->unseen[slot] = c->unseen;
  return (uint32_t)slot;
}

/* After the last one: the rest of its vector is zero. */
static void end_loading(bs_lazy *lazy) {
  bs_moments *m = &lazy->moments;
  m->common = false;
  m->padded = bs_padded(m->features);
  for (size_t k = m->features; k < m->padded; k++) m->w[k] = m->m[k] = m->v[k] = m->g[k] = m->unit[k] = 0.0;
  bs_moments_refresh(m);
}

/* As many as there is room for. */
static void load_from(bs_lazy *lazy, size_t first) {
  bs_moments *m = &lazy->moments;
  m->features = 0;
  while (m->features < lazy->capacity && first + m->features < lazy->features) load(lazy, first + m->features);
  end_loading(lazy);
}

/* The rule's own direction for the moments as they are: a step of length -1 from zero that changes no moment. */
static void find_directions(bs_lazy *lazy) {
  static const bs_rate STILL = {.beta1 = 1.0, .beta2 = 1.0, .shrink = 1.0, .past = 1.0, .eta = -1.0};
  bs_moments *m = &lazy->moments;
  memset(lazy->direction, 0, m->padded * sizeof *lazy->direction);
  memset(m->g, 0, m->padded * sizeof *m->g);
  m->step(&(bs_update){.padded = m->padded,
                       .count = m->features,
                       .row = m->g,
                       .m = m->m,
                       .v = m->v,
                       .w = lazy->direction,
                       .eps = m->unit,
                       .rate = &STILL},
          1.0);
}

/* n steps without a gradient: m b1^n and v b2^n, powers of two going into the exponent. */
INLINE void fade(bs_lazy *lazy, size_t slot, uint64_t n) {
  bs_moments *m = &lazy->moments;
  const bs_power power1 = bs_power_at(lazy->powers1, n);
  int64_t shift = 0;
  if (m->rule->second == BS_NO_SECOND_MOMENT) shift = power1.exponent;
  if (m->rule->second == BS_SECOND_AVERAGE) {
    const bs_power power2 = bs_power_at(lazy->powers2, n);
    shift = power2.exponent / 2;
    m->v[slot] *= power2.mantissa.high * bs_power_of_two(power2.exponent - 2 * shift);
  }
  m->m[slot] = bs_times_power_of_two(m->m[slot] * power1.mantissa.high, power1.exponent - shift);
  m->exponent[slot] += shift;
  if (m->exponent[slot] >= LEAST_EXPONENT) return;
  m->m[slot] = m->v[slot] = 0.0;
  m->exponent[slot] = LEAST_EXPONENT;
}

FASTEST_VOID(static, catch_up_each, (bs_lazy * lazy, uint64_t step, bs_double_double mark), (lazy, step, mark)) {
  bs_moments *m = &lazy->moments;
  for (size_t slot = 0; slot < m->features; slot++) {
    const bs_coordinate *c = &lazy->at[lazy->touched[slot]];
    if (c->step == step) continue;
    if (lazy->catch_up.kind != BS_STAYS && lazy->direction[slot] != 0.0)
      m->w[slot] -= lazy->direction[slot] * bs_catch_up_between(&lazy->catch_up, c->mark, mark, step - c->step);
    fade(lazy, slot, step - c->step);
  }
}

static void catch_up(bs_lazy *lazy, uint64_t step) {
  if (lazy->catch_up.kind != BS_STAYS) find_directions(lazy);
  catch_up_each(lazy, step, bs_catch_up_mark(&lazy->catch_up, step));
  bs_moments_refresh(&lazy->moments);
}

/* ---- A step ----------------------------------------------------------------------------------------- */

static inline void fetch(const bs_lazy *lazy, size_t k) {
  __builtin_prefetch(&lazy->at[k], 1);
}

void bs_lazy_open(bs_lazy *lazy, const biascope_dataset *data, const bs_moments *whole, uint64_t step,
                  const uint32_t *batch, size_t count) {
  bs_moments *m = &lazy->moments;
  size_t position = 0;
  m->features = 0;
  for (size_t b = 0; b < count; b++) {
    const size_t end = data->row_start[batch[b] + 1];
    m->size[b] = whole->size[batch[b]];
    for (size_t i = data->row_start[batch[b]]; i < end && i < data->row_start[batch[b]] + AHEAD; i++)
      fetch(lazy, data->column[i]);
    for (size_t i = data->row_start[batch[b]]; i < end; i++, position++) {
      const uint32_t k = data->column[i];
      if (i + AHEAD < end) fetch(lazy, data->column[i + AHEAD]);
      bs_coordinate *c = &lazy->at[k];
      if (c->slot >= m->features || lazy->touched[c->slot] != k) c->slot = load(lazy, k);
      lazy->batch.column[position] = c->slot;
      lazy->batch.value[position] = data->value[i];
    }
    lazy->batch.row_start[b + 1] = position;
  }
  lazy->batch.samples = count;
  lazy->batch.features = m->features;
  end_loading(lazy);
  catch_up(lazy, step);
}

/* Bounds what the loaded weights can reach before they are touched again; NaN reaches everything. */
static void extend_reach(bs_lazy *lazy) {
  const bs_moments *m = &lazy->moments;
  const bs_catch_up_kind kind = lazy->catch_up.kind;
  if (kind == BS_FADES) find_directions(lazy);
  for (size_t slot = 0; slot < m->features; slot++) {
    const double mark = lazy->at[lazy->touched[slot]].mark.high;
    double bound = fabs(m->w[slot]);
    if (kind == BS_FADES) bound += fabs(lazy->direction[slot]) * mark;
    if (kind == BS_PERSISTS) bound -= mark;
    if (!(bound <= lazy->reach)) lazy->reach = isnan(bound) ? INFINITY : bound;
  }
}

void bs_lazy_close(bs_lazy *lazy, uint64_t step) {
  const bs_moments *m = &lazy->moments;
  const bs_double_double mark = bs_catch_up_mark(&lazy->catch_up, step);
  for (size_t slot = 0; slot < m->features; slot++) {
    bs_coordinate *c = &lazy->at[lazy->touched[slot]];
    c->w = m->w[slot];
    c->m = m->m[slot];
    c->v = m->v[slot];
    c->exponent = m->exponent[slot];
    c->unseen = m->unseen[slot];
    c->step = step;
    c->mark = mark;
  }
  extend_reach(lazy);
}

/* ---- The whole state -------------------------------------------------------------------------------- */

void bs_lazy_show(bs_lazy *lazy, const bs_moments *whole, uint64_t step) {
  bs_moments *m = &lazy->moments;
  if (lazy->shown == step) return;
  for (size_t first = 0; first < lazy->features; first += m->features) {
    load_from(lazy, first);
    catch_up(lazy, step);
    memcpy(whole->w + first, m->w, m->features * sizeof *m->w);
    memcpy(whole->m + first, m->m, m->features * sizeof *m->m);
    memcpy(whole->v + first, m->v, m->features * sizeof *m->v);
    memcpy(whole->exponent + first, m->exponent, m->features * sizeof *m->exponent);
    memcpy(whole->unseen + first, m->unseen, m->features * sizeof *m->unseen);
  }
  lazy->shown = step;
}

void bs_lazy_store(bs_lazy *lazy, const bs_moments *left) {
  for (size_t k = 0; k < lazy->features; k++) {
    const bs_coordinate *c = &lazy->at[k];
    left->w[k] = c->w;
    left->m[k] = c->m;
    left->v[k] = c->v;
    left->exponent[k] = c->exponent;
    left->unseen[k] = c->unseen;
  }
  lazy->shown = UINT64_MAX;
}

void bs_lazy_resume(bs_lazy *lazy, const bs_moments *left, uint64_t step, const uint64_t *steps,
                    const bs_double_double *marks, bs_double_double mark) {
  for (size_t k = 0; k < lazy->features; k++) {
    bs_coordinate *c = &lazy->at[k];
    c->w = left->w[k];
    c->m = left->m[k];
    c->v = left->v[k];
    c->exponent = left->exponent[k];
    c->unseen = left->unseen[k];
    c->step = steps[k];
    c->mark = marks[k];
  }
  bs_catch_up_resume(&lazy->catch_up, step, mark);
  lazy->shown = UINT64_MAX;
  lazy->reach = 0.0;
  for (size_t first = 0; first < lazy->features; first += lazy->moments.features) {
    load_from(lazy, first);
    extend_reach(lazy);
  }
}

double bs_lazy_reach(bs_lazy *lazy, uint64_t step) {
  return lazy->catch_up.kind == BS_PERSISTS ? lazy->reach + bs_catch_up_mark(&lazy->catch_up, step).high : lazy->reach;
}
