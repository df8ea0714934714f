#include "margin/rows.h"

size_t bs_rows_of_each(const biascope_dataset *data) {
  return data->unfolded ? data->classes - 1 : 1;
}

size_t bs_margin_rows(const biascope_dataset *data) {
  return data->samples * bs_rows_of_each(data);
}

size_t bs_margin_weights(const biascope_dataset *data) {
  return data->features * bs_outputs(data);
}

bs_shape bs_margin_shape(const biascope_dataset *data) {
  return (bs_shape){bs_outputs(data), data->features};
}

bs_margin_row bs_margin_row_of(const biascope_dataset *data, size_t row) {
  const bool several = data->unfolded;
  const bs_pair pair = several ? bs_pair_of(row, data->classes, data->class) : (bs_pair){row, 0, 0};
  const bs_row stored = bs_row_of(data, pair.sample);
  return (bs_margin_row){.count = stored.count,
                         .value = stored.value,
                         .column = stored.column,
                         .parts = several ? 2 : 1,
                         .first = {pair.own * data->features, pair.other * data->features}};
}

void bs_margin_row_axpy(const biascope_dataset *data, size_t row, double scale, double *y) {
  const bs_margin_row entries = bs_margin_row_of(data, row);
  for (size_t part = 0; part < entries.parts; part++)
    for (size_t at = 0; at < entries.count; at++)
      y[bs_margin_column(&entries, part, at)] += scale * bs_margin_value(&entries, part, at);
}

double bs_margin_row_dot(const biascope_dataset *data, size_t row, const double *w) {
  if (!data->unfolded) return bs_row_dot(data, row, w);
  const bs_pair pair = bs_pair_of(row, data->classes, data->class);
  return bs_row_dot(data, pair.sample, w + pair.own * data->features) -
         bs_row_dot(data, pair.sample, w + pair.other * data->features);
}
